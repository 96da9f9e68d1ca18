// Sign-in: address and password, then the second factor where there is one.
import { getRouteApi, Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { Form, TextField } from "../../components/Form";
import { t } from "../../texts";
import { OpenPage, useEnter } from "./kit";

const route = getRouteApi("/open/sign-in");

export function SignIn() {
  const { next } = route.useSearch();
  const enter = useEnter();
  const [challenge, setChallenge] = useState<string>();
  const texts = t.access.signIn;
  if (challenge !== undefined) {
    return <Challenge token={challenge} onDone={() => enter(next)} onBack={() => setChallenge(undefined)} />;
  }
  return (
    <OpenPage title={texts.title} text={texts.text}>
      <Form
        submit={texts.submit}
        onSend={async (fields) => {
          const body = { email: fields.text("email"), password: fields.text("password") };
          const answer = await read(api.POST("/auth/login", { body }));
          if ("mfa_token" in answer) setChallenge(answer.mfa_token);
          else enter(next);
        }}
      >
        <TextField
          label={texts.email}
          name="email"
          type="email"
          required
          maxLength={254}
          autoComplete="username"
        />
        <TextField
          label={texts.password}
          name="password"
          type="password"
          required
          autoComplete="current-password"
        />
      </Form>
      <p className="open-links">
        <Link to="/forgot">{texts.forgot}</Link>
        <Link to="/register">{texts.register}</Link>
      </p>
    </OpenPage>
  );
}

interface ChallengeProps {
  token: string;
  onDone: () => void;
  onBack: () => void;
}

function Challenge({ token, onDone, onBack }: ChallengeProps) {
  const [isRecovery, setRecovery] = useState(false);
  const texts = t.access.mfa;
  return (
    <OpenPage title={texts.title} text={isRecovery ? texts.recoveryText : texts.text}>
      <Form
        key={String(isRecovery)}
        submit={t.access.signIn.submit}
        onSend={async (fields) => {
          const proof = isRecovery
            ? { recovery_code: fields.text("recovery_code").trim() }
            : { code: fields.text("code").replaceAll(" ", "") };
          await read(api.POST("/auth/login/mfa", { body: { mfa_token: token, ...proof } }));
          onDone();
        }}
      >
        {isRecovery ? (
          <TextField
            label={texts.recovery}
            name="recovery_code"
            required
            maxLength={64}
            className="mono"
            autoFocus
          />
        ) : (
          <TextField
            label={texts.code}
            name="code"
            required
            inputMode="numeric"
            autoComplete="one-time-code"
            pattern="[0-9 ]{6,7}"
            className="mono code-input"
            // The step has come of itself, and this is all there is to do in it.
            autoFocus
          />
        )}
      </Form>
      <p className="open-links">
        <Button look="quiet" small onClick={() => setRecovery(!isRecovery)}>
          {isRecovery ? texts.useCode : texts.useRecovery}
        </Button>
        <Button look="quiet" small onClick={onBack}>
          {texts.back}
        </Button>
      </p>
    </OpenPage>
  );
}
