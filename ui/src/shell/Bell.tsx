// What the person is told, behind a bell with the number of what is new.
import { Icon } from "../components/Icon";
import { Menu, MenuItem, MenuLine, MenuLink } from "../components/Menu";
import { pageOf, useMarks, useNewest, wordsOf } from "../components/notifications";
import { Time } from "../components/Time";
import { t } from "../texts";

const COUNT_MAX = 99;

export function Bell() {
  const texts = t.shell.notices;
  const { mark, markAll } = useMarks();
  const { data: rows, unread } = useNewest();
  const label = unread === 0 ? texts.label : texts.unread(unread);
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
        <MenuLink
          key={row.id}
          icon={row.is_read ? "check" : "notifications"}
          path={pageOf(row)}
          onOpen={() => !row.is_read && void mark(row.id)}
        >
          <span className={row.is_read ? "notice-text" : "notice-text notice-new"} dir="auto">
            {wordsOf(row)}
            <small>
              {!row.is_read && <>{texts.fresh} · </>}
              <Time at={row.created_at} />
            </small>
          </span>
        </MenuLink>
      ))}
      <MenuLine />
      {unread > 0 && (
        <MenuItem icon="check" onSelect={() => void markAll(rows[0]?.id)}>
          {texts.readAll}
        </MenuItem>
      )}
      <MenuLink icon="right" path="/notifications">
        {texts.all}
      </MenuLink>
    </Menu>
  );
}
