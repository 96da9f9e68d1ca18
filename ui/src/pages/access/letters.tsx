// The pages that links in mails lead to, and the page that asks for such a mail.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, read } from "../../api/client";
import { Form, TextField } from "../../components/Form";
import { t } from "../../texts";
import { NoToken, newPassword, OpenPage, PasswordFields, useEnter, useToken } from "./kit";

export function Forgot() {
  const [isSent, setSent] = useState(false);
  const texts = t.access.forgot;
  const back = (
    <p className="open-links">
      <Link to="/sign-in">{texts.back}</Link>
    </p>
  );
  if (isSent) {
    return (
      <OpenPage title={texts.done} text={texts.doneText}>
        {back}
      </OpenPage>
    );
  }
  return (
    <OpenPage title={texts.title} text={texts.text}>
      <Form
        submit={texts.submit}
        onSend={async (fields) => {
          await read(api.POST("/auth/password/forgot", { body: { email: fields.text("email") } }));
          setSent(true);
        }}
      >
        <TextField label={t.access.signIn.email} name="email" type="email" required autoComplete="username" />
      </Form>
      {back}
    </OpenPage>
  );
}

export function Reset() {
  const [token, forget] = useToken();
  const [isDone, setDone] = useState(false);
  const texts = t.access.reset;
  if (isDone) {
    return (
      <OpenPage title={texts.done} text={texts.doneText}>
        <Link to="/sign-in">{t.access.signIn.submit}</Link>
      </OpenPage>
    );
  }
  if (token === "") {
    return (
      <NoToken>
        <Link to="/forgot">{t.access.forgot.title}</Link>
      </NoToken>
    );
  }
  return (
    <OpenPage title={texts.title} text={texts.text}>
      <Form
        submit={texts.submit}
        onSend={async (fields) => {
          await read(api.POST("/auth/password/reset", { body: { token, password: newPassword(fields) } }));
          forget();
          setDone(true);
        }}
      >
        <PasswordFields label={t.access.newPassword} />
      </Form>
    </OpenPage>
  );
}

export function Join() {
  const [token, forget] = useToken();
  const enter = useEnter();
  const texts = t.access.join;
  if (token === "") return <NoToken />;
  return (
    <OpenPage title={texts.title} text={texts.text}>
      <Form
        submit={texts.submit}
        onSend={async (fields) => {
          const body = { token, name: fields.text("name"), password: newPassword(fields) };
          await read(api.POST("/auth/invites/accept", { body }));
          forget();
          enter();
        }}
      >
        <TextField label={t.access.name} name="name" required maxLength={200} autoComplete="name" />
        <PasswordFields />
      </Form>
    </OpenPage>
  );
}

export function Register() {
  const enter = useEnter();
  const texts = t.access.register;
  return (
    <OpenPage title={texts.title} text={texts.text}>
      <Form
        submit={texts.submit}
        onSend={async (fields) => {
          const body = {
            company_name: fields.text("company_name"),
            name: fields.text("name"),
            email: fields.text("email"),
            password: newPassword(fields),
          };
          await read(api.POST("/auth/register", { body }));
          enter();
        }}
      >
        <CompanyFields />
        <PasswordFields />
      </Form>
      <p className="open-links">
        <Link to="/sign-in">{t.access.forgot.back}</Link>
      </p>
    </OpenPage>
  );
}

/** Company, name and address of somebody who makes a company. */
export function CompanyFields() {
  return (
    <>
      <TextField
        label={t.access.setUp.company}
        name="company_name"
        required
        maxLength={200}
        autoComplete="organization"
      />
      <TextField label={t.access.name} name="name" required maxLength={200} autoComplete="name" />
      <TextField
        label={t.access.signIn.email}
        name="email"
        type="email"
        required
        maxLength={254}
        autoComplete="username"
      />
    </>
  );
}
