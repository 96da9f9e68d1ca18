// The second factor: setting it up, its recovery codes, turning it off.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, read, type Schemas } from "../../api/client";
import { Button } from "../../components/Button";
import { Code, CopyButton } from "../../components/Copy";
import { Dialog } from "../../components/Dialog";
import { Form, TextField } from "../../components/Form";
import { Card } from "../../components/Page";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { Time } from "../../components/Time";
import { toast } from "../../components/toasts";
import { useAction } from "../../components/useAction";
import { download } from "../../lib/download";
import { useLive } from "../../lib/live";
import { t } from "../../texts";

type Open =
  | { kind: "setUp"; setUp: Schemas["MfaSetup"] }
  | { kind: "disable" | "renew" }
  | { kind: "codes"; codes: string[] };

export function MfaCard() {
  const mfa = useLive(["mfa"], () => read(api.GET("/mfa")), { every: 0 });
  const [open, setOpen] = useState<Open>();
  const texts = t.account.security;
  const begin = useAction(() => read(api.POST("/mfa/setup")), {
    next: (setUp) => setOpen({ kind: "setUp", setUp }),
  });
  return (
    <Card title={texts.mfa} note={texts.mfaText}>
      <Loaded query={mfa} rows={1}>
        {({ enabled, enabled_at, recovery_codes_left }) => (
          <div className="row">
            <State state={enabled ? "enabled" : "disabled"} label={enabled ? texts.mfaOn : texts.mfaOff} />
            {enabled ? (
              <>
                <span className="quiet">
                  {texts.mfaSince} <Time at={enabled_at} /> · {texts.codesLeft(recovery_codes_left)}
                </span>
                <Button onClick={() => setOpen({ kind: "renew" })}>{texts.newCodes}</Button>
                <Button look="danger" onClick={() => setOpen({ kind: "disable" })}>
                  {texts.disable}
                </Button>
              </>
            ) : (
              <Button look="primary" icon="security" busy={begin.isPending} onClick={() => begin.mutate()}>
                {texts.setUp}
              </Button>
            )}
          </div>
        )}
      </Loaded>
      {open && <OpenDialog open={open} setOpen={setOpen} />}
    </Card>
  );
}

function OpenDialog({ open, setOpen }: { open: Open; setOpen: (open: Open | undefined) => void }) {
  const cache = useQueryClient();
  const close = () => setOpen(undefined);
  const showCodes = async (codes: string[]) => {
    setOpen({ kind: "codes", codes });
    await cache.invalidateQueries({ queryKey: ["mfa"] });
    await cache.invalidateQueries({ queryKey: ["me"] });
  };
  switch (open.kind) {
    case "setUp":
      return <SetUp setUp={open.setUp} onClose={close} onCodes={showCodes} />;
    case "renew":
      return <Renew onClose={close} onCodes={showCodes} />;
    case "disable":
      return <Disable onClose={close} />;
    case "codes":
      return <Codes codes={open.codes} onClose={close} />;
  }
}

interface CodesProps {
  onClose: () => void;
  onCodes: (codes: string[]) => Promise<void>;
}

function CodeField() {
  return (
    <TextField
      label={t.account.security.code}
      name="code"
      required
      inputMode="numeric"
      autoComplete="one-time-code"
      pattern="[0-9 ]{6,7}"
      className="mono"
    />
  );
}

function SetUp({ setUp, onClose, onCodes }: CodesProps & { setUp: Schemas["MfaSetup"] }) {
  const texts = t.account.security;
  return (
    <Dialog title={texts.mfa} onClose={onClose}>
      <div className="stack">
        <p>{texts.scan}</p>
        <img className="qr" src={setUp.qr_code} alt={texts.qr} />
        <Code text={setUp.secret} label={texts.key} />
        <Form
          submit={texts.confirm}
          onCancel={onClose}
          onSend={async (fields) => {
            const body = { code: fields.text("code").replaceAll(" ", "") };
            const { recovery_codes } = await read(api.POST("/mfa/verify", { body }));
            toast(texts.isOn);
            await onCodes(recovery_codes);
          }}
        >
          <CodeField />
        </Form>
      </div>
    </Dialog>
  );
}

function Renew({ onClose, onCodes }: CodesProps) {
  const texts = t.account.security;
  return (
    <Dialog title={texts.newCodes} onClose={onClose}>
      <p className="quiet">{texts.newCodesText}</p>
      <Form
        submit={texts.newCodes}
        onCancel={onClose}
        onSend={async (fields) => {
          const body = { code: fields.text("code").replaceAll(" ", "") };
          const { recovery_codes } = await read(api.POST("/mfa/recovery-codes", { body }));
          await onCodes(recovery_codes);
        }}
      >
        <CodeField />
      </Form>
    </Dialog>
  );
}

function Disable({ onClose }: { onClose: () => void }) {
  const texts = t.account.security;
  const cache = useQueryClient();
  return (
    <Dialog title={texts.disableTitle} onClose={onClose}>
      <p className="quiet">{texts.disableText}</p>
      <Form
        submit={texts.disable}
        danger
        onCancel={onClose}
        onSend={async (fields) => {
          const proof = fields.text("proof");
          const isCode = /^\d{6}$/.test(proof.replaceAll(" ", ""));
          const body = isCode ? { code: proof.replaceAll(" ", "") } : { password: proof };
          await read(api.POST("/mfa/disable", { body }));
          await cache.invalidateQueries({ queryKey: ["mfa"] });
          await cache.invalidateQueries({ queryKey: ["me"] });
          toast(texts.isOff);
          onClose();
        }}
      >
        <TextField
          label={texts.codeOrPassword}
          name="proof"
          type="password"
          required
          autoComplete="current-password"
        />
      </Form>
    </Dialog>
  );
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const texts = t.account.security;
  const text = codes.join("\n");
  return (
    <Dialog title={texts.codes} onClose={onClose}>
      <div className="stack">
        <p>{texts.codesText}</p>
        <ul className="codes">
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <div className="dialog-foot">
          <CopyButton text={text} label={t.kit.copy} />
          <Button
            icon="download"
            onClick={() => download("novapulse-recovery-codes.txt", [`${text}\n`], "text/plain")}
          >
            {texts.download}
          </Button>
          <Button onClick={() => window.print()}>{texts.print}</Button>
          <Button look="primary" onClick={onClose}>
            {texts.keptThem}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
