// Makes a webhook and shows its secret once.

import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Form } from "../../components/Form";
import { Card, Page } from "../../components/Page";
import { t } from "../../texts";
import type { Webhook } from "./data";
import { inputOf, WebhookFields } from "./Fields";

export function NewWebhook() {
  const [made, setMade] = useState<Webhook>();
  const navigate = useNavigate();
  const cache = useQueryClient();
  const texts = t.webhooks;
  // A receiver of the inspector is handed over behind the #, so that its token stays out of logs.
  const [url] = useState(() => decodeURIComponent(window.location.hash.slice(1)));
  const trail = [{ text: texts.title, link: { to: "/webhooks" } as const }];
  if (made !== undefined) {
    return (
      <Page title={texts.form.created} trail={trail}>
        <Card>
          <div className="secret-once">
            <p>{texts.form.secretOnce}</p>
            <Code text={made.secret ?? ""} label={texts.secret.title} />
          </div>
          <div className="form-foot">
            <Button
              look="primary"
              onClick={() => void navigate({ to: "/webhooks/$id", params: { id: made.id } })}
            >
              {texts.form.goOn}
            </Button>
          </div>
        </Card>
      </Page>
    );
  }
  return (
    <Page title={texts.create} trail={trail}>
      <Card>
        <Form
          submit={texts.create}
          onCancel={() => void navigate({ to: "/webhooks" })}
          onSend={async (fields) => {
            setMade(await read(api.POST("/webhooks", { body: inputOf(fields) })));
            await cache.invalidateQueries({ queryKey: ["webhooks"] });
          }}
        >
          <WebhookFields url={url} />
        </Form>
      </Card>
    </Page>
  );
}
