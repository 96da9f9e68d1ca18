// A menu behind a button. Not modal: the modal form puts a style element into the page, which the policy forbids.
import * as Radix from "@radix-ui/react-dropdown-menu";
import { useRouter } from "@tanstack/react-router";
import { type MouseEvent, type ReactNode, useRef } from "react";
import { hrefOf } from "../lib/base";
import { Icon, type IconName } from "./Icon";
import { forgetOpener, rememberOpener } from "./opener";
import { isPlain } from "./PathLink";

interface MenuProps {
  trigger: ReactNode;
  onOpen?: () => void;
  children: ReactNode;
}

export function Menu({ trigger, onOpen, children }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null);
  const onChange = (isOpen: boolean) => {
    const own = button.current;
    if (!isOpen) {
      // What the menu opens has asked for it by then.
      window.setTimeout(() => forgetOpener(own));
      return;
    }
    rememberOpener(own);
    onOpen?.();
  };
  return (
    <Radix.Root modal={false} onOpenChange={onChange}>
      <Radix.Trigger asChild ref={button}>
        {trigger}
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className="menu"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          // A chosen link has been followed by then; the browser must not follow it once more.
          onClick={(event) =>
            event.target instanceof Element && event.target.closest("a") && event.preventDefault()
          }
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface ItemProps {
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, danger = false, disabled = false, onSelect, children }: ItemProps) {
  return (
    <Radix.Item
      className={danger ? "menu-item menu-danger" : "menu-item"}
      disabled={disabled}
      onSelect={onSelect}
    >
      {icon && <Icon name={icon} />}
      {children}
    </Radix.Item>
  );
}

interface LinkProps {
  icon?: IconName;
  path: string;
  /** Called whichever way it is opened. */
  onOpen?: () => void;
  children: ReactNode;
}

/** An entry that leads somewhere: a link to the browser as well, for another tab. */
export function MenuLink({ icon, path, onOpen, children }: LinkProps) {
  const router = useRouter();
  const href = hrefOf(path);
  const follow = () => {
    onOpen?.();
    router.history.push(href);
  };
  const openBeside = (event: MouseEvent) => {
    if (isPlain(event)) return;
    event.preventDefault();
    onOpen?.();
    window.open(href, "_blank", "noopener");
  };
  return (
    <Radix.Item asChild onSelect={follow}>
      <a
        className="menu-item"
        href={href}
        onClick={openBeside}
        onAuxClick={(event) => event.button === 1 && onOpen?.()}
      >
        {icon && <Icon name={icon} />}
        {children}
      </a>
    </Radix.Item>
  );
}

export function MenuChoice<T extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: T;
  choices: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
}) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(next) => onChange(next as T)}>
      <Radix.Label className="menu-label">{label}</Radix.Label>
      {choices.map(([choice, text]) => (
        <Radix.RadioItem key={choice} className="menu-item" value={choice}>
          <span className="menu-mark">
            <Radix.ItemIndicator>
              <Icon name="check" size={14} />
            </Radix.ItemIndicator>
          </span>
          {text}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

export function MenuLine() {
  return <Radix.Separator className="menu-line" />;
}
