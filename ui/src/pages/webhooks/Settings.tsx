// Changes a webhook.
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Json } from "../../components/Copy";
import { Form } from "../../components/Form";
import { Card } from "../../components/Page";
import { Loaded } from "../../components/states";
import { useAction } from "../../components/useAction";
import { changed, mergePatch } from "../../lib/changed";
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
          <Change newest={data} />
        ) : (
          <Json value={data} label={t.webhooks.tabs.settings} />
        )
      }
    </Loaded>
  );
}

/** What the fields say otherwise than was shown, as a merge patch; of a filter the members that differ. */
export function patchOf(shown: Webhook, input: Schemas["WebhookInput"]): Schemas["WebhookPatch"] {
  const { preset, delays_ms } = shown.retry;
  const before = { ...shown, retry: preset == null ? { delays_ms } : { preset } };
  const { headers, filter, ...patch } = changed(before, input);
  return {
    ...patch,
    ...(headers !== undefined && { headers: headersPatch(shown.headers, headers ?? {}) }),
    ...(filter !== undefined && { filter: mergePatch(shown.filter, filter) as typeof filter }),
  };
}

type Headers = Record<string, string>;

/** Headers that are gone must be named as such; their names are the same in capitals. */
function headersPatch(before: Headers, after: Headers): Record<string, string | null> {
  const kept = new Set(Object.keys(after).map((name) => name.toLowerCase()));
  const gone = Object.keys(before).filter((name) => !kept.has(name.toLowerCase()));
  const set = Object.entries(after).filter(([name, value]) => value !== before[name]);
  return Object.fromEntries([...set, ...gone.map((name) => [name, null] as const)]);
}

/** Shows the webhook as it was when it appeared; what somebody else sets meanwhile does not move under the typing. */
function Change({ newest }: { newest: Webhook }) {
  const [webhook, setWebhook] = useState(newest);
  const { id, updated_at } = webhook;
  const save = useAction(
    (body: Schemas["WebhookPatch"]) => read(api.PATCH("/webhooks/{id}", { params: { path: { id } }, body })),
    { done: t.kit.saved, changes: [["webhook", id], ["webhooks"]], next: setWebhook, inForm: true },
  );
  return (
    <Card>
      <Form
        key={updated_at}
        submit={t.kit.save}
        onSend={(fields) => save.mutateAsync(patchOf(webhook, inputOf(fields)))}
      >
        <WebhookFields webhook={webhook} />
      </Form>
    </Card>
  );
}
