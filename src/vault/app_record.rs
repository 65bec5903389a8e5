//! What is kept of an App: all of it is sealed, its address and the way to its control API above all.

use std::borrow::Cow;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::account::{
    App, AppAlias, ControlAccess, CustomDataSource, DeviceId, UserId, without_secret_parts,
};

/// Everything that is kept of an App.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppRecord {
    /// The App, if it is there again at the next start.
    pub app: Option<App>,
    /// Its current user.
    pub current: Option<UserId>,
    /// The device id that it gave.
    pub device: Option<DeviceId>,
}

/// The record as JSON. A field that is added later has a default, so that records of today still open.
#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    app: Option<WireApp>,
    #[serde(borrow, default)]
    control: Option<WireControl<'a>>,
    #[serde(default)]
    current: Option<UserId>,
    #[serde(default)]
    device: Option<DeviceId>,
}

#[derive(Serialize, Deserialize)]
struct WireApp {
    base_url: Url,
    client_app_id: String,
    custom_data: CustomDataSource,
    #[serde(default)]
    accepted_host: Option<String>,
}

/// The token is borrowed, so that no second copy of a secret is made on the way to the seal.
#[derive(Serialize, Deserialize)]
struct WireControl<'a> {
    base_url: Url,
    #[serde(borrow)]
    token: Cow<'a, str>,
}

impl AppRecord {
    /// The bytes to seal.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let app = self.app.as_ref();
        let control = app.and_then(|app| app.control.as_ref());
        let wire = Wire {
            app: app.map(|app| WireApp {
                base_url: app.base_url.clone(),
                client_app_id: app.client_app_id.clone(),
                custom_data: app.custom_data.clone(),
                accepted_host: app.accepted_host.clone(),
            }),
            control: control.map(|control| WireControl {
                base_url: control.base_url.clone(),
                token: control.token.expose_secret().into(),
            }),
            current: self.current.clone(),
            device: self.device.clone(),
        };
        // Large enough that it does not grow: growing would leave unwiped copies behind.
        let token = wire.control.as_ref().map_or(0, |control| 2 * control.token.len());
        let address = wire.control.as_ref().map_or(0, |control| control.base_url.as_str().len());
        let rest = serde_json::to_vec(&(&wire.app, &wire.current, &wire.device))?.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(token + address + rest + 256));
        serde_json::to_writer(&mut *bytes, &wire)?;
        Ok(bytes)
    }

    /// Reads what [`AppRecord::to_bytes`] wrote of the App `alias`.
    pub(super) fn from_bytes(alias: &AppAlias, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let Wire { app, control, current, device } = serde_json::from_slice(bytes)?;
        let control = control.map(control_access);
        Ok(Self { app: app.map(|app| app.with(alias, control)), current, device })
    }

    /// Reads an App as it was kept before records of Apps were sealed: the address in clear, the way to its control API
    /// sealed by itself.
    pub(super) fn app_from_clear(alias: &AppAlias, kept: &str, control: Option<&[u8]>) -> Option<App> {
        let app: WireApp = serde_json::from_str(kept).ok()?;
        let control = control.and_then(|bytes| serde_json::from_slice(bytes).ok()).map(control_access);
        Some(app.with(alias, control))
    }
}

impl WireApp {
    fn with(self, alias: &AppAlias, control: Option<ControlAccess>) -> App {
        App {
            alias: alias.clone(),
            // Older versions took addresses with a user name and a password in them.
            base_url: without_secret_parts(self.base_url),
            client_app_id: self.client_app_id,
            custom_data: self.custom_data,
            control,
            accepted_host: self.accepted_host,
        }
    }
}

fn control_access(wire: WireControl<'_>) -> ControlAccess {
    ControlAccess { base_url: without_secret_parts(wire.base_url), token: wire.token.as_ref().into() }
}
