// One event with what became of it at each webhook.
import { getRouteApi } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Id, Json } from "../../components/Copy";
import { Card, Page } from "../../components/Page";
import { Empty, Loaded } from "../../components/states";
import { Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { useAsked } from "../../components/useAction";
import { useLive } from "../../lib/live";
import { t } from "../../texts";
import { columns } from "../webhooks/Deliveries";
import { useWebhookNames } from "../webhooks/data";

const route = getRouteApi("/app/events/$id");

export function EventPage() {
  const { id } = route.useParams();
  const event = useLive(["event", id], () => read(api.GET("/events/{id}", { params: { path: { id } } })));
  const names = useWebhookNames();
  const can = useCan();
  const texts = t.webhooks.event;
  return (
    <Page
      title={event.data?.type ?? id}
      trail={[{ text: texts.list, link: { to: "/events" } }]}
      note={
        event.data && (
          <>
            <Id id={id} />
            <Time at={event.data.timestamp} />
          </>
        )
      }
      actions={event.data && can("webhooks:write") && <Replay event={event.data} />}
    >
      <Loaded query={event}>
        {(data) => (
          <>
            <Card title={texts.deliveries} flush>
              {(data.deliveries ?? []).length === 0 ? (
                <Empty icon="send" title={t.deliveries.empty} />
              ) : (
                <Table
                  label={texts.deliveries}
                  columns={columns(names)}
                  rows={data.deliveries ?? []}
                  keyOf={(one) => one.id}
                />
              )}
            </Card>
            <Card title={texts.data}>
              <Json value={data.data} label={texts.data} />
            </Card>
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Replay({ event: { id, type } }: { event: Schemas["Event"] }) {
  const texts = t.webhooks.event;
  const [ask, isReplaying] = useAsked(
    () => read(api.POST("/events/{id}/replay", { params: { path: { id } } })),
    { title: texts.replayTitle(type), text: texts.replayText, action: texts.replay, danger: false },
    { done: ({ deliveries }) => texts.sent(deliveries), changes: [["event", id]] },
  );
  return (
    <Button icon="retry" busy={isReplaying} onClick={ask}>
      {texts.replay}
    </Button>
  );
}
