//! Users and their identities.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::super::accounts::anonymous_born_until;
use super::super::{
    AccountStore, Identity, ImportEntry, ImportOutcome, Judged, LOCAL_USERPASS, NORMAL, Namespace, Obstacle,
    ProfileIdentity, Proof, ProvenIdentity, Purpose, Refusal, RegistrationKey, StoreError, UnitError, User,
    UserQuery, UserRecord, UserWithData, Work,
};
use super::{SqliteStore, Tx, damaged, time};

impl AccountStore for SqliteStore {
    fn user_record(&self, id: String) -> Work<'_, Option<UserRecord>> {
        Box::pin(self.read(move |tx| tx.user(&id)?.map(|user| record(tx, user)).transpose()))
    }

    fn users(&self, query: UserQuery) -> Work<'_, Vec<UserRecord>> {
        Box::pin(
            self.read(move |tx| tx.users_page(&query)?.into_iter().map(|user| record(tx, user)).collect()),
        )
    }

    fn users_count(&self) -> Work<'_, u64> {
        Box::pin(self.read(|tx| tx.users_count()))
    }

    fn has_living_user(&self, id: String, now: Timestamp) -> Work<'_, bool> {
        Box::pin(
            self.look_up(move |tx| tx.user(&id)?.map_or(Ok(false), |user| Ok(!is_aged_out(tx, &user, now)?))),
        )
    }

    fn user_with_data(&self, id: String, custom_data: Option<Namespace>) -> Work<'_, Option<UserWithData>> {
        Box::pin(self.read(move |tx| {
            let Some(user) = tx.user(&id)? else { return Ok(None) };
            Ok(Some(UserWithData {
                user,
                identities: tx.identities_of(&id)?,
                custom_data: tx.custom_data(custom_data.as_ref(), &id)?,
            }))
        }))
    }

    fn leads_to_user(&self, identity: ProvenIdentity) -> Judged<'_, bool> {
        Box::pin(self.read(move |tx| {
            check_proof(tx, &identity)?;
            // A key is its owner's before its first log-in.
            Ok(identity.owner().is_some() || tx.identity(identity.provider, &identity.id)?.is_some())
        }))
    }

    fn set_disabled(&self, id: String, disabled: bool) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            if tx.set_disabled(&id, disabled)? { Ok(()) } else { Err(Refusal::UserNotFound.into()) }
        }))
    }

    fn delete_user(&self, id: String) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            for identity in tx.identities_of(&id)? {
                if identity.provider == LOCAL_USERPASS {
                    tx.delete_registration(&identity.id)?;
                }
            }
            if tx.delete_user(&id)? { Ok(()) } else { Err(Refusal::UserNotFound.into()) }
        }))
    }

    fn change_email(&self, id: String, email: String) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            tx.user(&id)?.ok_or(Refusal::UserNotFound)?;
            let own = tx.identities_of(&id)?;
            let own = own.into_iter().find(|identity| identity.provider == LOCAL_USERPASS);
            let mut identity = own.ok_or(Refusal::NoEmailIdentity)?;
            let other = tx.registration(&RegistrationKey::Email(email.clone()))?;
            if other.is_some_and(|other| other.id != identity.id) {
                return Err(Refusal::EmailTaken.into());
            }
            tx.set_registration_email(&identity.id, &email)?;
            tx.delete_tokens(&identity.id)?;
            identity.data.insert("email".to_owned(), Value::from(email));
            Ok(tx.replace_identity_data(LOCAL_USERPASS, &identity.id, &identity.data)?)
        }))
    }

    fn import_users(&self, entries: Vec<ImportEntry>) -> Work<'_, Vec<ImportOutcome>> {
        Box::pin(self.write(move |tx| entries.iter().map(|entry| import(tx, entry)).collect()))
    }
}

/// A user's identities with the ids of their providers' configurations.
fn record(tx: &Tx<'_>, user: User) -> Result<UserRecord, StoreError> {
    let identities = tx.identities_of(&user.id)?.into_iter().map(|identity| {
        let provider_id = tx.provider_id(&identity.provider)?.unwrap_or_default();
        Ok(ProfileIdentity { identity, provider_id })
    });
    let identities = identities.collect::<Result<_, StoreError>>()?;
    Ok(UserRecord { user, identities })
}

