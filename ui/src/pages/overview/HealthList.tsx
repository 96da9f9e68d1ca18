// How the newest webhooks fare, each with its attempts of the last day.
import { Link } from "@tanstack/react-router";
import { api, read, type Schemas } from "../../api/client";
import { useCan } from "../../api/session";
import { ButtonLink } from "../../components/Button";
import { Sparkline } from "../../components/Sparkline";
import { State } from "../../components/State";
import { Empty, Loaded } from "../../components/states";
import { useLive } from "../../lib/live";
import { percent } from "../../lib/numbers";
import { t } from "../../texts";
import { healthOf, useWebhookStats } from "../webhooks/data";

const SHOWN = 6;

export function HealthList() {
  const can = useCan();
  const webhooks = useLive(["webhooks", "health"], () =>
    read(api.GET("/webhooks", { params: { query: { limit: SHOWN } } })),
  );
  return (
    <Loaded query={webhooks}>
      {({ data }) =>
        data.length === 0 ? (
          <Empty icon="webhooks" title={t.overview.noWebhooks}>
            <p>{t.overview.noWebhooksText}</p>
            {can("webhooks:write") && (
              <ButtonLink to="/webhooks/new" look="primary" icon="plus">
                {t.webhooks.create}
              </ButtonLink>
            )}
          </Empty>
        ) : (
          <ul className="health">
            {data.map((webhook) => (
              <Row key={webhook.id} webhook={webhook} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Row({ webhook }: { webhook: Schemas["Webhook"] }) {
  const { data: stats } = useWebhookStats(webhook.id);
  const name = webhook.description || webhook.url;
  return (
    <li>
      <Link to="/webhooks/$id" params={{ id: webhook.id }}>
        {name}
      </Link>
      <span className="row">
        {stats && <Sparkline hours={stats.sparkline} label={t.webhooks.sparkline(name)} />}
        {stats?.success_rate != null && <span className="number">{percent(stats.success_rate)}</span>}
        <State state={healthOf(webhook, stats)} />
      </span>
    </li>
  );
}
