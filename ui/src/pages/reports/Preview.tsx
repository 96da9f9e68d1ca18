// A look into a short JSON report: its first rows, and bars when it counts.
import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import { Card } from "../../components/Page";
import { ErrorPanel } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import { columnName, type Report } from "./data";

const SHOWN_ROWS = 25;
const SHOWN_BARS = 20;
const BYTES_MAX = 1 << 20;

type Row = Record<string, string | number | null>;
interface Document {
  report: { columns: string[] };
  rows: Row[];
  row_count: number;
}

export default function Preview({ report }: { report: Report }) {
  const isShown = report.format === "json" && (report.size_bytes ?? 0) <= BYTES_MAX;
  const { data, error, refetch } = useQuery({
    queryKey: ["report-file", report.id],
    queryFn: () => load(report.id),
    enabled: isShown,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (data === undefined) return error && <ErrorPanel cause={error} onRetry={() => void refetch()} />;
  const rows = data.rows.slice(0, SHOWN_ROWS).map((row, place) => ({ ...row, "": place }));
  const texts = t.reports;
  return (
    <>
      {report.group_by !== null && data.rows.length > 0 && <Bars document={data} label={texts.chart} />}
      <Card title={texts.preview} note={texts.previewRows(count(rows.length), count(data.row_count))} flush>
        <Table
          label={texts.preview}
          columns={data.report.columns.map(columnOf)}
          rows={rows}
          keyOf={(row) => String(row[""])}
        />
      </Card>
    </>
  );
}

async function load(id: string): Promise<Document> {
  const { data, response } = await api.GET("/reports/{id}/download", {
    params: { path: { id } },
    parseAs: "text",
  });
  if (!response.ok || data === undefined) throw new Error(response.statusText);
  return JSON.parse(data) as Document;
}

function columnOf(name: string, place: number): Column<Row> {
  return {
    head: columnName(name),
    main: place === 0,
    right: place > 0,
    cell: (row) => row[name] ?? "–",
  };
}

/** One bar for each group, by its count. */
function Bars({ document, label }: { document: Document; label: string }) {
  const [group = "", measure = "count"] = document.report.columns;
  const shown = document.rows.slice(0, SHOWN_BARS);
  const valueIn = (row: Row) => Number(row[measure] ?? 0);
  const most = Math.max(1, ...shown.map(valueIn));
  return (
    <Card title={label}>
      <dl className="bars">
        {shown.map((row) => (
          <div key={String(row[group])}>
            <dt>{row[group] ?? "–"}</dt>
            <dd>
              <span className="bar" style={{ width: `${(valueIn(row) / most) * 100}%` }} />
              <span className="number">{count(valueIn(row))}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