/// Whether `user` is an anonymous one whose time is over.
pub fn is_aged_out(tx: &Tx<'_>, user: &User, now: Timestamp) -> Result<bool, StoreError> {
    Ok(user.is_older_than_anonymous_users(now) && tx.is_anonymous(&user.id)?)
}

/// Whether an identity's proof is as good inside the transaction that uses it; hashing happens outside of any.
pub fn check_proof(tx: &Tx<'_>, identity: &ProvenIdentity) -> Result<(), UnitError> {
    match &identity.proof {
        Proof::Given => Ok(()),
        Proof::Password(verified) => {
            let current = tx.registration(&RegistrationKey::Email(verified.email.clone()))?;
            Ok(Proof::check_password(verified, current.as_ref())?)
        }
        Proof::Key(verified) => {
            let current = tx.api_key_by_hash(&verified.key_hash)?;
            Ok(current.ok_or(Refusal::KeyGone)?.check_enabled()?)
        }
    }
}

/// The user whom `identity` leads to, created with the id `new_user_id` if this is its first log-in.
pub fn find_or_create(
    tx: &Tx<'_>,
    identity: &ProvenIdentity,
    new_user_id: &str,
    now: Timestamp,
) -> Result<User, UnitError> {
    let known = tx.identity(identity.provider, &identity.id)?;
    let owner = known.as_ref().map(|known| known.user_id.as_str()).or_else(|| identity.owner());
    let user = match owner {
        Some(id) => {
            let user = tx.user(id)?.ok_or(Refusal::ProofGone)?;
            if user.disabled {
                return Err(Refusal::UserDisabled.into());
            }
            tx.note_login(&user.id, now)?;
            user
        }
        None => {
            let user = User {
                id: new_user_id.to_owned(),
                kind: NORMAL.to_owned(),
                disabled: false,
                created_at: now,
                last_login_at: now,
            };
            tx.insert_user(&user)?;
            user
        }
    };
    match known {
        None => tx.insert_identity(&identity.of_user(&user.id))?,
        Some(known) if known.data != identity.data => {
            tx.replace_identity_data(identity.provider, &identity.id, &identity.data)?;
        }
        Some(_) => {}
    }
    Ok(user)
}

/// Makes `identity` one of the user's (section 4).
pub fn link(tx: &Tx<'_>, user_id: &str, identity: &ProvenIdentity) -> Result<(), UnitError> {
    match tx.identity(identity.provider, &identity.id)? {
        Some(known) if known.user_id == user_id => Ok(()),
        Some(_) => Err(Refusal::IdentityTaken.into()),
        None => {
            let has_one = |provider| {
                Ok::<_, StoreError>(tx.identities_of(user_id)?.iter().any(|own| own.provider == provider))
            };
            if identity.provider == LOCAL_USERPASS && has_one(LOCAL_USERPASS)? {
                return Err(Refusal::SecondIdentity.into());
            }
            Ok(tx.insert_identity(&identity.of_user(user_id))?)
        }
    }
}

fn import(tx: &Tx<'_>, entry: &ImportEntry) -> Result<ImportOutcome, StoreError> {
    if tx.user(&entry.user.id)?.is_some() {
        return known(tx, entry);
    }
    if let Some(obstacle) = obstacle(tx, entry)? {
        return Ok(ImportOutcome::Refused(obstacle));
    }
    tx.insert_user(&entry.user)?;
    for identity in &entry.identities {
        tx.insert_identity(identity)?;
    }
    let Some(registration) = &entry.registration else {
        return Ok(ImportOutcome::Imported { reset_issued: false });
    };
    if !tx.insert_registration(registration)? {
        return Err(StoreError::Failed("the email was free a moment ago".to_owned()));
    }
    let has_password = !registration.password_hash.is_empty();
    Ok(ImportOutcome::Imported { reset_issued: open_ways(tx, entry, &registration.id, has_password)? })
}

