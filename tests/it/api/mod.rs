//! Requests in, answers out: one file per slice.

mod access;
mod deliveries;
mod events;
mod health;
mod http;
mod jobs;
mod mailbox;
mod members;
mod queues;
mod recovery;
mod second_factor;
mod webhooks;
mod work;
