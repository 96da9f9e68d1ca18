//! Requests in, answers out: one file per slice.

mod health;
mod http;
mod jobs;
mod queues;
mod work;
