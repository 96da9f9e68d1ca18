//! What the feed says about deliveries: one note per change that others follow.

use super::model::{Delivery, DeliveryState};
use crate::{
    base::{DeliveryId, RawId},
    storage::{Note, Tx},
};

/// The first tag of deliveries; the changes follow in their order.
const FIRST_TAG: u8 = 32;

/// A change of a delivery that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum DeliveryChange {
    /// It was made, or taken up again, and waits for an attempt.
    Created,
    /// An attempt failed, and there will be another one.
    Retrying,
    /// An attempt was answered with 2xx.
    Succeeded,
    /// It was given up.
    Failed,
    /// It was stopped.
    Cancelled,
}

impl DeliveryChange {
    /// Every change, in the order of their tags.
    pub const ALL: [Self; 5] = [Self::Created, Self::Retrying, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The word of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Retrying => "retrying",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The change a note of the feed tells, and of which delivery; `None` when it is not about a delivery.
    #[must_use]
    pub fn of(note: Note) -> Option<(Self, DeliveryId)> {
        let change = Self::ALL.get(usize::from(note.tag.checked_sub(FIRST_TAG)?)).copied()?;
        Some((change, DeliveryId::from_raw(RawId { hi: note.hi, lo: note.lo? })))
    }

    const fn to(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Created,
            DeliveryState::Succeeded => Self::Succeeded,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Cancelled => Self::Cancelled,
        }
    }
}

/// Notes what a delivery has become.
pub(super) fn note(tx: &mut Tx<'_>, delivery: &Delivery) {
    note_as(tx, delivery, DeliveryChange::to(delivery.state));
}

/// Notes that an attempt failed and another one will follow.
pub(super) fn note_retry(tx: &mut Tx<'_>, delivery: &Delivery) {
    note_as(tx, delivery, DeliveryChange::Retrying);
}

fn note_as(tx: &mut Tx<'_>, delivery: &Delivery, change: DeliveryChange) {
    let RawId { hi, lo } = delivery.id.raw();
    tx.note(delivery.company.hi(), Note { tag: FIRST_TAG + change as u8, hi, lo: Some(lo) });
}
