// The whole audit log as a file; the server gives it out in parts.
import { api } from "../../api/client";
import { ApiError, type Problem } from "../../api/problem";
import { download } from "../../lib/download";
import { t } from "../../texts";

const PARTS_MAX = 64;

export async function exportAudit(format: "csv" | "ndjson"): Promise<void> {
  const parts: string[] = [];
  let after: number | undefined;
  for (let part = 0; ; part += 1) {
    // A file that looks whole and is not would be worse than none.
    if (part === PARTS_MAX) throw new Error(t.audit.log.exportTooLong);
    const { data, error, response } = await api.GET("/audit/export", {
      params: { query: { format, after } },
      parseAs: "text",
    });
    if (!response.ok) throw new ApiError(response.status, (error ?? {}) as Partial<Problem>);
    // Every part of a CSV begins with the names of its columns.
    const text = data ?? "";
    parts.push(format === "csv" && part > 0 ? text.slice(text.indexOf("\n") + 1) : text);
    const next = response.headers.get("x-next-after");
    if (next === null) break;
    after = Number(next);
  }
  download(`audit.${format}`, parts, format === "csv" ? "text/csv" : "application/x-ndjson");
}
