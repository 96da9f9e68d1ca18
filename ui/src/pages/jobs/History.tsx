// What a queue did over time: what came and ended, and how long that took.
import { lazy, Suspense } from "react";
import { Card } from "../../components/Page";
import { Empty, Loaded, Loading } from "../../components/states";
import { Windows } from "../../components/Windows";
import { type Metrics, summed } from "../../lib/history";
import { t } from "../../texts";
import { useMetrics, WINDOWS, type Window } from "./data";

const Chart = lazy(() => import("../../components/Chart"));
const NAMES = Object.keys(WINDOWS) as Window[];

interface Props {
  name: string;
  window: Window;
  onChange: (window: Window) => void;
}

export function History({ name, window, onChange }: Props) {
  const metrics = useMetrics(name, window);
  const texts = t.jobs.history;
  return (
    <Card title={texts.title} actions={<Windows windows={NAMES} value={window} onChange={onChange} />}>
      <Loaded query={metrics}>
        {(data) =>
          data.points.every(({ added, completed, failed }) => added + completed + failed === 0) ? (
            <Empty icon="overview" title={texts.empty}>
              <p>{texts.emptyText}</p>
            </Empty>
          ) : (
            <Suspense fallback={<Loading />}>
              <div className="halves">
                <Counts metrics={data} />
                <Durations metrics={data} />
              </div>
            </Suspense>
          )
        }
      </Loaded>
    </Card>
  );
}

function Counts({ metrics }: { metrics: Metrics }) {
  const { times, added, completed, failed } = summed([metrics]);
  const texts = t.jobs.history;
  return (
    <Chart
      label={texts.counts}
      times={times}
      series={[
        { label: texts.completed, values: completed, color: "ok", bars: true },
        { label: texts.failed, values: failed, color: "bad", bars: true },
        { label: texts.added, values: added, color: "accent" },
      ]}
    />
  );
}

function Durations({ metrics: { points } }: { metrics: Metrics }) {
  const texts = t.jobs.history;
  const seconds = (ms: number | null) => (ms === null ? null : ms / 1_000);
  return (
    <Chart
      label={texts.durations}
      times={points.map(({ start }) => Date.parse(start) / 1_000)}
      series={[
        { label: texts.wait, values: points.map(({ wait_ms }) => seconds(wait_ms.p95)), color: "warn" },
        { label: texts.run, values: points.map(({ run_ms }) => seconds(run_ms.p95)), color: "busy" },
      ]}
    />
  );
}
