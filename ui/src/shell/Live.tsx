// What makes every page live: the stream is followed while somebody is signed in, with a switch to pause.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { openStream } from "../api/client";
import { useCan } from "../api/session";
import { Icon } from "../components/Icon";
import { Menu, MenuItem, MenuLine } from "../components/Menu";
import { Time } from "../components/Time";
import { togglePaused, useLiveness, usePaused } from "../lib/live";
import { forgetNotices, markRead, takeNotice, useNotices } from "../lib/notices";
import { refreshByStream } from "../lib/stale";
import { type Change, follow } from "../lib/stream";
import { t } from "../texts";

/** Follows the stream where the person may, until paused. */
export function useFollowing(): void {
  const isAllowed = useCan()("changes:read");
  const isPaused = usePaused();
  const queries = useQueryClient();
  useEffect(() => {
    if (!isAllowed || isPaused) return;
    const stops = [refreshByStream(queries), takeNotice(), follow(openStream)];
    return () => {
      for (const stop of stops) stop();
    };
  }, [isAllowed, isPaused, queries]);
}

export function LiveSwitch() {
  const liveness = useLiveness();
  const isPaused = liveness === "paused";
  return (
    <button
      type="button"
      className={`live live-${liveness}`}
      title={isPaused ? t.shell.goOn : `${t.shell.liveness[liveness]} ${t.shell.pause}`}
      aria-pressed={isPaused}
      onClick={togglePaused}
    >
      {liveness === "lost" ? t.shell.reconnecting : isPaused ? t.shell.paused : t.shell.live}
    </button>
  );
}

const COUNT_MAX = 99;

/** The failures since the page was opened, behind a bell with their number. */
export function Bell() {
  const { rows, unread } = useNotices();
  const navigate = useNavigate();
  const label = unread === 0 ? t.shell.notices.label : t.shell.notices.unread(unread);
  const trigger = (
    <button type="button" className="bell" aria-label={label} title={label}>
      <Icon name="bell" />
      {unread > 0 && (
        <span className="bell-count" aria-hidden="true">
          {unread > COUNT_MAX ? `${COUNT_MAX}+` : unread}
        </span>
      )}
    </button>
  );
  const open = ({ object, id }: Change) => {
    if (object === "job") void navigate({ to: "/jobs/$id", params: { id } });
    else void navigate({ to: "/deliveries/$id", params: { id } });
  };
  return (
    <Menu trigger={trigger} onOpen={markRead}>
      {rows.length === 0 && <p className="menu-none">{t.shell.notices.none}</p>}
      {rows.map((row) => (
        <MenuItem key={row.id} icon={row.object === "job" ? "jobs" : "webhooks"} onSelect={() => open(row)}>
          <span className="notice-text">
            {row.object === "job" ? t.shell.notices.job(row.kind ?? "") : t.shell.notices.delivery}
            <small>
              <Time at={row.at} />
            </small>
          </span>
        </MenuItem>
      ))}
      {rows.length > 0 && (
        <>
          <MenuLine />
          <MenuItem icon="check" onSelect={forgetNotices}>
            {t.shell.notices.clear}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
