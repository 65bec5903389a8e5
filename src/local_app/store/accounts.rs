//! Users and the identities that lead to them.

use bson::Document;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::{ApiKey, Judged, Namespace, NewToken, Refusal, Registration, Work};

/// The type of users who log in themselves (section 1.2).
pub const NORMAL: &str = "normal";
/// The type of users that were made for server keys.
pub const SERVER: &str = "server";
/// Providers that units of work treat in a way of their own.
pub const ANONYMOUS: &str = "anon-user";
pub const LOCAL_USERPASS: &str = "local-userpass";
pub const API_KEY: &str = "api-key";

/// How long an anonymous user lives (section 1.2). The hosted service's documentation has "after creation" and "inactive":
/// creation counts here, as two of its three sentences say; an anonymous user logs in once only. One that was linked to
/// another identity is anonymous no longer.
const ANONYMOUS_LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Units of work on users and identities.
pub trait AccountStore {
    /// A user with all that the App knows of it.
    fn user_record(&self, id: String) -> Work<'_, Option<UserRecord>>;

    /// One page of users in order of id.
    fn users(&self, query: UserQuery) -> Work<'_, Vec<UserRecord>>;

    /// How many users there are.
    fn users_count(&self) -> Work<'_, u64>;

    /// Whether there is a user who is not anonymous and too old. Whether it is disabled does not matter.
    fn has_living_user(&self, id: String, now: Timestamp) -> Work<'_, bool>;

    /// A user as functions and rules see it.
    fn user_with_data(&self, id: String, custom_data: Option<Namespace>) -> Work<'_, Option<UserWithData>>;

    /// Whether an identity leads to a user who is there already.
    ///
    /// # Errors
    /// Where its proof does not hold any more.
    fn leads_to_user(&self, identity: ProvenIdentity) -> Judged<'_, bool>;

    /// Keeps a user out, or lets it in again with the sessions that it had (section 1.2).
    fn set_disabled(&self, id: String, disabled: bool) -> Judged<'_, ()>;

    /// Deletes a user with its identities, registrations, keys, devices and sessions; its documents stay (section 9).
    fn delete_user(&self, id: String) -> Judged<'_, ()>;

    /// Gives a user's email/password identity another email. Tokens that were mailed to the old one count no longer.
    fn change_email(&self, id: String, email: String) -> Judged<'_, ()>;

    /// Takes over users of another App, each whole or not at all; the outcomes are in the order of the entries.
    fn import_users(&self, entries: Vec<ImportEntry>) -> Work<'_, Vec<ImportOutcome>>;
}

/// One account.
#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    /// `normal`, `server` or `system` (section 1.2).
    pub kind: String,
    /// May neither log in nor refresh.
    pub disabled: bool,
    pub created_at: Timestamp,
    /// 1970 for one that never logged in.
    pub last_login_at: Timestamp,
}

impl User {
    /// Whether its time is over, if it turns out to be anonymous.
    pub fn is_older_than_anonymous_users(&self, now: Timestamp) -> bool {
        anonymous_born_until(now).is_some_and(|birth| self.created_at <= birth)
    }
}

/// The latest birth of an anonymous user whose time is over.
pub fn anonymous_born_until(now: Timestamp) -> Option<Timestamp> {
    now.checked_sub(ANONYMOUS_LIFETIME).ok()
}

/// A user with all that the App knows of it.
#[derive(Debug)]
pub struct UserRecord {
    pub user: User,
    /// In order of addition.
    pub identities: Vec<ProfileIdentity>,
}

impl UserRecord {
    /// The data of all identities together.
    pub fn data(&self) -> Map<String, Value> {
        let mut data = Map::new();
        for own in &self.identities {
            data.extend(own.identity.data.clone());
        }
        data
    }
}

/// An identity with the id of its provider's configuration.
#[derive(Debug)]
pub struct ProfileIdentity {
    pub identity: Identity,
    pub provider_id: String,
}

/// A user as functions and rules see it.
pub struct UserWithData {
    pub user: User,
    pub identities: Vec<Identity>,
    /// What the store has, which is newer than what the user's token carries if it changed since.
    pub custom_data: Option<Document>,
}

/// Which users, and how many.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// The last id of the page before.
    pub after: Option<String>,
    pub descending: bool,
    /// Only those that are, or are not, disabled.
    pub disabled: Option<bool>,
    /// Only those with an identity of one of these providers.
    pub providers: Option<Vec<&'static str>>,
    /// Only those whose id, email or name has this in it; the case of ASCII letters does not matter.
    pub search: Option<String>,
    pub limit: u32,
}

/// A link between a user and a provider.
#[derive(Debug, Clone)]
pub struct Identity {
    pub user_id: String,
    pub provider: String,
    /// Unique within the provider.
    pub id: String,
    /// What the provider says about the user.
    pub data: Map<String, Value>,
}

/// An identity whose owner proved it.
#[derive(Debug, Clone)]
pub struct ProvenIdentity {
    pub provider: &'static str,
    /// Unique within the provider.
    pub id: String,
    /// What the provider knows about the user; it replaces what an earlier log-in said.
    pub data: Map<String, Value>,
    pub proof: Proof,
}

/// What an identity was proved by, as far as it can be gone by the time that it is used.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Nothing that this App could lose: a fresh id, or what another service vouches for.
    Given,
    /// The right password for this registration.
    Password(Registration),
    /// This key, whose owner it leads to.
    Key(ApiKey),
}

impl Proof {
    /// Whether a password is as good as it was: its registration was neither deleted nor given another one since.
    pub fn check_password(verified: &Registration, current: Option<&Registration>) -> Result<(), Refusal> {
        let holds = current.is_some_and(|current| {
            current.id == verified.id && current.password_hash == verified.password_hash
        });
        if holds { Ok(()) } else { Err(Refusal::ProofGone) }
    }
}

impl ProvenIdentity {
    /// The user whom it belongs to even before its first log-in.
    pub fn owner(&self) -> Option<&str> {
        match &self.proof {
            Proof::Key(key) => Some(&key.user_id),
            Proof::Given | Proof::Password(_) => None,
        }
    }

    /// The identity as that of a user.
    pub fn of_user(&self, user_id: &str) -> Identity {
        Identity {
            user_id: user_id.to_owned(),
            provider: self.provider.to_owned(),
            id: self.id.clone(),
            data: self.data.clone(),
        }
    }
}

/// A user who is to be taken over.
#[derive(Clone)]
pub struct ImportEntry {
    pub user: User,
    pub identities: Vec<Identity>,
    /// What its email/password identity becomes, if it has one.
    pub registration: Option<Registration>,
    /// For an account without a password: until then, the first one given at a log-in becomes the account's. `None` leaves
    /// what an earlier import said.
    pub adopt_until: Option<Timestamp>,
    /// For an account without a password: a reset token, which takes the place of older ones.
    pub reset: Option<NewToken>,
}

/// What became of a user who was to be taken over.
#[derive(Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// `reset_issued`: its reset token is good.
    Imported {
        reset_issued: bool,
    },
    /// It is here already, with these identities; `reset_issued` if it still has no password.
    Unchanged {
        reset_issued: bool,
    },
    Refused(Obstacle),
}

/// Why a user cannot be taken over.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    #[error("a user with this id is here, with other identities")]
    OtherIdentities,
    #[error("its {provider} identity belongs to the user {owner}")]
    IdentityTaken { provider: String, owner: String },
    #[error("its email is registered here already")]
    EmailTaken,
    #[error("the id of its email/password identity is that of another registration")]
    RegistrationTaken,
}
