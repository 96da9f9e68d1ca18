// What every page of one webhook shows: its name, how it fares, what can be done to it, its tabs.
import { getRouteApi, Outlet, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button } from "../../components/Button";
import { CopyButton } from "../../components/Copy";
import { Menu, MenuItem, MenuLine } from "../../components/Menu";
import { Page, Tabs } from "../../components/Page";
import { State } from "../../components/State";
import { Loaded } from "../../components/states";
import { useAction, useAsked } from "../../components/useAction";
import { t } from "../../texts";
import { healthOf, useWebhook, useWebhookStats, type Webhook } from "./data";
import { ReplayDialog } from "./Replay";

const route = getRouteApi("/app/webhooks/$id");

export function WebhookFrame() {
  const { id } = route.useParams();
  const webhook = useWebhook(id);
  const { data: stats } = useWebhookStats(id);
  const can = useCan();
  const data = webhook.data;
  const texts = t.webhooks;
  const params = { id };
  const writes = can("webhooks:write");
  const tabs = [
    { text: texts.tabs.overview, link: { to: "/webhooks/$id", params } as const },
    { text: texts.tabs.deliveries, link: { to: "/webhooks/$id/deliveries", params } as const },
    { text: texts.tabs.settings, link: { to: "/webhooks/$id/settings", params } as const },
    { text: texts.tabs.secret, link: { to: "/webhooks/$id/secret", params } as const },
    { text: texts.tabs.testing, link: { to: "/webhooks/$id/testing", params } as const },
  ];
  return (
    <Page
      title={data?.description || data?.url || id}
      trail={[{ text: texts.title, link: { to: "/webhooks" } }]}
      note={
        data && (
          <>
            <State state={healthOf(data, stats)} />
            <span className="id">
              {data.description !== "" && <span className="endpoint">{data.url}</span>}
              <CopyButton
                text={data.url}
                what={texts.address}
                label={data.description === "" ? t.kit.copy : undefined}
                small
              />
            </span>
          </>
        )
      }
      actions={data && writes && <Actions webhook={data} />}
    >
      <Tabs label={texts.one} tabs={writes ? tabs : tabs.slice(0, 3)} />
      <Loaded query={webhook}>{() => <Outlet />}</Loaded>
    </Page>
  );
}

function Actions({ webhook }: { webhook: Webhook }) {
  const { id, enabled, url, description } = webhook;
  const [isReplaying, setReplaying] = useState(false);
  const navigate = useNavigate();
  const texts = t.webhooks.overview;
  const name = description || url;
  const changes = [["webhook", id], ["webhooks"], ["webhook-stats", id]];
  const params = { path: { id } };
  const put = (next: boolean) => read(api.PATCH("/webhooks/{id}", { params, body: { enabled: next } }));
  const enable = useAction(() => put(true), { done: texts.enabled, changes, undo: () => put(false) });
  const [askDisable] = useAsked(
    () => put(false),
    { title: texts.disableTitle(name), text: texts.disableText, action: texts.disable, danger: false },
    { done: texts.disabled, changes, undo: () => put(true) },
  );
  const [askDelete] = useAsked(
    () => read(api.DELETE("/webhooks/{id}", { params })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.delete },
    { done: texts.deleted, changes: [["webhooks"]], next: () => void navigate({ to: "/webhooks" }) },
  );
  return (
    <>
      <Button icon="retry" onClick={() => setReplaying(true)}>
        {t.webhooks.replay.open}
      </Button>
      {!enabled && (
        <Button icon="play" look="primary" busy={enable.isPending} onClick={() => enable.mutate()}>
          {texts.enable}
        </Button>
      )}
      <Menu trigger={<Button icon="more" aria-label={t.kit.actions} />}>
        {enabled && (
          <MenuItem icon="pause" onSelect={askDisable}>
            {texts.disable}
          </MenuItem>
        )}
        <MenuLine />
        <MenuItem icon="trash" danger onSelect={askDelete}>
          {t.kit.delete}
        </MenuItem>
      </Menu>
      {isReplaying && <ReplayDialog id={id} onClose={() => setReplaying(false)} />}
    </>
  );
}
