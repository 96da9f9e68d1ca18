// The pages of webhooks.
export { WebhookDeliveries } from "./Deliveries";
export { WebhookFrame } from "./Frame";
export { Webhooks } from "./List";
export { NewWebhook } from "./New";
export { WebhookOverview } from "./Overview";
export { WebhookSecret } from "./Secret";
export { WebhookSettings } from "./Settings";
export { WebhookTesting } from "./Testing";
