// English, the language everything is written in first.
import { access } from "./access";
import { account } from "./account";
import { audit } from "./audit";
import { deliveries } from "./deliveries";
import { emails } from "./emails";
import { jobs } from "./jobs";
import { overview } from "./overview";
import { people } from "./people";
import { reports } from "./reports";
import { schedules } from "./schedules";
import { errors, kit, shell, words } from "./shell";
import { webhooks } from "./webhooks";

export const en = {
  access,
  account,
  audit,
  deliveries,
  emails,
  errors,
  jobs,
  kit,
  overview,
  people,
  reports,
  schedules,
  shell,
  webhooks,
  words,
};
