//! The composition root: the only place that wires concrete things together.

pub mod ui;
