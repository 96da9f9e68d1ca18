// The pages of events.
export { EventPage } from "./EventPage";
export { Events } from "./Events";
export { EventTypes } from "./EventTypes";
export { Inspector } from "./Inspector";
