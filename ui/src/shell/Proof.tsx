// Asks for password and second factor again when operations want a fresh proof; they then go on. One proof serves all
// that wait for it.
import { useEffect, useState } from "react";
import { api, onProofWanted, read } from "../api/client";
import { Dialog } from "../components/Dialog";
import { Form, TextField } from "../components/Form";
import { t } from "../texts";

export function Proof() {
  const [close, setClose] = useState<(is: boolean) => void>();
  useEffect(() => {
    let asked: Promise<boolean> | undefined;
    let answer: ((is: boolean) => void) | undefined;
    onProofWanted(() => {
      asked ??= new Promise<boolean>((resolve) => {
        answer = (is) => {
          asked = undefined;
          setClose(undefined);
          resolve(is);
        };
        setClose(() => answer);
      });
      return asked;
    });
    return () => answer?.(false);
  }, []);
  if (close === undefined) return null;
  return (
    <Dialog title={t.access.proof.title} onClose={() => close(false)}>
      <p className="quiet">{t.access.proof.text}</p>
      <Form
        submit={t.access.proof.submit}
        onCancel={() => close(false)}
        onSend={async (fields) => {
          const typed = fields.text("code").replaceAll(" ", "");
          const code = /^\d{6}$/.test(typed) ? { code: typed } : { recovery_code: typed };
          const body = { password: fields.text("password"), ...(typed === "" ? {} : code) };
          await read(api.POST("/auth/reauthenticate", { body }));
          close(true);
        }}
      >
        <TextField
          label={t.account.security.current}
          name="password"
          type="password"
          required
          autoComplete="current-password"
          autoFocus
        />
        <TextField label={t.access.proof.code} name="code" optional autoComplete="one-time-code" />
      </Form>
    </Dialog>
  );
}
