//! Use cases, one file each. Those that change something take the transaction they happen in.

mod input;
mod maintain;
mod send;
mod templates;

pub(super) use input::{AttachmentOrder, EmailOrder};
pub(super) use send::EmailDetail;
pub(super) use templates::Wanted;
