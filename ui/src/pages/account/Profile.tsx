// Who one is here, and how this browser shows things.
import { useMe } from "../../api/session";
import { Id } from "../../components/Copy";
import { Card, Page } from "../../components/Page";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { type Language, language, setTheme, type Theme, useTheme } from "../../lib/preferences";
import { choose, t } from "../../texts";

export function Profile() {
  const { user, company, scopes } = useMe();
  const texts = t.account.profile;
  return (
    <Page title={texts.title} note={texts.note}>
      <Card title={user.name} note={<Id id={user.id} />}>
        <Facts
          facts={[
            [
              texts.email,
              <span key="email" data-long="">
                {user.email}
              </span>,
            ],
            [texts.role, `${t.people.roles[user.role]}${user.is_owner ? ` · ${t.words.owner}` : ""}`],
            [texts.company, company.name],
            [texts.since, <Time key="since" at={user.created_at} />],
          ]}
        />
      </Card>
      <Card title={texts.appearance}>
        <Appearance />
      </Card>
      <Card title={texts.scopes}>
        <p className="row">
          {scopes.map((scope) => (
            <span key={scope} className="chip">
              {scope}
            </span>
          ))}
        </p>
      </Card>
    </Page>
  );
}

function Appearance() {
  const theme = useTheme();
  return (
    <div className="fields-2">
      <label className="field">
        <span className="label">{t.shell.theme}</span>
        <select value={theme} onChange={(event) => setTheme(event.target.value as Theme)}>
          {Object.entries(t.shell.themes).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span className="label">{t.shell.language}</span>
        <select value={language()} onChange={(event) => void choose(event.target.value as Language)}>
          <option value="en">English</option>
          <option value="de">Deutsch</option>
        </select>
      </label>
    </div>
  );
}
