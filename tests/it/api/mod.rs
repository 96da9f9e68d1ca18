//! Requests in, answers out: one file per slice.

mod access;
mod bad_input;
mod changes;
mod company;
mod deliveries;
mod email_templates;
mod emails;
mod events;
mod flows;
mod health;
mod http;
mod job_limits;
mod jobs;
mod mailbox;
mod members;
mod notices;
mod proof;
mod queues;
mod recovery;
mod reports;
mod rights;
mod schedules;
mod search;
mod second_factor;
mod webhooks;
mod work;
