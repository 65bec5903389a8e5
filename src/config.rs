//! The configuration file: `config.toml`, all of it optional.

mod keys;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::account::{Lead, RedirectUri};

pub use keys::{KeySetting, KeysConfig};

/// What a person can set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How sessions are kept alive.
    pub session: SessionConfig,
    /// How the vault is kept.
    pub vault: VaultConfig,
    /// How the screen looks.
    pub look: LookConfig,
    /// How a person is told that something needs them.
    pub notify: NotifyConfig,
    /// What keys do.
    pub keys: KeysConfig,
    /// What holds for one App, by its name on this device.
    pub apps: BTreeMap<String, AppConfig>,
}

/// What holds for one App.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppConfig {
    /// Where log-ins in the browser end. An App that compares ports has to have the same address in its `redirect_uris`.
    pub redirect_uri: RedirectUri,
}

/// How a person is told that a session needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotifyConfig {
    /// Ring the terminal's bell.
    pub bell: bool,
    /// How the terminal is asked for a notification: `osc9`, `osc777` or `off`.
    pub desktop: DesktopConfig,
}

impl Default for NotifyConfig {
    fn default() -> Self {
        Self { bell: true, desktop: DesktopConfig::Off }
    }
}

/// How a terminal is asked for a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DesktopConfig {
    /// Not at all.
    Off,
    /// By OSC 9.
    Osc9,
    /// By OSC 777.
    Osc777,
}

/// How the screen looks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LookConfig {
    /// `auto`, the name of a theme that comes along, or that of a file in `themes/` beside this one.
    pub theme: String,
    /// Draw with ASCII alone.
    pub ascii: bool,
    /// Take clicks and the wheel of the mouse.
    pub mouse: bool,
}

impl Default for LookConfig {
    fn default() -> Self {
        Self { theme: "auto".into(), ascii: false, mouse: true }
    }
}

/// How sessions are kept alive.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// The share of its life before whose end an access token is renewed, from 0 to 1.
    #[serde(deserialize_with = "share")]
    pub refresh_share: f64,
    /// The longest time before its expiry at which an access token is renewed.
    pub refresh_lead: SignedDuration,
    /// Renewals on the wire at once, for each app.
    #[serde(deserialize_with = "at_least_one")]
    pub in_flight: usize,
}

impl Default for SessionConfig {
    fn default() -> Self {
        let Lead { share, longest } = Lead::default();
        Self { refresh_share: share, refresh_lead: longest, in_flight: 16 }
    }
}

impl SessionConfig {
    /// How long before its expiry an access token is renewed.
    pub fn lead(&self) -> Lead {
        Lead { share: self.refresh_share, longest: self.refresh_lead }
    }
}

/// How the vault is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultConfig {
    /// Lock the vault after so long without a key press; never, if not set.
    pub auto_lock: Option<SignedDuration>,
}

impl VaultConfig {
    /// The time without a key press after which the vault is locked.
    pub fn auto_lock(&self) -> Option<Duration> {
        self.auto_lock.and_then(|after| after.try_into().ok()).filter(|after: &Duration| !after.is_zero())
    }
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It does not say what a configuration says.
    #[error("{}: {message}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

impl Config {
    /// Reads `path`; a file that is not there says nothing.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                Self::parse(&text).map_err(|message| ConfigError::Content { path: path.to_owned(), message })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read { path: path.to_owned(), source }),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        config.keys.locate(text);
        Ok(config)
    }
}

// Judged while the file is read, so that the error names the line.
fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(deserializer)?;
    let is_share = (0.0..=1.0).contains(&share);
    is_share.then_some(share).ok_or_else(|| D::Error::custom("refresh_share must be a number from 0 to 1"))
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let number = usize::deserialize(deserializer)?;
    (number > 0).then_some(number).ok_or_else(|| D::Error::custom("in_flight must be at least 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_means_the_defaults() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
        assert_eq!(Config::default().session.lead(), Lead::default());
        assert_eq!(Config::read(Path::new("/nonexistent/config.toml")).unwrap(), Config::default());
    }

    #[test]
    fn durations_are_written_as_people_write_them() {
        let config = Config::parse(
            "[session]\nrefresh_lead = \"2m 30s\"\nrefresh_share = 0.5\n[vault]\nauto_lock = \"15m\"",
        )
        .unwrap();
        assert_eq!(config.session.refresh_lead, SignedDuration::from_secs(150));
        assert_eq!(config.vault.auto_lock(), Some(Duration::from_secs(900)));
    }

    #[test]
    fn a_person_is_told_by_bell_unless_they_say_otherwise() {
        let notify = Config::parse("").unwrap().notify;
        assert_eq!(notify, NotifyConfig { bell: true, desktop: DesktopConfig::Off });
        for (text, desktop) in
            [("off", DesktopConfig::Off), ("osc9", DesktopConfig::Osc9), ("osc777", DesktopConfig::Osc777)]
        {
            let text = format!("[notify]\nbell = false\ndesktop = \"{text}\"");
            assert_eq!(Config::parse(&text).unwrap().notify, NotifyConfig { bell: false, desktop });
        }
        assert!(Config::parse("[notify]\ndesktop = \"growl\"").is_err());
    }

    #[test]
    fn keys_are_read_with_their_lines() {
        let text =
            "[keys]\nrefresh = [\"ctrl-r\", \"f5\"]\n\ndelete = \"<none>\"\n[keys.users]\nlog-in = \"i\"\n";
        let keys = Config::parse(text).unwrap().keys;
        let read: Vec<_> = keys
            .settings
            .iter()
            .map(|setting| {
                (setting.line, setting.place.as_deref(), setting.action.as_str(), setting.keys.join(" "))
            })
            .collect();
        assert_eq!(
            read,
            [
                (2, None, "refresh", "ctrl-r f5".into()),
                (4, None, "delete", "<none>".into()),
                (6, Some("users"), "log-in", "i".into()),
            ]
        );
        for wrong in
            ["[keys]\nrefresh = 5", "[keys]\nrefresh = [5]", "[keys.users.more]\nrefresh = \"x\"", "keys = 1"]
        {
            let error = Config::parse(wrong).unwrap_err();
            assert!(error.contains("line"), "{wrong}: {error}");
        }
    }

    #[test]
    fn an_app_may_have_its_log_ins_end_elsewhere() {
        let text = "[apps.shop]\nredirect_uri = \"http://localhost:41234/idmux\"\n[apps.other]";
        let apps = Config::parse(text).unwrap().apps;
        assert_eq!(apps["shop"].redirect_uri.on(41234), "http://localhost:41234/idmux");
        assert_eq!(apps["other"].redirect_uri, RedirectUri::default());
        let error = Config::parse("[apps.shop]\nredirect_uri = \"https://example.com/\"").unwrap_err();
        assert!(error.contains("line 2") && error.contains("on this machine"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let error = Config::parse("[session]\nrefresh_led = \"5m\"").unwrap_err();
        assert!(error.contains("refresh_led") && error.contains("line 2"), "{error}");
        for wrong in ["[session]\nrefresh_share = 1.5", "[session]\nin_flight = 0", "[vault]\nauto_lock = 5"]
        {
            let error = Config::parse(wrong).unwrap_err();
            assert!(error.contains("line 2"), "{wrong}: {error}");
        }
    }
}
