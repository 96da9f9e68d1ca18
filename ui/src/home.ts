// What a first visit shows: the frame of the pages behind the sign-in and the overview, loaded as one.
export { Overview } from "./pages/overview";
export { Shell } from "./shell/Shell";
