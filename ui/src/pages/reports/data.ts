// What the pages of reports read, and what can be done to one.
import { api, read, type Schemas } from "../../api/client";
import { useAction, useAsked } from "../../components/useAction";
import { serverUrl } from "../../lib/base";
import { useLive } from "../../lib/live";
import { language } from "../../lib/preferences";
import { t } from "../../texts";

export type Report = Schemas["Report"];
export type Definition = Schemas["Page_ReportDefinition"]["data"][number];
const UNDER_WAY_MS = 1_000;
const USUAL_MS = 10_000;

export function isUnderWay(report: Pick<Report, "state">): boolean {
  return report.state === "waiting" || report.state === "rendering";
}

export function useDefinitions() {
  return useLive(["report-definitions"], () => read(api.GET("/report-definitions")), { every: 0 });
}

/** Follows closely while it is being made. */
export function useReport(id: string, isMaking: boolean) {
  return useLive(["report", id], () => read(api.GET("/reports/{id}", { params: { path: { id } } })), {
    every: isMaking ? UNDER_WAY_MS : USUAL_MS,
  });
}

/** What people call the data of a definition. */
export function titleOf(definition: Pick<Definition, "name"> & { title?: string }): string {
  return t.reports.definitions[definition.name]?.[0] ?? definition.title ?? definition.name;
}

/** What people call a column. */
export function columnName(name: string, title?: string): string {
  return t.reports.names[name] ?? title ?? name;
}

export function periodWords({ since, until }: Pick<Report, "since" | "until">): string {
  const say = (time: string) =>
    new Date(time).toLocaleString(language(), { dateStyle: "medium", timeStyle: "short" });
  return t.reports.from(say(since), say(until));
}

export function useReportActions({ id, name }: Report, onDeleted?: () => void) {
  const texts = t.reports;
  const params = { path: { id } };
  // The browser downloads by itself, so that a large file never is in the page; asking first renews the session.
  const download = useAction(() => read(api.GET("/reports/{id}", { params })), {
    next: () => window.location.assign(serverUrl(`api/v1/reports/${id}/download`)),
  });
  const [askDelete] = useAsked(
    () => read(api.DELETE("/reports/{id}", { params })),
    { title: texts.deleteTitle(name), text: texts.deleteText, action: t.kit.delete },
    { done: texts.deleted, changes: [["reports"]], next: onDeleted },
  );
  return { download, askDelete };
}
