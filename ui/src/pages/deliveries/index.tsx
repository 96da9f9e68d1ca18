// The page of one delivery.
export { DeliveryPage } from "./DeliveryPage";
