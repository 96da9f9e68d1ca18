//! What handlers can ask for: one handle per slice.

use axum::extract::FromRef;

use crate::system::System;

/// The handles behind the routes.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) system: System,
}

macro_rules! part {
    ($($field:ident: $type:ty),+ $(,)?) => {$(
        impl FromRef<State> for $type {
            fn from_ref(state: &State) -> Self {
                state.$field.clone()
            }
        }
    )+};
}

part! {
    system: System,
}
