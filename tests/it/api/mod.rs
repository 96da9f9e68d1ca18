//! Requests in, answers out: one file per slice.
