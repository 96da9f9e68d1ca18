// Changes a webhook.
import { getRouteApi } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Json } from "../../components/Copy";
import { Form } from "../../components/Form";
import { Card } from "../../components/Page";
import { Loaded } from "../../components/states";
import { useAction } from "../../components/useAction";
import { t } from "../../texts";
import { useWebhook, type Webhook } from "./data";
import { inputOf, WebhookFields } from "./Fields";

const route = getRouteApi("/app/webhooks/$id/settings");

export function WebhookSettings() {
  const { id } = route.useParams();
  const webhook = useWebhook(id);
  const can = useCan();
  return (
    <Loaded query={webhook}>
      {(data) =>
        can("webhooks:write") ? (
          <Change key={data.updated_at} webhook={data} />
        ) : (
          <Json value={data} label={t.webhooks.tabs.settings} />
        )
      }
    </Loaded>
  );
}

/** Headers that are gone must be named as such in a merge patch. */
export function patchOf(before: Webhook, input: Schemas["WebhookInput"]): Schemas["WebhookPatch"] {
  const gone = Object.keys(before.headers).filter((name) => !(name in (input.headers ?? {})));
  return { ...input, headers: { ...input.headers, ...Object.fromEntries(gone.map((name) => [name, null])) } };
}

function Change({ webhook }: { webhook: Webhook }) {
  const { id } = webhook;
  const save = useAction(
    (body: Schemas["WebhookPatch"]) => read(api.PATCH("/webhooks/{id}", { params: { path: { id } }, body })),
    { done: t.kit.saved, changes: [["webhook", id], ["webhooks"]] },
  );
  return (
    <Card>
      <Form submit={t.kit.save} onSend={(fields) => save.mutateAsync(patchOf(webhook, inputOf(fields)))}>
        <WebhookFields webhook={webhook} />
      </Form>
    </Card>
  );
}
