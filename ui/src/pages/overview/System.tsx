// How the server itself fares, by its parts, and how much room is left on its disk.
import { api, read } from "../../api/client";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { useLive } from "../../lib/live";
import { bytes } from "../../lib/numbers";
import { duration } from "../../lib/time";
import { t } from "../../texts";

const EVERY_MS = 15_000;
interface Part {
  status: string;
  reason?: string;
  free_bytes?: number;
  total_bytes?: number;
}

export function System() {
  const health = useLive(["health"], () => read(api.GET("/health")), { every: EVERY_MS });
  const texts = t.overview;
  return (
    <Loaded query={health}>
      {({ checks, uptime_seconds, version }) => (
        <>
          <ul className="parts">
            {Object.entries(checks as Record<string, Part>).map(([name, part]) => (
              <li key={name}>
                <span>{texts.parts[name] ?? name}</span>
                <span className="quiet small">{part.reason ?? roomOf(part)}</span>
                <State state={part.status} label={texts.health[part.status]} />
              </li>
            ))}
          </ul>
          <p className="parts-foot quiet small">
            NovaPulse {version}, {texts.uptime(duration(Math.max(1, uptime_seconds) * 1_000))}
          </p>
        </>
      )}
    </Loaded>
  );
}

function roomOf({ free_bytes: free, total_bytes: total }: Part): string {
  return free === undefined || total === undefined ? "" : t.overview.room(bytes(free), bytes(total));
}
