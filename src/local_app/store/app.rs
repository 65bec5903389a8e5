//! The App itself: its ids, its signing keys, its clock, its files, and what has ended by that clock.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::{ClockMove, ClockSetting, Judged, Work};
use crate::local_app::app_id::AppId;
use crate::local_app::lifetimes::{LATEST, expiry};

/// How long other processes may go on signing with a key that was retired, generously.
const NOTICE: SignedDuration = SignedDuration::from_mins(1);

/// Units of work on the App itself.
pub trait AppStore {
    /// Opens the App: moves its clock if asked to, gives each provider an id that has none, and at the first start makes the
    /// App and its first key.
    ///
    /// # Errors
    /// [`StoreError::OtherApp`](super::StoreError::OtherApp) when the store is another App's.
    fn open_app(&self, opening: Opening) -> Judged<'_, Opened>;

    /// The ids of the providers' configurations, by the providers' names.
    fn provider_ids(&self) -> Work<'_, BTreeMap<String, String>>;

    /// Where the clock stands. A clock that was never moved is the system's.
    fn clock(&self) -> Work<'_, ClockSetting>;

    /// Moves the clock from where it stands, which another process may have changed.
    fn move_clock(&self, change: ClockMove, system: Timestamp) -> Judged<'_, ClockSetting>;

    /// What each process keeps in memory; `None`: nothing changed since `known`. It may also be there without a change.
    fn shared_facts(&self, known: Option<ChangeMark>) -> Work<'_, Option<SharedFacts>>;

    /// Adds a key, which signs from here on. Says how many keys still verify, the new one included.
    fn rotate_signing_keys(&self, rotation: KeyRotation) -> Work<'_, usize>;

    /// Paths and texts of the App's configuration, in order of the paths.
    fn app_files(&self) -> Work<'_, Vec<(String, String)>>;

    /// Adds or replaces files. False, and nothing changed, if the files are not those that were `seen`.
    fn write_app_files(&self, seen: Vec<(String, String)>, changed: Vec<(String, String)>) -> Work<'_, bool>;

    /// Deletes some of what has ended at `now`, `limit` at most; says how many.
    fn sweep(&self, what: Ended, now: Timestamp, limit: u32) -> Work<'_, usize>;

    /// Finishes what is queued and closes the store. Later units of work fail as closed.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// What a start brings along.
#[derive(Clone)]
pub struct Opening {
    /// What the App becomes at its first start. Later, its app id has to be that of the store.
    pub facts: AppFacts,
    pub key_id: String,
    /// Signs tokens from the first start on.
    pub key: Zeroizing<Vec<u8>>,
    /// Ids for the providers that have none.
    pub provider_ids: BTreeMap<String, String>,
    pub move_clock: Option<ClockMove>,
    /// The present moment by the system's clock.
    pub system: Timestamp,
}

/// An App that was opened.
pub struct Opened {
    pub facts: AppFacts,
    pub clock: ClockSetting,
    /// The newest, which signs, first.
    pub keys: Vec<SigningKey>,
}

/// Names a state of [`SharedFacts`]; only good for comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMark(pub i64);

/// What each process keeps in memory, and another may change.
pub struct SharedFacts {
    pub mark: ChangeMark,
    pub clock: ClockSetting,
    /// The newest, which signs, first.
    pub keys: Vec<SigningKey>,
}

/// What can be over. The order counts: sessions keep the keys that signed their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    AnonymousUsers,
    Sessions,
    Tokens,
    BrowserLogins,
    SigningKeys,
}

impl Ended {
    pub const ALL: [Self; 5] =
        [Self::AnonymousUsers, Self::Sessions, Self::Tokens, Self::BrowserLogins, Self::SigningKeys];
}

/// What an App is, fixed at its first start.
#[derive(Debug, Clone)]
pub struct AppFacts {
    /// The client app id.
    pub app_id: AppId,
    /// The App's id at the hosted service, of an Admin API path.
    pub internal_id: String,
    /// The project that it belongs to.
    pub group_id: String,
    /// What tokens name it by.
    pub domain_id: String,
}

/// A key that signs tokens of this App.
#[derive(Clone)]
pub struct SigningKey {
    /// Names it towards the administrator; tokens do not say which key signed them.
    pub id: String,
    pub key: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
}

/// A new key, and what becomes of the older ones.
#[derive(Clone)]
pub struct KeyRotation {
    pub key: SigningKey,
    /// The server's lifetime of access tokens.
    pub access: Duration,
    /// Drops the older keys at once, and every token with them. Otherwise they verify what they signed.
    pub forget_old: bool,
}

impl KeyRotation {
    /// Until when access tokens of the older keys may be around; `longest` is the longest lifetime that a session has for
    /// itself.
    pub fn access_until(&self, longest: Option<Duration>) -> Timestamp {
        let longest = longest.map_or(self.access, |own| own.max(self.access));
        expiry(self.key.created_at, longest).saturating_add(NOTICE).unwrap_or(LATEST).min(LATEST)
    }
}
