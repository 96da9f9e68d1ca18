//! NovaPulse: durable jobs, signed webhooks and workflows in one binary.
//!
//! The crate is a small kernel with feature slices above it. Imports point down only:
//! `base` → `config`, `telemetry` → `storage`, `outbound` → `blob` → `queue`, `events`, `http` →
//! the slices (`auth`, `accounts`, `emails`, `webhooks`, `reports`, `jobs`, `schedules`, `changes`, `settings`, `system`) → `app` →
//! `cli`.
//! `tests/it/tidy` checks that. Start reading at `docs/ARCHITECTURE.md`.

pub mod base;
pub mod config;
pub mod telemetry;

pub mod outbound;
pub mod storage;

pub mod blob;

pub mod events;
pub mod http;
pub mod queue;
pub mod sealing;

pub mod acme;
pub mod audit;
pub mod auth;
pub mod notifications;

pub mod accounts;

pub mod emails;

pub mod webhooks;

pub mod reports;

pub mod changes;

pub mod jobs;
pub mod limits;
pub mod mail;
pub mod schedules;
pub mod usage;

pub mod settings;

pub mod system;

pub mod app;

pub mod cli;
