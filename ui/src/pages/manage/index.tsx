// The pages of the company: keys, audit log, mailbox, settings.
export { Audit } from "./Audit";
export { Keys } from "./Keys";
export { Mailbox } from "./Mailbox";
export { Settings } from "./Settings";
