// Asks for password or second factor again when an operation wants a fresh proof; the operation then goes on.
import { useEffect, useState } from "react";
import { api, onProofWanted, read } from "../api/client";
import { Dialog } from "../components/Dialog";
import { Form, TextField } from "../components/Form";
import { t } from "../texts";

export function Proof() {
  const [answer, setAnswer] = useState<(is: boolean) => void>();
  useEffect(() => {
    onProofWanted(() => new Promise((resolve) => setAnswer(() => resolve)));
  }, []);
  if (answer === undefined) return null;
  const close = (is: boolean) => {
    setAnswer(undefined);
    answer(is);
  };
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
