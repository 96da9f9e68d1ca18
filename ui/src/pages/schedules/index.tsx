// The pages of schedules.
export { EditSchedule, NewSchedule } from "./Edit";
export { Schedules } from "./List";
export { SchedulePage } from "./SchedulePage";
