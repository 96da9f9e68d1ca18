//! One suite per seam with several implementations, run for each of them.

mod blob;
mod engine;
