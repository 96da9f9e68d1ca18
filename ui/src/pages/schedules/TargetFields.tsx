// What to do at each tick, in the form of a schedule.
import { useState } from "react";
import { useCan } from "../../api/session";
import { AreaField, type Fields } from "../../components/Form";
import { t } from "../../texts";
import { JobFields, orderOf } from "../jobs/JobFields";
import { ReportFields, reportOf } from "../reports/Fields";
import { Choice } from "./Choice";
import type { Target } from "./target";

/** What the fields say; a report is called like its schedule. */
export function targetFrom(fields: Fields): Target {
  if (fields.text("target") !== "report") return { job: orderOf(fields) };
  const recipients = fields.list("recipients");
  return { report: { ...reportOf(fields), ...(recipients.length > 0 && { recipients }) } };
}

export function TargetFields({ target }: { target: Target }) {
  const [kind, setKind] = useState(target.report != null ? "report" : "job");
  const can = useCan();
  const texts = t.schedules.form;
  const choice = { name: "target", now: kind, onChoose: setKind };
  return (
    <fieldset className="stack">
      <legend>{texts.what}</legend>
      <div className="presets">
        <Choice {...choice} value="job" title={texts.job} text={texts.jobText} />
        {can("reports:write") && (
          <Choice {...choice} value="report" title={texts.report} text={texts.reportText} />
        )}
      </div>
      {kind === "job" ? (
        <JobFields order={target.job ?? {}} isRecurring />
      ) : (
        <>
          <ReportFields order={target.report ?? {}} isRecurring />
          {can("emails:write") && (
            <AreaField
              label={texts.recipients}
              name="recipients"
              rows={2}
              optional
              hint={texts.recipientsHint}
              defaultValue={target.report?.recipients?.join("\n")}
            />
          )}
        </>
      )}
    </fieldset>
  );
}
