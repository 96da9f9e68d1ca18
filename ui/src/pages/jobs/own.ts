// The jobs the server makes and runs itself: each stands for something that has a page of its own. Pure.

/** Queues whose jobs only the server makes. */
export const OWN_QUEUES: ReadonlySet<string> = new Set(["email", "webhook", "report", "actions"]);
/** What carries an action on many jobs; of the server's own, it alone can be cancelled. */
export const ACTION = "jobs.action";
const OWN_KINDS: ReadonlySet<string> = new Set([
  ACTION,
  "email.send",
  "report.render",
  "report.send",
  "webhook.deliver",
  "webhook.replay",
]);

/** Whether the server refuses to have a job changed, since it stands for something else. */
export function isOwnKind(kind: string): boolean {
  return OWN_KINDS.has(kind);
}

/** The page and the id of what a job stands for. */
export function stoodFor(payload: unknown): [path: string, id: string] | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { delivery_id, email_id, report_id } = payload as Record<string, unknown>;
  if (typeof delivery_id === "string") return [`/deliveries/${delivery_id}`, delivery_id];
  if (typeof report_id === "string") return [`/reports/${report_id}`, report_id];
  if (typeof email_id === "string") return [`/emails/${email_id}`, email_id];
  return undefined;
}
