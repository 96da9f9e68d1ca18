// The pages that ask for no session.
export { Forgot, Join, Register, Reset } from "./letters";
export { SetUp } from "./SetUp";
export { SignIn } from "./SignIn";
