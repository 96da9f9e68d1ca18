// The pages of people.
export { DepartmentPage } from "./DepartmentPage";
export { Departments } from "./Departments";
export { Invites } from "./Invites";
export { People } from "./People";
