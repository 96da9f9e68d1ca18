// One attempt: its phases as a bar, request and answer side by side.
import type { Schemas } from "../../api/client";
import { Code, CopyButton } from "../../components/Copy";
import { parseExact } from "../../lib/exact";
import { duration } from "../../lib/time";
import { t } from "../../texts";
import { asCurl } from "./curl";

type Attempt = Schemas["Attempt"];

function pretty(text: string): string {
  try {
    return JSON.stringify(parseExact(text), null, 2);
  } catch {
    return text;
  }
}

interface Props {
  attempt: Attempt;
  /** What was sent, letter by letter: a signature is of nothing else. */
  sent?: string;
}

export function AttemptView({ attempt, sent = "" }: Props) {
  const texts = t.deliveries;
  const { request, response } = attempt;
  return (
    <div className="attempt">
      <Phases phases={attempt.phases} />
      {attempt.reason !== null && attempt.reason !== "" && <p className="field-error">{attempt.reason}</p>}
      <div className="halves">
        <section className="stack">
          <div className="card-head">
            <h3>{texts.request}</h3>
            <CopyButton text={asCurl(request.url, request.headers, sent)} label={texts.curl} small />
          </div>
          <p className="endpoint small">POST {request.url}</p>
          {attempt.address !== null && (
            <p className="quiet small">
              {texts.address} {attempt.address}
            </p>
          )}
          <Headers headers={request.headers} />
        </section>
        <section className="stack">
          <h3>
            {texts.response} {attempt.status ?? ""}
          </h3>
          {response === null ? (
            <p className="quiet">{texts.noResponse}</p>
          ) : (
            <>
              <Headers headers={response.headers} />
              {response.body !== "" && <Code text={pretty(response.body)} label={texts.response} />}
              {response.is_truncated && <p className="quiet small">{texts.truncated}</p>}
            </>
          )}
        </section>
      </div>
    </div>
  );
}

function Headers({ headers }: { headers: Record<string, string> }) {
  return (
    <dl className="headers">
      {Object.entries(headers).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Phases({ phases }: { phases: Attempt["phases"] }) {
  const parts = [
    phases.dns_ms,
    phases.connect_ms,
    phases.tls_ms,
    phases.write_ms,
    phases.wait_ms,
    phases.read_ms,
  ];
  const total = duration(phases.total_ms);
  // Shares that add up to less than one would leave a part of the bar empty.
  const sum = parts.reduce((before, ms) => before + ms, 0);
  return (
    <div className="stack">
      <div className="phases" role="img" aria-label={t.deliveries.phasesLabel(total)}>
        {parts.map(
          (ms, index) =>
            ms > 0 && (
              // biome-ignore lint/suspicious/noArrayIndexKey: a phase is its place
              <span key={index} className={`phase-${index}`} style={{ flexGrow: (100 * ms) / sum }} />
            ),
        )}
      </div>
      <p className="phase-keys">
        {parts.map((ms, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a phase is its place
          <span key={index}>
            <i className={`phase-${index}`} />
            {t.deliveries.phases[index]} {duration(ms)}
          </span>
        ))}
        <strong>
          {total} {t.deliveries.total}
        </strong>
        {phases.is_reused && <span>{t.deliveries.reused}</span>}
      </p>
    </div>
  );
}
