// What all queues did over time.
import { lazy, Suspense } from "react";
import { Card } from "../../components/Page";
import { Empty, Loaded, Loading } from "../../components/states";
import { Windows } from "../../components/Windows";
import { summed } from "../../lib/history";
import { t } from "../../texts";
import { type OverviewWindow, SHOWN_WINDOWS, useHistory } from "./history";

const Chart = lazy(() => import("../../components/Chart"));

interface Props {
  window: OverviewWindow;
  onChange: (window: OverviewWindow) => void;
}

export function Flow({ window, onChange }: Props) {
  const history = useHistory(window);
  const texts = t.jobs.history;
  return (
    <Card
      title={t.overview.flow}
      note={t.overview.flowNote}
      actions={<Windows windows={SHOWN_WINDOWS} value={window} onChange={onChange} />}
    >
      <div className="chart-room">
        <Loaded query={history} rows={6}>
          {(queues) => {
            const { times, added, completed, failed, retried } = summed(queues);
            if ([...added, ...completed, ...failed].every((count) => count === 0)) {
              return (
                <div className="chart-wait">
                  <Empty icon="overview" title={texts.empty}>
                    <p>{t.overview.noFlowText}</p>
                  </Empty>
                </div>
              );
            }
            return (
              <Suspense fallback={<Loading rows={6} />}>
                <Chart
                  label={t.overview.flow}
                  times={times}
                  series={[
                    { label: texts.completed, values: completed, color: "ok", bars: true },
                    { label: texts.failed, values: failed, color: "bad", bars: true },
                    { label: texts.added, values: added, color: "accent" },
                    { label: texts.retried, values: retried, color: "warn" },
                  ]}
                />
              </Suspense>
            );
          }}
        </Loaded>
      </div>
    </Card>
  );
}
