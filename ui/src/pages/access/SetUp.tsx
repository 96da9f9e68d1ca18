// The first start: makes the first company with the token of the link, then its first API key.
import { useState } from "react";
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Form } from "../../components/Form";
import { t } from "../../texts";
import { NoToken, newPassword, OpenPage, PasswordFields, useEnter, useToken } from "./kit";
import { CompanyFields } from "./letters";

// What the first key of the first company may do.
const SCOPES = [
  "jobs:read",
  "jobs:write",
  "jobs:work",
  "events:read",
  "events:write",
  "webhooks:read",
  "webhooks:write",
];

export function SetUp() {
  const [token, forget] = useToken();
  const [key, setKey] = useState<string>();
  const enter = useEnter();
  const texts = t.access.setUp;
  if (key !== undefined) {
    return (
      <OpenPage title={texts.done} text={texts.key}>
        <Code text={key} label={t.words.api_key ?? ""} />
        <Button look="primary" onClick={() => enter()}>
          {texts.goOn}
        </Button>
      </OpenPage>
    );
  }
  if (token === "") return <NoToken />;
  return (
    <OpenPage title={texts.title} text={texts.text}>
      <Form
        submit={texts.submit}
        onSend={async (fields) => {
          const body = {
            token,
            company_name: fields.text("company_name"),
            name: fields.text("name"),
            email: fields.text("email"),
            password: newPassword(fields),
          };
          await read(api.POST("/auth/setup", { body }));
          forget();
          try {
            const made = await read(
              api.POST("/api-keys", { body: { name: texts.firstKey, scopes: SCOPES } }),
            );
            setKey(made.secret);
          } catch {
            // The company is made, and its token used up: a key can be made inside as well.
            enter();
          }
        }}
      >
        <CompanyFields />
        <PasswordFields />
      </Form>
    </OpenPage>
  );
}
