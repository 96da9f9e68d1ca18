//! The pure parts, example by example and by property.

mod guard;
mod properties;
mod target;
