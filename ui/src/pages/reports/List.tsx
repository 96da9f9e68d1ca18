// Every report that is kept, with its file.
import { Link } from "@tanstack/react-router";
import { api, read } from "../../api/client";
import { useCan } from "../../api/session";
import { Button, ButtonLink } from "../../components/Button";
import { Countdown } from "../../components/Countdown";
import { ListCard } from "../../components/ListCard";
import { Page } from "../../components/Page";
import { State } from "../../components/State";
import type { Column } from "../../components/Table";
import { Time } from "../../components/Time";
import { usePages } from "../../lib/live";
import { bytes, count } from "../../lib/numbers";
import { t } from "../../texts";
import { periodWords, type Report, titleOf, useReportActions } from "./data";

export function Reports() {
  const can = useCan();
  const texts = t.reports;
  const reports = usePages(["reports"], (cursor) =>
    read(api.GET("/reports", { params: { query: { limit: 50, cursor } } })),
  );
  const writes = can("reports:write");
  const add = writes && (
    <ButtonLink to="/reports/new" look="primary" icon="plus">
      {texts.add}
    </ButtonLink>
  );
  return (
    <Page title={texts.title} note={texts.note} actions={add}>
      <ListCard
        icon="reports"
        texts={texts}
        pages={reports}
        columns={columns(writes)}
        keyOf={({ id }) => id}
        add={add}
      />
    </Page>
  );
}

function columns(writes: boolean): Column<Report>[] {
  const texts = t.reports;
  return [
    {
      head: texts.name,
      main: true,
      wide: true,
      cell: (report) => (
        <span className="stack-tight">
          <Link to="/reports/$id" params={{ id: report.id }}>
            {report.name}
          </Link>
          <span className="quiet small">
            {titleOf({ name: report.definition })}, {periodWords(report)}
          </span>
        </span>
      ),
    },
    { head: texts.format, cell: ({ format }) => <span className="chip">{format}</span> },
    { head: texts.state, cell: (report) => <ReportState report={report} /> },
    { head: texts.rows, right: true, cell: ({ rows }) => count(rows) },
    {
      head: texts.size,
      right: true,
      cell: ({ size_bytes }) => (size_bytes == null ? "–" : bytes(size_bytes)),
    },
    { head: texts.made, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
    { head: texts.expires, right: true, cell: ({ expires_at }) => <Countdown to={expires_at} /> },
    { head: "", right: true, cell: (report) => <RowActions report={report} writes={writes} /> },
  ];
}

export function ReportState({ report: { state } }: { report: Report }) {
  return <State state={state} label={t.reports.states[state as keyof typeof t.reports.states]} />;
}

function RowActions({ report, writes }: { report: Report; writes: boolean }) {
  const { download, askDelete } = useReportActions(report);
  const { name, state } = report;
  return (
    <span className="row row-right">
      {state === "ready" && (
        <Button
          small
          icon="download"
          aria-label={`${t.reports.download}: ${name}`}
          busy={download.isPending}
          onClick={() => download.mutate()}
        />
      )}
      {writes && (
        <Button look="quiet" small icon="trash" aria-label={`${t.kit.delete}: ${name}`} onClick={askDelete} />
      )}
    </span>
  );
}
