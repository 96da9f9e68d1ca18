// The pages of queues and jobs.
export { Failures } from "./Failures";
export { JobPage } from "./JobPage";
export { Jobs } from "./Jobs";
export { NewJob } from "./NewJob";
export { QueuePage } from "./QueuePage";
export { Queues } from "./Queues";
export { Workers } from "./Workers";
