// Makes a receiver of the inspector, whose own page shows what came in.
import { useState } from "react";
import { api, read } from "../../api/client";
import { Button, classOf } from "../../components/Button";
import { Code } from "../../components/Copy";
import { Icon } from "../../components/Icon";
import { Card, Page } from "../../components/Page";
import { useAction } from "../../components/useAction";
import { hrefOf, serverUrl } from "../../lib/base";
import { t } from "../../texts";

export function Inspector() {
  const [path, setPath] = useState<string>();
  const texts = t.webhooks.inspector;
  const make = useAction(() => read(api.POST("/play")), {
    next: (receiver) => setPath(serverUrl(receiver.path)),
  });
  const address = path === undefined ? "" : window.location.origin + path;
  return (
    <Page title={texts.title} note={texts.note}>
      <Card title={path === undefined ? texts.make : texts.ready} note={texts.text}>
        {path === undefined ? (
          <div className="row">
            <Button look="primary" icon="plus" busy={make.isPending} onClick={() => make.mutate()}>
              {texts.make}
            </Button>
          </div>
        ) : (
          <div className="stack">
            <h3>{texts.address}</h3>
            <Code text={address} label={texts.address} />
            <div className="row">
              <a className={classOf("primary")} href={path} target="_blank" rel="noopener">
                <Icon name="external" />
                {texts.open}
              </a>
              <a className={classOf("plain")} href={hrefOf(`/webhooks/new#${encodeURIComponent(address)}`)}>
                {texts.use}
              </a>
            </div>
          </div>
        )}
      </Card>
    </Page>
  );
}
