//! Stories that cross slices, and the command line as people use it.

mod command_line;
mod console;
mod delivery;
mod dev_mode;
mod full_disk;
mod life_cycle;
mod mail_server;
mod official_receivers;
mod report_mail;
mod rotation;
mod workers;
