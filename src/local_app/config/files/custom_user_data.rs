//! `auth/custom_user_data.json` (section 7).

use super::CUSTOM_USER_DATA;
use super::error::ConfigError;
use super::fields::Fields;
use super::source::Source;
use crate::local_app::config::CustomUserData;

/// Reads the file, or the same object of the `older` root configuration; without either there is no custom user data.
pub fn read(source: &mut Source<'_>, older: Option<Fields>) -> Result<CustomUserData, ConfigError> {
    let newer = source.object(CUSTOM_USER_DATA)?;
    let mut fields = match (newer, older) {
        (Some(newer), older) => {
            if let Some(older) = older {
                source.unhonoured(older.file(), "custom_user_data_config");
            }
            newer
        }
        (None, Some(older)) => older,
        (None, None) => return Ok(CustomUserData { enabled: false, ..CustomUserData::default() }),
    };
    let enabled = fields.flag("enabled")?;
    let default = CustomUserData::default();
    // Switched off, the places may be empty; switched on, a folder that leaves one out would answer from nowhere.
    let mut place = |name: &str, default: String| match (fields.filled(name)?, enabled) {
        (Some(place), _) => Ok(place),
        (None, false) => Ok(default),
        (None, true) => Err(fields.error(name, "expected a text, found nothing")),
    };
    let data = CustomUserData {
        enabled,
        service: place("mongo_service_name", default.service)?,
        database: place("database_name", default.database)?,
        collection: place("collection_name", default.collection)?,
        user_id_field: place("user_id_field", default.user_id_field)?,
        on_user_creation_function: fields.filled("on_user_creation_function_name")?,
    };
    source.done(fields);
    Ok(data)
}
