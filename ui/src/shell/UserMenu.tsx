// The menu of the person who is signed in: own pages, theme, language, sign out.
import { useNavigate } from "@tanstack/react-router";
import { type Me, signOut } from "../api/session";
import { Menu, MenuChoice, MenuItem, MenuLine } from "../components/Menu";
import { toastError } from "../components/toasts";
import { serverUrl } from "../lib/base";
import { language, setTheme, useTheme } from "../lib/preferences";
import { choose, t } from "../texts";

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return ((words[0]?.[0] ?? "") + (words.length > 1 ? (words.at(-1)?.[0] ?? "") : "")).toUpperCase();
}

export function UserMenu({ me }: { me: Me }) {
  const navigate = useNavigate();
  const theme = useTheme();
  const leave = async () => {
    try {
      await signOut(() => navigate({ to: "/sign-in" }));
    } catch (cause) {
      toastError(cause);
    }
  };
  const trigger = (
    <button type="button" className="person" aria-label={t.shell.account}>
      <span className="avatar" aria-hidden="true">
        {initials(me.user.name)}
      </span>
      <span className="person-name">
        {me.user.name}
        <small>{me.user.email}</small>
      </span>
    </button>
  );
  return (
    <Menu trigger={trigger}>
      <MenuItem icon="profile" onSelect={() => void navigate({ to: "/profile" })}>
        {t.shell.pages.profile}
      </MenuItem>
      <MenuItem icon="security" onSelect={() => void navigate({ to: "/security" })}>
        {t.shell.pages.security}
      </MenuItem>
      <MenuItem icon="external" onSelect={() => window.open(serverUrl("docs"), "_blank", "noopener")}>
        {t.shell.docs}
      </MenuItem>
      <MenuLine />
      <MenuChoice
        label={t.shell.theme}
        value={theme}
        choices={[
          ["system", t.shell.themes.system],
          ["light", t.shell.themes.light],
          ["dark", t.shell.themes.dark],
        ]}
        onChange={setTheme}
      />
      <MenuLine />
      <MenuChoice
        label={t.shell.language}
        value={language()}
        choices={[
          ["en", "English"],
          ["de", "Deutsch"],
        ]}
        onChange={(next) => void choose(next)}
      />
      <MenuLine />
      <MenuItem icon="out" onSelect={() => void leave()}>
        {t.shell.signOut}
      </MenuItem>
    </Menu>
  );
}
