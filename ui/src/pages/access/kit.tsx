// What the open pages share: their head, the two password fields, and the token behind the # of the address.
import { useRouter } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { queries } from "../../api/session";
import { FieldError, type Fields, TextField } from "../../components/Form";
import { hrefOf } from "../../lib/base";
import { forgetEarly } from "../../lib/early";
import { forgetPlace } from "../../lib/stream";
import { t } from "../../texts";

export function OpenPage({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(title);
  useEffect(() => {
    document.title = `${title} · NovaPulse`;
    if (shown.current === title) return;
    // The next step of the same page: said to those who do not see that it has come.
    shown.current = title;
    heading.current?.focus();
  }, [title]);
  return (
    <>
      <h1 tabIndex={-1} ref={heading}>
        {title}
      </h1>
      {text !== undefined && <p className="open-text">{text}</p>}
      {children}
    </>
  );
}

export function PasswordFields({ label = t.access.signIn.password }: { label?: string }) {
  const limits = {
    type: "password",
    minLength: 12,
    maxLength: 128,
    required: true,
    autoComplete: "new-password",
  };
  return (
    <>
      <TextField label={label} name="password" hint={t.access.hint} {...limits} />
      <TextField label={t.access.again} name="again" {...limits} />
    </>
  );
}

/** The password, when it was typed twice the same. */
export function newPassword(fields: Fields): string {
  if (fields.text("password") !== fields.text("again")) throw new FieldError("again", t.access.notSame);
  return fields.text("password");
}

/** The token of the link, and how to take it out of the address once it is used. */
export function useToken(): [string, () => void] {
  const [token] = useState(() => window.location.hash.slice(1));
  const forget = () => window.history.replaceState(null, "", window.location.pathname);
  return [token, forget];
}

/** Goes on to the page a person wanted, as somebody else than before. */
export function useEnter(): (next?: string) => void {
  const router = useRouter();
  return (next) => {
    queries.clear();
    forgetEarly();
    forgetPlace();
    router.history.push(hrefOf(next?.startsWith("/") && !next.startsWith("//") ? next : "/"));
  };
}

export function NoToken({ children }: { children?: ReactNode }) {
  return (
    <OpenPage title={t.access.noToken} text={t.access.noTokenText}>
      {children}
    </OpenPage>
  );
}
