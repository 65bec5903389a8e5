//! Everything a screen may show, as of one moment. No secret is in it.

use std::sync::Arc;

use bson::Document;
use imbl::Vector;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::account::{
    ApiKey, AppAlias, Claims, CustomDataSource, Identity, Lifetime, Mail, Profile, Provider, SessionState,
    UserId, UserKey,
};
use crate::vault::RefreshOutcome;
use crate::vault::{KeySource, SetAside};

/// The worker's state as of one moment. Cloning costs the same with ten users and with ten thousand.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Grows with every change.
    pub version: u64,
    /// Where the vault stands.
    pub vault: VaultStatus,
    /// The known apps.
    pub apps: Vec<AppView>,
    /// All users, grouped by app, in the order in which they were first logged in.
    pub users: Vector<Arc<UserView>>,
}

impl Snapshot {
    /// The app with that alias.
    pub fn app(&self, alias: &AppAlias) -> Option<&AppView> {
        self.apps.iter().find(|app| app.alias == *alias)
    }

    /// The user with that key.
    pub fn user(&self, key: &UserKey) -> Option<&Arc<UserView>> {
        self.users.iter().find(|user| user.key == *key)
    }

    /// Whether the user is the current one of its app.
    pub fn is_current(&self, key: &UserKey) -> bool {
        self.app(&key.app).is_some_and(|app| app.current.as_ref() == Some(&key.id))
    }
}

/// Where the vault stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum VaultStatus {
    /// It is being opened; the keyring may take a moment.
    #[default]
    Opening,
    /// There is no vault yet and no OS keyring for its key: a person has to choose where the key lives.
    ChooseKey {
        /// Why the keyring did not work.
        why: String,
    },
    /// There is a vault, and its key was not had: a person has to give it, or try again.
    Locked {
        /// Where the key comes from.
        key: KeySource,
        /// Why it was not had; `None` when it was not asked for yet.
        why: Option<String>,
    },
    /// The vault is open.
    Open {
        /// Where the key comes from.
        key: KeySource,
        /// Records that could not be read.
        set_aside: Vec<SetAside>,
    },
    /// The vault cannot be used at all.
    Failed {
        /// What is wrong, and with which file.
        why: String,
    },
}

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppView {
    /// Its name on this device.
    pub alias: AppAlias,
    /// Its client app id.
    pub client_app_id: String,
    /// Its base URL; `None` while a local App has not started yet.
    pub base_url: Option<Url>,
    /// Its current user.
    pub current: Option<UserId>,
    /// How far the server's clock is ahead of this machine's, where that is more than two seconds either way. Lifetimes
    /// in this snapshot are corrected for it; claims are not.
    pub skew: Option<SignedDuration>,
    /// The moment by this machine's clock at which the server's was stopped: lifetimes stand still there. `None` while it
    /// runs.
    pub stands_at: Option<Timestamp>,
    /// Where it keeps custom user data.
    pub custom_data: CustomDataSource,
    /// Whether the App is remembered for the next start.
    pub kept: bool,
    /// The host that it names as where it is served, and that nobody has accepted: nothing is sent there.
    pub other_host: Option<String>,
    /// What whoever looks after the App sees; `None` where idmux has no access to its control API.
    pub local: Option<Arc<LocalView>>,
}

impl AppView {
    /// Whether one can log in with `provider`, as far as it is known.
    pub fn offers(&self, provider: &Provider) -> bool {
        let known = self.local.as_ref().and_then(|local| local.providers.as_ref());
        known.is_none_or(|providers| providers.contains(provider))
    }

    /// The moment to judge the App's lifetimes by: the present, or when the App's clock was stopped.
    pub fn present(&self, now: Timestamp) -> Timestamp {
        self.stands_at.unwrap_or(now)
    }
}

/// What whoever looks after a local App sees of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalView {
    /// How one can log in; `None` before the App was asked.
    pub providers: Option<Vec<Provider>>,
    /// Its clock; `None` before it was read.
    pub clock: Option<ClockView>,
    /// Its mailbox, newest first; `None` before it was read. Links in it are there to be seen, and work once.
    pub mails: Option<Arc<[Mail]>>,
}

/// The clock of a local App.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockView {
    /// How far it is ahead of its machine's; while it stands still, how far it was.
    pub offset: SignedDuration,
    /// Its time, if it stands still.
    pub frozen_at: Option<Timestamp>,
}

/// A user with everything that is known of the session.
#[derive(Debug, Clone, PartialEq)]
pub struct UserView {
    /// App and id.
    pub key: UserKey,
    /// What the user is called; text from a server.
    pub label: String,
    /// The provider of the last log-in.
    pub provider: Provider,
    /// The profile, once it was fetched. Its identities are in order of addition.
    pub profile: Option<Profile>,
    /// Where the session stands.
    pub state: SessionState,
    /// The access token, while there is one.
    pub access: Option<TokenView>,
    /// The refresh token, while there is one.
    pub refresh: Option<TokenView>,
    /// When the next renewal is planned.
    pub next_refresh: Option<Timestamp>,
    /// How the last renewal went.
    pub last_refresh: Option<LastRefresh>,
    /// Custom data, as the access token carries it.
    pub custom_data: Option<Document>,
    /// Custom data at its source; `None` before it was asked for.
    pub source: Option<Arc<SourceView>>,
    /// The user's API keys, without their secrets; `None` before they were read.
    pub api_keys: Option<Arc<[ApiKey]>>,
}

impl UserView {
    /// The linked identities, in order of addition.
    pub fn identities(&self) -> &[Identity] {
        self.profile.as_ref().map_or(&[], |profile| &profile.identities)
    }

    /// The providers of the identities, in order of addition; that of the log-in until the profile is read.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        let known = self.identities();
        let first = known.is_empty().then_some(&self.provider);
        first.into_iter().chain(known.iter().map(|identity| &identity.provider))
    }

    /// The e-mail address of the profile; text from a server.
    pub fn email(&self) -> Option<&str> {
        self.profile.as_ref()?.data.get("email")?.as_str()
    }

    /// Whether this session is the only way to the account: nobody can log in as an anonymous user again, so that it is
    /// lost with its session.
    pub fn is_lost_without_session(&self) -> bool {
        let is_anonymous = match self.identities() {
            [] => self.provider == Provider::Anonymous,
            identities => identities.iter().all(|identity| identity.provider == Provider::Anonymous),
        };
        is_anonymous && self.state.is_logged_in()
    }

    /// When the access token is renewed next, or renewing it is tried again.
    pub fn planned_renewal(&self) -> Option<Timestamp> {
        match &self.state {
            SessionState::Active => self.next_refresh,
            SessionState::RefreshDue { retry_at, .. } | SessionState::AccessExpired { retry_at, .. } => {
                *retry_at
            }
            SessionState::Refreshing | SessionState::LogInRequired(_) | SessionState::LoggedOut => None,
        }
    }
}

/// Custom data at its source, as it was read last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceView {
    /// The document; `None` where the user has none.
    pub document: Option<Document>,
    /// When it was read; `None` where it never was.
    pub read_at: Option<Timestamp>,
    /// Why the last try to read it failed.
    pub failed: Option<String>,
}

/// What may be shown of a token.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenView {
    /// A short name that reveals nothing.
    pub fingerprint: String,
    /// From when to when it is valid, if it says so.
    pub lifetime: Option<Lifetime>,
    /// Its claims; text from a server.
    pub claims: Claims,
}

/// The last renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRefresh {
    /// When it ended.
    pub at: Timestamp,
    /// How.
    pub outcome: RefreshOutcome,
}
