//! Schedules: rules against a simple model of clocks, ticks across crashes and jumps of the clock.

mod many;
mod rules;
mod targets;
mod ticks;
