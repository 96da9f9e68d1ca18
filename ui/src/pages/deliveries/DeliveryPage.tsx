// One delivery: where it stands, its body, every attempt.
import { getRouteApi, Link } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Id, Json } from "../../components/Copy";
import { Countdown } from "../../components/Countdown";
import { Card, Page } from "../../components/Page";
import { State } from "../../components/State";
import { Empty, Loaded } from "../../components/states";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAction, useAsked } from "../../components/useAction";
import { memberText, parseExact } from "../../lib/exact";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { AttemptView } from "./Attempt";

type Delivery = Schemas["DeliveryDetail"] & {
  /** The body as it is sent. */
  sent?: string;
};
const route = getRouteApi("/app/deliveries/$id");

async function readDelivery(id: string): Promise<Delivery> {
  const answer = await read(api.GET("/deliveries/{id}", { params: { path: { id } }, parseAs: "text" }));
  const delivery = parseExact(answer) as Delivery;
  return { ...delivery, sent: delivery.body == null ? undefined : memberText(answer, "body") };
}

export function DeliveryPage() {
  const { id } = route.useParams();
  const delivery = useLive(["delivery", id], () => readDelivery(id));
  const can = useCan();
  const data = delivery.data;
  return (
    <Page
      title={data ? t.deliveries.title(data.event_type) : id}
      trail={[{ text: t.webhooks.title, link: { to: "/webhooks" } }]}
      note={
        data && (
          <>
            <State state={data.state} />
            <Id id={id} />
          </>
        )
      }
      actions={data && can("webhooks:write") && <Actions delivery={data} />}
    >
      <Loaded query={delivery}>{(found) => <Content delivery={found} />}</Loaded>
    </Page>
  );
}

function Content({ delivery }: { delivery: Delivery }) {
  const texts = t.deliveries;
  const attempts = [...(delivery.attempts ?? [])].reverse();
  return (
    <>
      <Card title={t.jobs.one.facts}>
        <DeliveryFacts delivery={delivery} />
      </Card>
      {attempts.length === 0 && (
        <Card>
          <Empty icon="clock" title={texts.noAttempts} />
        </Card>
      )}
      {attempts.map((attempt) => (
        <Card
          key={attempt.id}
          title={texts.attempt(attempt.number)}
          note={<Time at={attempt.started_at} />}
          actions={<State state={attempt.succeeded ? "succeeded" : "failed"} />}
        >
          <AttemptView attempt={attempt} sent={delivery.sent} />
        </Card>
      ))}
      {delivery.body != null && (
        <Card title={texts.body}>
          <Json value={delivery.body} label={texts.body} />
        </Card>
      )}
    </>
  );
}

function DeliveryFacts({ delivery }: { delivery: Delivery }) {
  const texts = t.deliveries;
  const { webhook_id, event_id, job_id } = delivery;
  return (
    <Facts
      facts={[
        [
          texts.event,
          <Link key="event" to="/events/$id" params={{ id: event_id }}>
            <code>{event_id}</code>
          </Link>,
        ],
        [
          texts.webhook,
          webhook_id === null ? (
            "–"
          ) : (
            <Link key="webhook" to="/webhooks/$id" params={{ id: webhook_id }}>
              <code>{webhook_id}</code>
            </Link>
          ),
        ],
        [
          texts.job,
          job_id === null ? (
            "–"
          ) : (
            <Link key="job" to="/jobs/$id" params={{ id: job_id }}>
              <code>{job_id}</code>
            </Link>
          ),
        ],
        [texts.trigger, texts.triggers[delivery.trigger] ?? delivery.trigger],
        [texts.attempts, delivery.attempt_count],
        [t.jobs.one.created, <Time key="created" at={delivery.created_at} />],
        delivery.next_attempt_at === null
          ? [texts.finished, <Time key="finished" at={delivery.finished_at} />]
          : [texts.next, <Countdown key="next" to={delivery.next_attempt_at} />],
      ]}
    />
  );
}

function Actions({ delivery: { id, state, event_type } }: { delivery: Delivery }) {
  const texts = t.deliveries;
  const params = { path: { id } };
  const changes = [["delivery", id], ["deliveries"]];
  const retry = useAction(() => read(api.POST("/deliveries/{id}/retry", { params })), {
    done: texts.retried,
    changes,
  });
  const [askCancel, isCancelling] = useAsked(
    () => read(api.POST("/deliveries/{id}/cancel", { params })),
    { title: texts.cancelTitle(event_type), text: texts.cancelText, action: texts.cancelIt },
    { done: texts.cancelled, changes },
  );
  return (
    <>
      <Button icon="retry" look="primary" busy={retry.isPending} onClick={() => retry.mutate()}>
        {texts.retry}
      </Button>
      {state === "pending" && (
        <Button icon="close" look="danger" busy={isCancelling} onClick={askCancel}>
          {texts.cancel}
        </Button>
      )}
    </>
  );
}
