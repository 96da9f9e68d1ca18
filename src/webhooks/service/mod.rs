//! Use cases, one file each. Those that change something take the transaction they happen in.

mod create;
pub(super) mod delete;
pub(super) mod deliveries;
pub(super) mod disable;
pub(super) mod dispatch;
pub(super) mod event_types;
mod facts;
mod input;
pub(super) mod interrupted;
pub(super) mod maintain;
mod open;
pub(super) mod publish;
pub(super) mod read;
mod receiver;
mod replay;
mod retention;
mod rotate;
pub(super) mod settle;
pub(super) mod stats;
mod test;
mod update;

pub use dispatch::FanOut;
pub use facts::DeliveryFacts;
pub use input::NewWebhook;
pub use replay::{Replay, ReplayBatch};
pub(super) use rotate::SecretsView;
