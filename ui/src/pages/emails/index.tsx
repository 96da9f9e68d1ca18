// The pages of e-mails.
export { EmailPage } from "./EmailPage";
export { Emails } from "./Emails";
export { Templates } from "./Templates";
