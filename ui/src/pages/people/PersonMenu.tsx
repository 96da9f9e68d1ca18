// What an admin can do to a person.
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { Menu, MenuItem, MenuLine } from "../../components/Menu";
import { useAsked } from "../../components/useAction";
import { t } from "../../texts";
import type { User } from "./People";

interface Props {
  user: User;
  isMe: boolean;
  onEdit: () => void;
}

export function PersonMenu({ user: { id, name, is_owner }, isMe, onEdit }: Props) {
  const can = useCan();
  const texts = t.people;
  const params = { path: { id } };
  const [askEnd] = useAsked(
    () => read(api.DELETE("/users/{id}/sessions", { params })),
    {
      title: texts.endSessionsTitle(name),
      text: texts.endSessionsText,
      action: texts.endSessions,
      danger: false,
    },
    { done: texts.sessionsEnded },
  );
  const [askUnlock] = useAsked(
    () => read(api.DELETE("/users/{id}/mfa", { params })),
    { title: texts.removeMfaTitle(name), text: texts.removeMfaText, action: texts.removeMfa },
    { done: texts.mfaRemoved },
  );
  const [askRemove] = useAsked(
    () => read(api.DELETE("/users/{id}", { params })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.remove, typed: name },
    { done: texts.deleted, changes: [["users"]] },
  );
  // Nobody but an owner of the instance does anything to one, and nobody removes one.
  if (is_owner && !can("instance:write")) return null;
  return (
    <Menu trigger={<Button small look="quiet" icon="more" aria-label={`${t.kit.actions}: ${name}`} />}>
      <MenuItem onSelect={onEdit}>{t.kit.edit}</MenuItem>
      <MenuItem onSelect={askEnd}>{texts.endSessions}</MenuItem>
      {!isMe && <MenuItem onSelect={askUnlock}>{texts.removeMfa}</MenuItem>}
      {!isMe && !is_owner && (
        <>
          <MenuLine />
          <MenuItem danger icon="trash" onSelect={askRemove}>
            {t.kit.remove}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
