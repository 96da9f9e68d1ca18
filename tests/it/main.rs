//! The integration tests: one binary, one module per kind of question.
//!
//! `cfg(test)` on each module tells the lints that everything below is test code.

#![expect(unreachable_pub, reason = "a test binary exports nothing, and `pub` reads better than `pub(crate)`")]

#[cfg(test)]
mod api;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod security;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
