// What the person is told, behind a bell with the number of what is new.
import { useRouter } from "@tanstack/react-router";
import { api, read } from "../api/client";
import { useMe } from "../api/session";
import { Icon } from "../components/Icon";
import { Menu, MenuItem, MenuLine } from "../components/Menu";
import { type Notification, pageOf, useMarks, wordsOf } from "../components/notifications";
import { Time } from "../components/Time";
import { basePath } from "../lib/base";
import { useLive } from "../lib/live";
import { t } from "../texts";

const COUNT_MAX = 99;
const SHOWN_MAX = 8;
const EVERY_MS = 30_000;

export function Bell() {
  const texts = t.shell.notices;
  const router = useRouter();
  const { mark, markAll } = useMarks();
  const { mfa_setup_required, password_change_required } = useMe();
  const { data } = useLive(
    ["notifications", "newest"],
    () => read(api.GET("/notifications", { params: { query: { limit: SHOWN_MAX } } })),
    // Until then the session may do nothing else.
    { every: EVERY_MS, enabled: !mfa_setup_required && !password_change_required },
  );
  const { data: rows, unread } = data ?? { data: [], unread: 0 };
  const label = unread === 0 ? texts.label : texts.unread(unread);
  const go = (path: string) => router.history.push(basePath.slice(0, -1) + path);
  const open = (row: Notification) => {
    if (!row.is_read) void mark(row.id);
    go(pageOf(row));
  };
  const trigger = (
    <button type="button" className="bell" aria-label={label} title={label}>
      <Icon name="notifications" />
      {unread > 0 && (
        <span className="bell-count" aria-hidden="true">
          {unread > COUNT_MAX ? `${COUNT_MAX}+` : unread}
        </span>
      )}
    </button>
  );
  return (
    <Menu trigger={trigger}>
      {rows.length === 0 && <p className="menu-none">{texts.none}</p>}
      {rows.map((row) => (
        <MenuItem key={row.id} icon={row.is_read ? "check" : "notifications"} onSelect={() => open(row)}>
          <span className={row.is_read ? "notice-text" : "notice-text notice-new"} dir="auto">
            {wordsOf(row)}
            <small>
              {!row.is_read && <>{texts.fresh} · </>}
              <Time at={row.created_at} />
            </small>
          </span>
        </MenuItem>
      ))}
      <MenuLine />
      {unread > 0 && (
        <MenuItem icon="check" onSelect={() => void markAll(rows[0]?.id)}>
          {texts.readAll}
        </MenuItem>
      )}
      <MenuItem icon="right" onSelect={() => go("/notifications")}>
        {texts.all}
      </MenuItem>
    </Menu>
  );
}
