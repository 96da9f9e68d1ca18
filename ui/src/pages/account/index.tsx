// The pages of one's own account.

export { Notifications } from "./Notifications";
export { Profile } from "./Profile";
export { Security } from "./Security";
