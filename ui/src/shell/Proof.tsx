// Asks for password or second factor again when operations want a fresh proof; they then go on. One proof serves all
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
          const typed = fields.text("proof");
          const digits = typed.replaceAll(" ", "");
          const body = /^\d{6}$/.test(digits) ? { code: digits } : { password: typed };
          await read(api.POST("/auth/reauthenticate", { body }));
          close(true);
        }}
      >
        <TextField
          label={t.account.security.codeOrPassword}
          name="proof"
          type="password"
          required
          autoComplete="current-password"
          autoFocus
        />
      </Form>
    </Dialog>
  );
}
