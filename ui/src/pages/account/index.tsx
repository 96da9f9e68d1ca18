// The pages of one's own account.
export { Profile } from "./Profile";
export { Security } from "./Security";
