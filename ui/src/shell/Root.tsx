// What is there on every page: messages, questions, and what to show when a page fails.
import { type ErrorComponentProps, Outlet } from "@tanstack/react-router";
import { Confirmation } from "../components/confirm";
import { ErrorPanel } from "../components/states";
import { Toasts } from "../components/toasts";
import { t } from "../texts";
import { Proof } from "./Proof";

export function Root() {
  return (
    <>
      <Outlet />
      <Confirmation />
      <Proof />
      <Toasts />
    </>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  return (
    <div className="page">
      <h1 tabIndex={-1}>{t.kit.failed}</h1>
      <ErrorPanel cause={error} onRetry={reset} />
    </div>
  );
}
