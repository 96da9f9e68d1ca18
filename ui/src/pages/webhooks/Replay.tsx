// Sends a span of time again: first counts how much that would be, then follows how it goes.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Dialog } from "../../components/Dialog";
import { type Fields, Form, SelectField, TextField } from "../../components/Form";
import { count } from "../../lib/numbers";
import { fromLocalInput, toLocalInput } from "../../lib/time";
import { t } from "../../texts";

const DAY_MS = 86_400_000;
const FOLLOW_MS = 1_000;
/** As many as a page of the API holds; of more, the newest are followed. */
const FOLLOWED_MAX = 250;

type Input = Schemas["ReplayInput"];
interface Plan {
  input: Input;
  matched: number;
  isExact: boolean;
}
interface Begun {
  at: string;
  matched: number;
}

function inputOf(fields: Fields): Input {
  const types = fields.list("event_types");
  return {
    since: fromLocalInput(fields.text("since")) ?? "",
    until: fromLocalInput(fields.text("until")),
    states: fields.text("states") === "failed" ? ["failed"] : ["succeeded", "failed", "cancelled"],
    event_types: types.length === 0 ? undefined : types,
  };
}

export function ReplayDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const [plan, setPlan] = useState<Plan>();
  const [begun, setBegun] = useState<Begun>();
  const cache = useQueryClient();
  const replay = (body: Input) => read(api.POST("/webhooks/{id}/replay", { params: { path: { id } }, body }));
  const begin = async ({ input }: Plan) => {
    const began = performance.now();
    const call = api.POST("/webhooks/{id}/replay", { params: { path: { id } }, body: input });
    const { matched } = await read(call);
    const { response } = await call;
    setBegun({ at: begunAt(response, performance.now() - began), matched });
    await cache.invalidateQueries({ queryKey: ["deliveries", id] });
  };
  return (
    <Dialog title={t.webhooks.replay.title} onClose={onClose}>
      {begun !== undefined && <Progress id={id} begun={begun} onClose={onClose} />}
      {begun === undefined && plan !== undefined && (
        <Confirm plan={plan} onBack={() => setPlan(undefined)} onBegin={() => begin(plan)} />
      )}
      {begun === undefined && plan === undefined && (
        <Ask
          onClose={onClose}
          onCount={async (input) => {
            const { matched, is_complete } = await replay({ ...input, dry_run: true });
            setPlan({ input, matched, isExact: is_complete });
          }}
        />
      )}
    </Dialog>
  );
}

/** When the server began with what took it so long, by its own clock: that of the browser may go wrong. */
export function begunAt(response: Response, tookMs: number): string {
  const ended = Date.parse(response.headers.get("Date") ?? "");
  return new Date((Number.isNaN(ended) ? Date.now() : ended) - tookMs).toISOString();
}

function Ask({ onClose, onCount }: { onClose: () => void; onCount: (input: Input) => Promise<void> }) {
  const [since] = useState(() => toLocalInput(new Date(Date.now() - DAY_MS)));
  const texts = t.webhooks.replay;
  return (
    <>
      <p className="quiet dialog-text">{texts.text}</p>
      <Form submit={texts.check} onCancel={onClose} onSend={(fields) => onCount(inputOf(fields))}>
        <div className="fields-2">
          <TextField label={texts.since} name="since" type="datetime-local" required defaultValue={since} />
          <TextField label={texts.until} name="until" type="datetime-local" optional />
        </div>
        <SelectField
          label={texts.states}
          name="states"
          choices={[
            ["failed", texts.failed],
            ["all", texts.all],
          ]}
        />
        <TextField label={texts.types} name="event_types" optional hint={texts.typesHint} />
      </Form>
    </>
  );
}

interface ConfirmProps {
  plan: Plan;
  onBack: () => void;
  onBegin: () => Promise<void>;
}

function Confirm({ plan: { matched, isExact }, onBack, onBegin }: ConfirmProps) {
  const texts = t.webhooks.replay;
  if (matched === 0) {
    return (
      <div className="stack">
        <p>
          <strong>{texts.none}</strong>
        </p>
        <div className="dialog-foot">
          <Button onClick={onBack}>{texts.change}</Button>
        </div>
      </div>
    );
  }
  return (
    <Form submit={texts.submit(matched)} onCancel={onBack} onSend={onBegin}>
      <p>
        <strong>{texts.matched(matched)}</strong>
        {!isExact && ` ${texts.more}`}
      </p>
    </Form>
  );
}

/** The deliveries that came of it so far, and how many have ended. */
function Progress({ id, begun, onClose }: { id: string; begun: Begun; onClose: () => void }) {
  const { at, matched } = begun;
  const most = Math.min(matched, FOLLOWED_MAX);
  const query = { since: at, limit: FOLLOWED_MAX };
  const { data } = useQuery({
    queryKey: ["deliveries", id, "replay", at],
    queryFn: () => read(api.GET("/webhooks/{id}/logs", { params: { path: { id }, query: query as never } })),
    refetchInterval: ({ state }) => (endedOf(state.data) >= most ? false : FOLLOW_MS),
  });
  const ended = endedOf(data);
  const texts = t.webhooks.replay;
  return (
    <div className="stack">
      <progress aria-label={texts.title} max={most} value={Math.min(ended, most)} />
      <p role="status">{texts.progress(count(Math.min(ended, most)), count(most))}</p>
      {matched > most && <p className="quiet small">{texts.followed(count(most), count(matched))}</p>}
      <p className="small">
        <Link to="/webhooks/$id/deliveries" params={{ id }} onClick={onClose}>
          {texts.toLog}
        </Link>
      </p>
      <div className="dialog-foot">
        <Button look={ended >= most ? "primary" : "plain"} onClick={onClose}>
          {t.kit.close}
        </Button>
      </div>
    </div>
  );
}

function endedOf(page: Schemas["Page_Delivery"] | undefined): number {
  const replayed = page?.data.filter(({ trigger }) => trigger === "replay") ?? [];
  return replayed.filter(({ state }) => state !== "pending").length;
}
