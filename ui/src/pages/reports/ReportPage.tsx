// One report: how far it is, its file, what it is made of, and a look inside where that is possible.
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { CopyButton, Id } from "../../components/Copy";
import { Countdown } from "../../components/Countdown";
import { Card, Page } from "../../components/Page";
import { Loaded, Loading } from "../../components/states";
import { Facts } from "../../components/Table";
import { Time } from "../../components/Time";
import { bytes, count } from "../../lib/numbers";
import { t } from "../../texts";
import {
  columnName,
  isUnderWay,
  periodWords,
  type Report,
  titleOf,
  useReport,
  useReportActions,
} from "./data";
import { ReportState } from "./List";

const Preview = lazy(() => import("./Preview"));
const route = getRouteApi("/app/reports/$id");

export function ReportPage() {
  const { id } = route.useParams();
  // Read once more often than needed at most: the state is known only after the first answer.
  const report = useReport(id, true);
  const can = useCan();
  const data = report.data;
  return (
    <Page
      title={data?.name ?? id}
      trail={[{ text: t.reports.title, link: { to: "/reports" } }]}
      note={
        data && (
          <>
            <ReportState report={data} />
            <Id id={id} />
          </>
        )
      }
      actions={data && <Actions report={data} writes={can("reports:write")} />}
    >
      <Loaded query={report}>{(found) => <Content report={found} />}</Loaded>
    </Page>
  );
}

function Actions({ report, writes }: { report: Report; writes: boolean }) {
  const navigate = useNavigate();
  const { download, askDelete } = useReportActions(report, () => void navigate({ to: "/reports" }));
  return (
    <>
      {report.state === "ready" && (
        <Button icon="download" look="primary" busy={download.isPending} onClick={() => download.mutate()}>
          {t.reports.download}
        </Button>
      )}
      {writes && (
        <>
          <ButtonLink to="/reports/new" search={{ like: report.id }} icon="retry">
            {t.reports.again}
          </ButtonLink>
          <Button icon="trash" look="danger" aria-label={t.kit.delete} onClick={askDelete} />
        </>
      )}
    </>
  );
}

function Content({ report }: { report: Report }) {
  const texts = t.reports;
  return (
    <>
      {isUnderWay(report) && <Progress report={report} />}
      {report.error !== null && (
        <p className="notice notice-bad" role="status">
          {texts.failedText}: {report.error}
        </p>
      )}
      {report.is_truncated && <p className="notice notice-warn">{texts.truncated}</p>}
      <div className="halves">
        {report.state === "ready" && (
          <Card title={texts.file}>
            <FileFacts report={report} />
          </Card>
        )}
        <Card title={texts.facts}>
          <MadeOf report={report} />
        </Card>
      </div>
      {report.state === "ready" && (
        <Suspense fallback={<Loading />}>
          <Preview report={report} />
        </Suspense>
      )}
    </>
  );
}

function Progress({ report }: { report: Report }) {
  const texts = t.reports;
  const isRendering = report.state === "rendering";
  return (
    <Card>
      <div className="stack" role="status">
        <p>{isRendering ? texts.renderingText : texts.waitingText}</p>
        <progress aria-label={texts.states.rendering} />
        {isRendering && <p className="quiet small number">{texts.rowsRead(count(report.rows))}</p>}
      </div>
    </Card>
  );
}

function FileFacts({ report }: { report: Report }) {
  const texts = t.reports;
  return (
    <>
      <Facts
        facts={[
          [
            texts.format,
            <span key="format" className="chip">
              {report.format}
            </span>,
          ],
          [texts.rows, count(report.rows)],
          [texts.size, report.size_bytes === null ? "–" : bytes(report.size_bytes)],
          [texts.finished, <Time key="finished" at={report.finished_at} />],
          [texts.expires, <Countdown key="expires" to={report.expires_at} />],
        ]}
      />
      {report.sha256 !== null && (
        <div>
          <p className="row small">
            <strong>{texts.checksum}</strong>
            <code>{report.sha256}</code>
            <CopyButton text={report.sha256} what={texts.checksum} small />
          </p>
          <p className="quiet small">{texts.checksumHint}</p>
        </div>
      )}
    </>
  );
}

function MadeOf({ report }: { report: Report }) {
  const texts = t.reports;
  const filters = Object.entries(report.filters as Record<string, string[]>);
  return (
    <Facts
      facts={[
        [texts.about, titleOf({ name: report.definition })],
        [texts.period, periodWords(report)],
        [texts.groupBy, report.group_by === null ? texts.noGroup : columnName(report.group_by)],
        [
          texts.columns,
          report.columns.length === 0
            ? texts.allColumns
            : report.columns.map((name) => columnName(name)).join(", "),
        ],
        [
          texts.filters,
          filters.length === 0
            ? texts.noFilters
            : filters.map(([name, values]) => `${columnName(name)}: ${values.join(", ")}`).join("; "),
        ],
        [texts.made, <Time key="made" at={report.created_at} />],
        [
          texts.job,
          <Link key="job" to="/jobs/$id" params={{ id: report.job_id }}>
            {report.job_id}
          </Link>,
        ],
      ]}
    />
  );
}
