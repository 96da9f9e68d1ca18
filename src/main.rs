//! The `novapulse` binary: parses arguments and runs one command.

fn main() {}
