// The reports a schedule has asked for.
import { Link } from "@tanstack/react-router";
import { api, read } from "../../api/client";
import { Empty, Loaded } from "../../components/states";
import { Table } from "../../components/Table";
import { Time } from "../../components/Time";
import { useLive } from "../../lib/live";
import { count } from "../../lib/numbers";
import { t } from "../../texts";
import { ReportState } from "../reports/List";

/** Among the newest that are kept. */
const LOOKED_AT = 250;

export function ReportHistory({ id }: { id: string }) {
  const reports = useLive(["reports", "of", id], async () => {
    const { data } = await read(api.GET("/reports", { params: { query: { limit: LOOKED_AT } } }));
    return data.filter((report) => "schedule_id" in report && report.schedule_id === id);
  });
  const texts = t.reports;
  return (
    <Loaded query={reports}>
      {(rows) =>
        rows.length === 0 ? (
          <Empty icon="reports" title={t.schedules.noHistory}>
            <p>{t.schedules.noReportsText}</p>
          </Empty>
        ) : (
          <Table
            label={t.schedules.history}
            rows={rows}
            keyOf={(report) => report.id}
            columns={[
              {
                head: texts.name,
                main: true,
                cell: ({ id: report, name }) => (
                  <Link to="/reports/$id" params={{ id: report }}>
                    {name}
                  </Link>
                ),
              },
              { head: texts.state, cell: (report) => <ReportState report={report} /> },
              { head: texts.rows, right: true, cell: (report) => count(report.rows) },
              { head: texts.made, right: true, cell: ({ created_at }) => <Time at={created_at} /> },
            ]}
          />
        )
      }
    </Loaded>
  );
}
