//! The settings on the wire.

use axum::extract::{FromRef, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Error, Settings, SettingsChange, Values};
use crate::{
    accounts::Registration,
    auth::{Auth, Author, Caller},
    config,
    http::{Change, IfMatch, Json, Problem},
};

/// The routes, relative to where they are mounted.
pub fn routes<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Settings: FromRef<S>,
    Auth: FromRef<S>,
{
    OpenApiRouter::new().routes(routes!(get_settings, update_settings))
}

/// Settings of the whole instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstanceSettings)]
struct SettingsBody {
    /// Who may join: `open` lets everybody make a company, `invite_only` asks for an invitation, `closed` takes nobody.
    registration: Registration,
    /// API calls of a company per second, for good; 0 sets no limit.
    api_per_second: u32,
    /// API calls of a company at once, before the rate counts; 0 sets no limit.
    api_burst: u32,
    /// Which of these the configuration says; they cannot be changed here.
    fixed: Vec<&'static str>,
    /// The configuration that the server runs with.
    configuration: Vec<ConfigurationEntry>,
}

/// One value of the configuration.
#[derive(Debug, Serialize, ToSchema)]
struct ConfigurationEntry {
    /// Its table and key.
    #[schema(example = "server.listen")]
    key: String,
    /// Its value as TOML; a secret is masked; null when it is not set.
    #[schema(required, example = "\"127.0.0.1:8080\"")]
    value: Option<String>,
    /// Where it comes from.
    #[schema(example = "environment NOVAPULSE_SERVER_LISTEN")]
    source: String,
    /// What it means.
    meaning: String,
}

impl From<&config::Entry> for ConfigurationEntry {
    fn from(entry: &config::Entry) -> Self {
        let config::Entry { table, key, value, source, meaning } = entry.clone();
        Self { key: format!("{table}.{key}"), value, source, meaning }
    }
}

impl SettingsBody {
    fn new(settings: &Settings, values: Values) -> Self {
        let Values { registration, api_per_second, api_burst } = values;
        let fixed = settings.parts.base.fixed.keys().copied().collect();
        let configuration = settings.parts.configuration.iter().map(ConfigurationEntry::from).collect();
        Self { registration, api_per_second, api_burst, fixed, configuration }
    }
}

/// Shows the settings of the instance and its configuration
#[utoipa::path(get, path = "/settings", operation_id = "get_settings", tag = "system",
    responses((status = 200, description = "The settings", body = SettingsBody)))]
async fn get_settings(State(settings): State<Settings>, _: Caller) -> Result<Json<SettingsBody>, Problem> {
    let values = settings.values().await?;
    Ok(Json(SettingsBody::new(&settings, values)))
}

/// Changes to the settings: fields left out stay, null goes back to the default.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstanceSettingsPatch, example = json!({ "registration": "closed" }))]
struct SettingsPatch {
    /// Who may join.
    #[serde(default)]
    #[schema(value_type = Option<Registration>)]
    registration: Change<Registration>,
    /// API calls of a company per second, for good; 0 sets no limit.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000)]
    api_per_second: Change<u32>,
    /// API calls of a company at once, before the rate counts; 0 sets no limit.
    #[serde(default)]
    #[schema(value_type = Option<u32>, maximum = 1_000_000)]
    api_burst: Change<u32>,
}

/// Changes settings of the instance, at once and for good
///
/// What the configuration says (see `fixed`) is refused.
#[utoipa::path(patch, path = "/settings", operation_id = "update_settings", tag = "system", request_body = SettingsPatch,
    responses((status = 200, description = "The settings now", body = SettingsBody),
        (status = 412, description = "They are not what `If-Match` names")))]
async fn update_settings(
    State(settings): State<Settings>,
    author: Author,
    if_match: IfMatch,
    Json(input): Json<SettingsPatch>,
) -> Result<Json<SettingsBody>, Problem> {
    let SettingsPatch { registration, api_per_second, api_burst } = input;
    let change = SettingsChange { registration, api_per_second, api_burst };
    let handle = settings.clone();
    let fits = move |now| if_match.check(&SettingsBody::new(&handle, now));
    let values = settings.change::<Problem>(author, change, fits).await?;
    Ok(Json(SettingsBody::new(&settings, values)))
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::Fixed(name, _) | Error::Range(name) => Self::invalid(format!("/{name}"), words),
            Error::Auth(error) => error.into(),
            Error::Storage(error) => error.into(),
        }
    }
}
