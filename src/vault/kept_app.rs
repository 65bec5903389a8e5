//! An App as it is remembered. Nothing of it is secret.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::account::{App, AppAlias, CustomDataSource};

/// An App that is there again at the next start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptApp {
    alias: AppAlias,
    base_url: Url,
    client_app_id: String,
    custom_data: CustomDataSource,
}

impl From<App> for KeptApp {
    fn from(app: App) -> Self {
        let App { alias, base_url, client_app_id, custom_data } = app;
        Self { alias, base_url, client_app_id, custom_data }
    }
}

impl From<KeptApp> for App {
    fn from(kept: KeptApp) -> Self {
        let KeptApp { alias, base_url, client_app_id, custom_data } = kept;
        Self { alias, base_url, client_app_id, custom_data }
    }
}

impl KeptApp {
    /// Its name on this device.
    pub fn alias(&self) -> &AppAlias {
        &self.alias
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}
