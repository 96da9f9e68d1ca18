//! The integration tests: one binary, one module per kind of question.

mod api;
mod conformance;
mod durability;
mod flows;
mod security;
mod support;
mod tidy;
