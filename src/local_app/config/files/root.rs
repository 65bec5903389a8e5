//! `root_config.json` (section 11.1), under its older names too.

use url::{Origin, Url};

use super::error::ConfigError;
use super::fields::Fields;
use super::source::Source;
use super::{AppFiles, ROOT_CONFIG};
use crate::local_app::app_id::AppId;

/// The file's names, newest first.
const NAMES: [&str; 4] = [ROOT_CONFIG, "realm_config.json", "config.json", "stitch.json"];

/// Versions of the export format whose files are read here.
const VERSIONS: [u64; 3] = [20_180_301, 20_200_603, 20_210_101];

/// Tags of environments.
pub const ENVIRONMENTS: [&str; 5] = ["", "development", "testing", "qa", "production"];

/// What the file says.
pub struct Root {
    pub app_id: Option<AppId>,
    pub name: Option<String>,
    pub allowed_request_origins: Vec<String>,
    pub environment: String,
    /// Of the older layout, which has no file of its own for it.
    pub custom_user_data: Option<Fields>,
}

impl AppFiles {
    /// The path of the root configuration, which older exports call otherwise.
    pub fn root_config(&self) -> &'static str {
        NAMES.into_iter().find(|name| self.get(name).is_some()).unwrap_or(ROOT_CONFIG)
    }
}

/// Reads the file under the newest of its names that is there.
pub fn read(source: &mut Source<'_>) -> Result<Root, ConfigError> {
    let path = source.root_config();
    let mut fields = source.object(path)?.ok_or_else(|| ConfigError::Missing {
        file: ROOT_CONFIG.to_owned(),
        hint: "it makes a folder an App's, and `idmux app init` writes one".to_owned(),
    })?;
    let version = fields.value("config_version");
    if version.is_some_and(|version| !version.as_u64().is_some_and(|number| VERSIONS.contains(&number))) {
        return Err(fields.error("config_version", "expected 20210101, or an older version of the format"));
    }
    let app_id = app_id(&mut fields)?;
    let name = fields.filled("name")?;
    if name.as_deref().is_some_and(|name| !is_name(name)) {
        return Err(fields.error("name", "expected at most 32 ASCII letters, digits, '_' and '-'"));
    }
    let environment = fields.text("environment")?.unwrap_or_default();
    if !ENVIRONMENTS.contains(&environment.as_str()) {
        return Err(fields.error("environment", "expected \"\", development, testing, qa or production"));
    }
    let mut allowed_request_origins = origins(&mut fields)?;
    if let Some(mut security) = fields.object("security")? {
        allowed_request_origins.append(&mut origins(&mut security)?);
        fields.absorb(security);
    }
    // Read by whoever has the newer file's place; a folder with both goes by the newer file.
    let custom_user_data = fields.object("custom_user_data_config")?;
    source.done(fields);
    Ok(Root { app_id, name, allowed_request_origins, environment, custom_user_data })
}

/// The App's own id. Some layouts call it `client_app_id`, and have the internal id, 24 hex digits, under `app_id`.
fn app_id(fields: &mut Fields) -> Result<Option<AppId>, ConfigError> {
    let mut found = None;
    for name in ["client_app_id", "app_id"] {
        let Some(id) = fields.filled(name)? else { continue };
        let is_internal = id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit());
        if found.is_none() && !(name == "app_id" && is_internal) {
            let expected = "expected a client app id, as in shop-abcde";
            found = Some(id.parse().map_err(|_| fields.error(name, expected))?);
        }
    }
    Ok(found)
}

fn origins(fields: &mut Fields) -> Result<Vec<String>, ConfigError> {
    const FIELD: &str = "allowed_request_origins";
    let origins = fields.texts(FIELD)?;
    for (index, origin) in origins.iter().enumerate() {
        if !is_origin(origin) {
            let expected = "expected an origin, as in https://example.com or http://localhost:3000";
            return Err(fields.error(&format!("{FIELD}[{index}]"), expected));
        }
    }
    Ok(origins)
}

fn is_name(name: &str) -> bool {
    name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// `scheme://host[:port]`, and nothing after.
fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let no_user = url.username().is_empty() && url.password().is_none();
    let named = url.has_host() || matches!(url.origin(), Origin::Tuple(..));
    named && bare && no_user && !text.ends_with('/')
}
