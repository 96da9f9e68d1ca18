// What an admin can do to a person.
import { api, read } from "../../api/client";
import { Button } from "../../components/Button";
import { confirm } from "../../components/confirm";
import { Menu, MenuItem, MenuLine } from "../../components/Menu";
import { useAction } from "../../components/useAction";
import { t } from "../../texts";
import type { User } from "./People";

interface Props {
  user: User;
  isMe: boolean;
  onEdit: () => void;
}

export function PersonMenu({ user: { id, name }, isMe, onEdit }: Props) {
  const texts = t.people;
  const params = { path: { id } };
  const changes = [["users"]];
  const end = useAction(() => read(api.DELETE("/users/{id}/sessions", { params })), {
    done: texts.sessionsEnded,
  });
  const unlock = useAction(() => read(api.DELETE("/users/{id}/mfa", { params })), { done: texts.mfaRemoved });
  const remove = useAction(() => read(api.DELETE("/users/{id}", { params })), {
    done: texts.deleted,
    changes,
  });
  const askEnd = async () => {
    const question = {
      title: texts.endSessionsTitle(name),
      text: texts.endSessionsText,
      action: texts.endSessions,
    };
    if (await confirm(question)) end.mutate();
  };
  const askUnlock = async () => {
    const question = {
      title: texts.removeMfaTitle(name),
      text: texts.removeMfaText,
      action: texts.removeMfa,
    };
    if (await confirm({ ...question, danger: true })) unlock.mutate();
  };
  const askRemove = async () => {
    const question = { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.remove };
    if (await confirm({ ...question, danger: true, typed: name })) remove.mutate();
  };
  return (
    <Menu trigger={<Button small look="quiet" icon="more" aria-label={`${t.kit.actions}: ${name}`} />}>
      <MenuItem onSelect={onEdit}>{t.kit.edit}</MenuItem>
      <MenuItem onSelect={() => void askEnd()}>{texts.endSessions}</MenuItem>
      {!isMe && <MenuItem onSelect={() => void askUnlock()}>{texts.removeMfa}</MenuItem>}
      {!isMe && (
        <>
          <MenuLine />
          <MenuItem danger icon="trash" onSelect={() => void askRemove()}>
            {t.kit.remove}
          </MenuItem>
        </>
      )}
    </Menu>
  );
}
