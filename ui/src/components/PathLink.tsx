// A link to an address of this UI that comes as text, with its search parameters in it.
import { useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode } from "react";
import { hrefOf } from "../lib/base";

/** Whether a click means this window, and not another tab or a download. */
export function isPlain(event: MouseEvent): boolean {
  return event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
}

interface Props {
  path: string;
  className?: string;
  /** Called whichever way it is opened. */
  onOpen?: () => void;
  children: ReactNode;
}

export function PathLink({ path, className, onOpen, children }: Props) {
  const router = useRouter();
  const href = hrefOf(path);
  return (
    <a
      href={href}
      className={className}
      dir="auto"
      onClick={(event) => {
        onOpen?.();
        if (!isPlain(event)) return;
        event.preventDefault();
        router.history.push(href);
      }}
      onAuxClick={(event) => event.button === 1 && onOpen?.()}
    >
      {children}
    </a>
  );
}