/// A user with this id is here: the same one, if all its identities are.
fn known(tx: &Tx<'_>, entry: &ImportEntry) -> Result<ImportOutcome, StoreError> {
    let own = tx.identities_of(&entry.user.id)?;
    let is_own = |wanted: &Identity| {
        own.iter().any(|identity| identity.provider == wanted.provider && identity.id == wanted.id)
    };
    if !entry.identities.iter().all(is_own) {
        return Ok(ImportOutcome::Refused(Obstacle::OtherIdentities));
    }
    let current = match &entry.registration {
        Some(registration) => tx.registration(&RegistrationKey::Id(registration.id.clone()))?,
        None => None,
    };
    let reset_issued = match current {
        Some(current) => open_ways(tx, entry, &current.id, !current.password_hash.is_empty())?,
        None => false,
    };
    Ok(ImportOutcome::Unchanged { reset_issued })
}

/// Why a new user cannot be taken over.
fn obstacle(tx: &Tx<'_>, entry: &ImportEntry) -> Result<Option<Obstacle>, StoreError> {
    for identity in &entry.identities {
        if let Some(taken) = tx.identity(&identity.provider, &identity.id)? {
            let provider = identity.provider.clone();
            return Ok(Some(Obstacle::IdentityTaken { provider, owner: taken.user_id }));
        }
    }
    let Some(registration) = &entry.registration else { return Ok(None) };
    if tx.registration(&RegistrationKey::Email(registration.email.clone()))?.is_some() {
        return Ok(Some(Obstacle::EmailTaken));
    }
    let is_taken = tx.registration(&RegistrationKey::Id(registration.id.clone()))?.is_some();
    Ok(is_taken.then_some(Obstacle::RegistrationTaken))
}

/// Opens the ways in that an import asks for to an account without a password. Whether its reset token is good.
fn open_ways(
    tx: &Tx<'_>,
    entry: &ImportEntry,
    registration_id: &str,
    has_password: bool,
) -> Result<bool, StoreError> {
    if has_password {
        return Ok(false);
    }
    if entry.adopt_until.is_some() {
        tx.set_adopt_until(registration_id, entry.adopt_until)?;
    }
    let Some(token) = &entry.reset else { return Ok(false) };
    // The tokens of an earlier run, whose report may be anywhere.
    tx.delete_tokens_for(registration_id, Purpose::Reset)?;
    tx.insert_token(registration_id, token)?;
    Ok(true)
}

/// A user with an anonymous identity (`anonymous`) and no other.
const ONLY_ANONYMOUS: &str = "anonymous.provider_type = 'anon-user' AND NOT EXISTS (
    SELECT 1 FROM identities AS other
    WHERE other.user_id = anonymous.user_id AND other.provider_type <> 'anon-user')";

