//! Requests in, answers out: one file per slice.

mod access;
mod changes;
mod company;
mod deliveries;
mod email_templates;
mod emails;
mod events;
mod flows;
mod health;
mod http;
mod jobs;
mod mailbox;
mod members;
mod notices;
mod proof;
mod queues;
mod recovery;
mod report_files;
mod reports;
mod rights;
mod scheduled_reports;
mod schedules;
mod search;
mod second_factor;
mod webhooks;
mod work;
