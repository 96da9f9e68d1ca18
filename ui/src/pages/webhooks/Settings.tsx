// Changes a webhook.
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
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
          <Change newest={data} />
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

/** What the form changes of a webhook. */
function formed({ url, description, events, headers, retry, timeout_ms, rate_limit, ...rest }: Webhook) {
  const { ordered, ed25519, filter } = rest;
  const entries = [
    url,
    description,
    events,
    headers,
    retry,
    timeout_ms,
    rate_limit,
    ordered,
    ed25519,
    filter,
  ];
  return JSON.stringify(entries);
}

/** Keeps what is typed when somebody else changes the webhook, and says so. */
function Change({ newest }: { newest: Webhook }) {
  const [webhook, setWebhook] = useState(newest);
  const { id, updated_at } = webhook;
  const save = useAction(
    (body: Schemas["WebhookPatch"]) => read(api.PATCH("/webhooks/{id}", { params: { path: { id } }, body })),
    { done: t.kit.saved, changes: [["webhook", id], ["webhooks"]], next: setWebhook, inForm: true },
  );
  return (
    <Card>
      {newest.updated_at > updated_at && formed(newest) !== formed(webhook) && (
        <p className="notice notice-warn" role="status">
          {t.webhooks.form.changedMeanwhile}{" "}
          <Button small onClick={() => setWebhook(newest)}>
            {t.webhooks.form.showChanged}
          </Button>
        </p>
      )}
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
