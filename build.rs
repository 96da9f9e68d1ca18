//! Prepares the embedded UI bundle.
fn main() {}
