//! An App as it is remembered. Only the way to its control API is secret: it is sealed by itself.

use std::borrow::Cow;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::account::{App, AppAlias, ControlAccess, CustomDataSource};

/// An App that is there again at the next start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptApp {
    alias: AppAlias,
    base_url: Url,
    client_app_id: String,
    custom_data: CustomDataSource,
    #[serde(skip)]
    control: Option<ControlAccess>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted_host: Option<String>,
}

/// The way to the control API as it is sealed.
#[derive(Serialize, Deserialize)]
struct WireControl<'a> {
    base_url: Url,
    #[serde(borrow)]
    token: Cow<'a, str>,
}

impl From<App> for KeptApp {
    fn from(app: App) -> Self {
        let App { alias, base_url, client_app_id, custom_data, control, accepted_host } = app;
        Self { alias, base_url, client_app_id, custom_data, control, accepted_host }
    }
}

impl From<KeptApp> for App {
    fn from(kept: KeptApp) -> Self {
        let KeptApp { alias, base_url, client_app_id, custom_data, control, accepted_host } = kept;
        Self { alias, base_url, client_app_id, custom_data, control, accepted_host }
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

    /// The way to its control API, to be sealed.
    pub(super) fn control_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let ControlAccess { base_url, token } = self.control.as_ref()?;
        let wire = WireControl { base_url: base_url.clone(), token: token.expose_secret().into() };
        // Large enough that it does not grow: growing would leave unwiped copies behind.
        let room = 2 * wire.token.len() + base_url.as_str().len() + 256;
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *bytes, &wire).ok()?;
        Some(bytes)
    }

    /// Takes in what [`KeptApp::control_bytes`] gave.
    pub(super) fn set_control(&mut self, bytes: &[u8]) {
        let wire: Option<WireControl<'_>> = serde_json::from_slice(bytes).ok();
        self.control =
            wire.map(|wire| ControlAccess { base_url: wire.base_url, token: wire.token.as_ref().into() });
    }
}