impl Tx<'_> {
    pub fn insert_user(&self, user: &User) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO users (id, type, disabled, created_at, last_login_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                user.id,
                user.kind,
                user.disabled,
                user.created_at.as_millisecond(),
                user.last_login_at.as_millisecond()
            ])?;
        Ok(())
    }

    pub fn user(&self, id: &str) -> Result<Option<User>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT id, type, disabled, created_at, last_login_at FROM users WHERE id = ?1")?
            .query_row([id], |row| user_row(row, 0))
            .optional()?)
    }

    /// How many users there are.
    pub fn users_count(&self) -> Result<u64, StoreError> {
        let count: i64 =
            self.0.prepare_cached("SELECT count(*) FROM users")?.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    /// One page of users in order of id.
    pub fn users_page(&self, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        const FILTERED: &str = "SELECT id, type, disabled, created_at, last_login_at FROM users
             WHERE (?2 IS NULL OR disabled = ?2)
               AND (?3 IS NULL OR EXISTS (
                   SELECT 1 FROM identities WHERE user_id = users.id
                   AND provider_type IN (SELECT value FROM json_each(?3))))
               AND (?4 IS NULL OR instr(users.id, lower(?4)) > 0 OR EXISTS (
                   SELECT 1 FROM identities WHERE user_id = users.id
                   AND (instr(lower(json_extract(data, '$.email')), lower(?4)) > 0
                     OR instr(lower(json_extract(data, '$.name')), lower(?4)) > 0)))";
        let providers: Option<Value> = query.providers.as_ref().map(|names| names.iter().copied().collect());
        // Without a start, one that is before or after every id: the ids' index leads through the pages.
        let (order, start) = if query.descending {
            ("AND id < ?1 ORDER BY id DESC", "~")
        } else {
            ("AND id > ?1 ORDER BY id", "")
        };
        let mut statement = self.0.prepare_cached(&format!("{FILTERED} {order} LIMIT ?5"))?;
        let rows = statement.query_map(
            params![
                query.after.as_deref().unwrap_or(start),
                query.disabled,
                providers.map(|names| names.to_string()),
                query.search,
                query.limit
            ],
            |row| user_row(row, 0),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub fn note_login(&self, user_id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE users SET last_login_at = ?2 WHERE id = ?1")?
            .execute(params![user_id, at.as_millisecond()])?;
        Ok(())
    }

    /// Lets a user in, or keeps it out. False if there was none.
    pub fn set_disabled(&self, user_id: &str, disabled: bool) -> Result<bool, StoreError> {
        let changed = self
            .0
            .prepare_cached("UPDATE users SET disabled = ?2 WHERE id = ?1")?
            .execute(params![user_id, disabled])?;
        Ok(changed == 1)
    }

    /// Deletes the user with its identities and sessions. False if there was none.
    pub fn delete_user(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id])? == 1)
    }

    /// Whether the user has nothing but anonymous identities.
    pub fn is_anonymous(&self, user_id: &str) -> Result<bool, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!(
                "SELECT EXISTS (SELECT 1 FROM identities AS anonymous WHERE user_id = ?1 AND {ONLY_ANONYMOUS})"
            ))?
            .query_row([user_id], |row| row.get(0))?)
    }

    /// Deletes anonymous users whose time is over.
    pub fn delete_aged_out_users(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let Some(born_until) = anonymous_born_until(now) else { return Ok(0) };
        let sql = format!(
            "DELETE FROM users WHERE id IN (
                SELECT users.id FROM identities AS anonymous JOIN users ON users.id = anonymous.user_id
                WHERE users.created_at <= ?1 AND {ONLY_ANONYMOUS} LIMIT ?2)"
        );
        Ok(self.0.execute(&sql, params![born_until.as_millisecond(), limit])?)
    }

    pub fn insert_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO identities (user_id, provider_type, identity_id, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                identity.user_id,
                identity.provider,
                identity.id,
                Value::Object(identity.data.clone()).to_string()
            ])?;
        Ok(())
    }

    pub fn identity(&self, provider: &str, id: &str) -> Result<Option<Identity>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT user_id, provider_type, identity_id, data FROM identities
                 WHERE provider_type = ?1 AND identity_id = ?2",
            )?
            .query_row([provider, id], identity_row)
            .optional()?)
    }

    /// Replaces what the provider says about the user.
    pub fn replace_identity_data(
        &self,
        provider: &str,
        id: &str,
        data: &Map<String, Value>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE identities SET data = ?3 WHERE provider_type = ?1 AND identity_id = ?2")?
            .execute(params![provider, id, Value::Object(data.clone()).to_string()])?;
        Ok(())
    }

    /// Takes an identity from its user. False if there was none.
    pub fn delete_identity(&self, provider: &str, id: &str) -> Result<bool, StoreError> {
        let deleted = self
            .0
            .prepare_cached("DELETE FROM identities WHERE provider_type = ?1 AND identity_id = ?2")?
            .execute([provider, id])?;
        Ok(deleted == 1)
    }

    /// In order of addition.
    pub fn identities_of(&self, user_id: &str) -> Result<Vec<Identity>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT user_id, provider_type, identity_id, data FROM identities
             WHERE user_id = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map([user_id], identity_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The user whose columns begin at `first`, in the order of [`User`]'s fields.
pub(super) fn user_row(row: &Row<'_>, first: usize) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(first)?,
        kind: row.get(first + 1)?,
        disabled: row.get(first + 2)?,
        created_at: time(row, first + 3)?,
        last_login_at: time(row, first + 4)?,
    })
}

fn identity_row(row: &Row<'_>) -> rusqlite::Result<Identity> {
    let data: String = row.get("data")?;
    Ok(Identity {
        user_id: row.get("user_id")?,
        provider: row.get("provider_type")?,
        id: row.get("identity_id")?,
        data: serde_json::from_str(&data).map_err(damaged)?,
    })
}
