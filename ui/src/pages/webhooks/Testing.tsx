// Sends a test now and shows what came back.
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Card } from "../../components/Page";
import { State } from "../../components/State";
import { useAction } from "../../components/useAction";
import { t } from "../../texts";
import { AttemptView } from "../deliveries/Attempt";

const route = getRouteApi("/app/webhooks/$id/testing");

export function WebhookTesting() {
  const { id } = route.useParams();
  const [result, setResult] = useState<Schemas["WebhookTest"]>();
  const texts = t.webhooks.testing;
  const send = useAction(() => read(api.POST("/webhooks/{id}/test", { params: { path: { id } } })), {
    next: setResult,
    changes: [
      ["deliveries", id],
      ["webhook-stats", id],
    ],
  });
  return (
    <>
      <Card
        title={texts.title}
        note={texts.text}
        actions={
          <Button icon="send" look="primary" busy={send.isPending} onClick={() => send.mutate()}>
            {texts.send}
          </Button>
        }
      >
        <p className="small">
          <Link to="/inspector">{texts.inspector}</Link>
        </p>
      </Card>
      {result && (
        <Card
          title={texts.result}
          note={<State state={result.state} />}
          actions={
            <Link to="/deliveries/$id" params={{ id: result.delivery_id }}>
              {texts.open}
            </Link>
          }
        >
          <AttemptView attempt={result} />
        </Card>
      )}
    </>
  );
}
