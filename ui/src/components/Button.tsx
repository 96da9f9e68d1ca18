// Buttons, and links that look like them.
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Icon, type IconName } from "./Icon";

type Look = "plain" | "primary" | "danger" | "quiet";

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: IconName;
  /** Something is under way: the button waits and says so. */
  busy?: boolean;
  small?: boolean;
}

export function classOf(look: Look, small = false): string {
  return `button button-${look}${small ? " button-small" : ""}`;
}

/** A busy button keeps the focus and does nothing: a disabled one would lose it. */
export function Button({
  look = "plain",
  icon,
  busy = false,
  small = false,
  onClick,
  children,
  ...rest
}: Props) {
  const isBare = children === undefined;
  return (
    <button
      type="button"
      {...rest}
      className={`${classOf(look, small)}${isBare ? " button-icon" : ""}`}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      // Of a form's button too, which would send the form once more.
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

type ButtonLinkProps = LinkProps & { look?: Look; icon?: IconName; small?: boolean; children: ReactNode };

export function ButtonLink({ look = "plain", icon, small = false, children, ...rest }: ButtonLinkProps) {
  return (
    <Link {...rest} className={classOf(look, small)}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  );
}
