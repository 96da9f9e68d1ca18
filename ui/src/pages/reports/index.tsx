// The pages of reports.
export { Reports } from "./List";
export { NewReport } from "./New";
export { ReportPage } from "./ReportPage";
