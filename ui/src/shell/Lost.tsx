// An address that leads nowhere: what it was, which pages are like it, and ways onward.
import { Link, useLocation } from "@tanstack/react-router";
import { useMe } from "../api/session";
import { ButtonLink } from "../components/Button";
import { Icon } from "../components/Icon";
import { Card, Page } from "../components/Page";
import { Empty } from "../components/states";
import { t } from "../texts";
import { nearestPages, pageOfId } from "./navigation";

export function Lost() {
  const { pathname } = useLocation();
  const { scopes } = useMe();
  const parts = pathname.split("/");
  const object = parts.map(pageOfId).find((path) => path !== undefined);
  const near = nearestPages(pathname, scopes);
  return (
    <Page title={t.kit.notFound} note={<code>{pathname}</code>}>
      <Card>
        <Empty icon="search" title={near.length > 0 || object ? t.kit.notFoundNear : t.kit.notFoundText}>
          {(near.length > 0 || object !== undefined) && (
            <ul className="ways">
              {object !== undefined && (
                <li>
                  <Link to={object as never}>
                    <Icon name="right" />
                    <code>{object}</code>
                  </Link>
                </li>
              )}
              {near.map(({ to, name }) => (
                <li key={to}>
                  <Link to={to}>
                    <Icon name={name} />
                    {t.shell.pages[name]}
                  </Link>
                </li>
              ))}
            </ul>
          )}
          <ButtonLink to="/" look="primary" icon="overview">
            {t.kit.home}
          </ButtonLink>
          <p className="small by-keyboard">
            <kbd>Ctrl K</kbd> {t.kit.notFoundSearch}
          </p>
        </Empty>
      </Card>
    </Page>
  );
}
