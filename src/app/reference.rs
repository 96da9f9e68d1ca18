//! The generated pages of `docs/reference`; a test compares them with the files.

use super::{Error, adapters, routes};
use crate::{config::Config, http::problems};

/// File name and content of every generated page.
///
/// # Errors
/// When a metric or a schema is not declared right.
pub fn pages() -> Result<Vec<(&'static str, String)>, Error> {
    let meters = adapters::metrics()?;
    meters.readings.touch();
    let openapi = String::from_utf8_lossy(&routes::openapi_json()?).into_owned();
    Ok(vec![
        ("config.md", Config::reference()),
        ("metrics.md", meters.registry.reference()),
        ("openapi.json", openapi),
        ("problems.md", problems::reference()),
    ])
}
