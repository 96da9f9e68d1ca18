// The signing secret, its rotation, and how a receiver checks a signature.
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Code, CopyButton } from "../../components/Copy";
import { Countdown } from "../../components/Countdown";
import { Dialog } from "../../components/Dialog";
import { Form, SelectField } from "../../components/Form";
import { Card } from "../../components/Page";
import { toast } from "../../components/toasts";
import { useAction } from "../../components/useAction";
import { t } from "../../texts";
import { useWebhook } from "./data";
import { SNIPPETS } from "./snippets";

const route = getRouteApi("/app/webhooks/$id/secret");

export function WebhookSecret() {
  const { id } = route.useParams();
  const [secret, setSecret] = useState<Schemas["WebhookSecret"]>();
  const [isRotating, setRotating] = useState(false);
  const texts = t.webhooks.secret;
  const reveal = useAction(() => read(api.GET("/webhooks/{id}/secret", { params: { path: { id } } })), {
    next: setSecret,
  });
  return (
    <>
      <Card
        title={texts.title}
        note={texts.text}
        actions={
          <>
            <Button busy={reveal.isPending} onClick={() => (secret ? setSecret(undefined) : reveal.mutate())}>
              {secret ? texts.hide : texts.reveal}
            </Button>
            <Button icon="retry" onClick={() => setRotating(true)}>
              {texts.rotate}
            </Button>
          </>
        }
      >
        {secret ? <Shown secret={secret} /> : <p className="mono quiet">whsec_••••••••••••••••••••••••</p>}
      </Card>
      <Verify />
      {isRotating && <Rotation id={id} onClose={() => setRotating(false)} onDone={setSecret} />}
    </>
  );
}

function Shown({ secret }: { secret: Schemas["WebhookSecret"] }) {
  const texts = t.webhooks.secret;
  return (
    <div className="stack">
      <Code text={secret.secret} label={texts.title} />
      {secret.public_key !== null && (
        <>
          <h3>{texts.publicKey}</h3>
          <Code text={secret.public_key} label={texts.publicKey} />
        </>
      )}
      {secret.previous !== null && (
        <p className="row">
          <strong>{texts.previous}</strong>
          <code>{secret.previous.secret}</code>
          <CopyButton text={secret.previous.secret} what={texts.previous} small />
          <span className="quiet">
            {texts.previousUntil} <Countdown to={secret.previous.expires_at} />
          </span>
        </p>
      )}
    </div>
  );
}

interface RotationProps {
  id: string;
  onClose: () => void;
  onDone: (secret: Schemas["WebhookSecret"]) => void;
}

function Rotation({ id, onClose, onDone }: RotationProps) {
  const texts = t.webhooks.secret;
  const { data: webhook } = useWebhook(id);
  return (
    <Dialog title={texts.rotateTitle(webhook?.description || webhook?.url || id)} onClose={onClose}>
      <p className="quiet">{texts.rotateText}</p>
      <Form
        submit={texts.rotate}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = { grace_seconds: Number(fields.text("grace")) };
          onDone(await read(api.POST("/webhooks/{id}/rotate-secret", { params: { path: { id } }, body })));
          toast(texts.rotated);
          onClose();
        }}
      >
        <SelectField
          label={texts.grace}
          name="grace"
          defaultValue="86400"
          choices={Object.entries(texts.graces)}
        />
      </Form>
    </Dialog>
  );
}

function Verify() {
  const [language, setLanguage] = useState(SNIPPETS[0]?.language);
  const chosen = SNIPPETS.find((snippet) => snippet.language === language);
  const texts = t.webhooks.secret;
  return (
    <Card title={texts.verify} note={texts.verifyText}>
      <div className="languages">
        {SNIPPETS.map((snippet) => (
          <button
            key={snippet.language}
            type="button"
            className="button button-quiet button-small"
            aria-pressed={snippet.language === language}
            onClick={() => setLanguage(snippet.language)}
          >
            {snippet.language}
          </button>
        ))}
      </div>
      {chosen && <Code text={chosen.code} label={`${texts.verify}: ${chosen.language}`} />}
    </Card>
  );
}
