//! Settings of the App that the Admin API changes (section 14.4). They are written where the configuration comes from.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::local_app::app::App;
use crate::local_app::config::files::{CUSTOM_USER_DATA, ROOT_CONFIG, SETTINGS};
use crate::local_app::failure::Failure;

/// Lifetimes of refresh tokens in seconds: 30 minutes to 5 years, as the hosted service's documentation has it. Its API
/// description says 180 days at the most; the two disagree.
const REFRESH_SECONDS: std::ops::RangeInclusive<u64> = 1800..=157_680_000;

/// Fields of custom user data by their names in the Admin API and in the file. A function and a data source are named by
/// their ids there; those are the names here.
const CUSTOM_USER_DATA_FIELDS: [(&str, &str); 8] = [
    ("enabled", "enabled"),
    ("mongo_service_id", "mongo_service_name"),
    ("mongo_service_name", "mongo_service_name"),
    ("database_name", "database_name"),
    ("collection_name", "collection_name"),
    ("user_id_field", "user_id_field"),
    ("on_user_creation_function_id", "on_user_creation_function_name"),
    ("on_user_creation_function_name", "on_user_creation_function_name"),
];

impl App {
    /// Changes the lifetime of the refresh tokens of sessions opened from now on.
    pub async fn set_refresh_lifetime(&self, seconds: u64) -> Result<(), Failure> {
        if !REFRESH_SECONDS.contains(&seconds) {
            let (least, most) = (REFRESH_SECONDS.start(), REFRESH_SECONDS.end());
            return Err(Failure::BadRequest(format!(
                "the lifetime of refresh tokens is from {least} to {most} seconds"
            )));
        }
        if self.live_config().given().refresh.is_some() {
            return Err(Failure::BadRequest(
                "the server was started with a lifetime of refresh tokens, which goes before any setting; \
                 start it without"
                    .to_owned(),
            ));
        }
        let set = move |mut settings: Value| {
            settings["refresh_token_lifetime"] = format!("{seconds}s").into();
            Ok(settings)
        };
        self.edit_config_file(SETTINGS, set).await
    }

    /// The lifetime of the refresh tokens of sessions opened now.
    pub fn refresh_token_lifetime(&self) -> Duration {
        self.lifetimes().refresh
    }

    /// Changes which origins browsers may call from.
    pub async fn set_allowed_origins(&self, origins: Vec<String>) -> Result<(), Failure> {
        let set = move |mut root: Value| {
            root["allowed_request_origins"] = origins.clone().into();
            Ok(root)
        };
        self.edit_config_file(ROOT_CONFIG, set).await
    }

    /// Changes where custom user data lives; a field that `changes` does not name stays.
    pub async fn change_custom_user_data(&self, changes: Map<String, Value>) -> Result<(), Failure> {
        let change = move |mut file: Value| {
            for (name, value) in &changes {
                let known = CUSTOM_USER_DATA_FIELDS.into_iter().find(|(known, _)| known == name);
                let (_, field) = known
                    .ok_or_else(|| Failure::BadRequest(format!("custom user data has no field '{name}'")))?;
                file[field] = value.clone();
            }
            Ok(file)
        };
        self.edit_config_file(CUSTOM_USER_DATA, change).await
    }
}
