//! Sessions, devices, log-ins at the Admin API, and log-ins that are under way in a browser.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::super::sessions::DEVICES_OF_A_USER;
use super::super::{
    AdminSession, Judged, KnownDevice, LiveSession, Namespace, NewLogin, OpenedSession, OpenedWith,
    ProvenIdentity, Refusal, Session, SessionStore, StoreError, UnitError, User, Work,
};
use super::accounts::{check_proof, find_or_create, is_aged_out, link, user_row};
use super::{SqliteStore, Tx, damaged, time};
use crate::local_app::lifetimes::Lifetimes;

impl SessionStore for SqliteStore {
    fn open_session(&self, login: NewLogin) -> Judged<'_, OpenedSession> {
        Box::pin(self.write(move |tx| {
            check_proof(tx, &login.identity)?;
            let user = find_or_create(tx, &login.identity, &login.new_user_id, login.now)?;
            if let Some(device) = &login.device {
                tx.note_device(&user.id, &login.device_id, device, login.now)?;
            }
            let session = login.session_of(&user.id);
            tx.insert_session(&session)?;
            let custom_data = tx.custom_data(login.custom_data.as_ref(), &user.id)?;
            let provider_id = tx.provider_id(login.identity.provider)?.unwrap_or_default();
            Ok(OpenedSession { session, custom_data, provider_id })
        }))
    }

    fn link_identity(
        &self,
        session_id: String,
        identity: ProvenIdentity,
        now: Timestamp,
        custom_data: Option<Namespace>,
    ) -> Judged<'_, LiveSession> {
        Box::pin(self.write(move |tx| {
            check_proof(tx, &identity)?;
            // The answer carries a new access token, which a session that was logged out must not get.
            let session = live_session(tx, &session_id, now)?;
            link(tx, &session.user_id, &identity)?;
            let custom_data = tx.custom_data(custom_data.as_ref(), &session.user_id)?;
            Ok(LiveSession { session, custom_data })
        }))
    }

    fn live_session(
        &self,
        id: String,
        now: Timestamp,
        custom_data: Option<Namespace>,
    ) -> Judged<'_, LiveSession> {
        Box::pin(self.look_up(move |tx| {
            let session = live_session(tx, &id, now)?;
            let custom_data = tx.custom_data(custom_data.as_ref(), &session.user_id)?;
            Ok(LiveSession { session, custom_data })
        }))
    }

    fn end_session(&self, id: String, now: Timestamp) -> Judged<'_, ()> {
        Box::pin(self.write(move |tx| {
            live_session(tx, &id, now)?;
            Ok(tx.delete_session(&id)?)
        }))
    }

    fn end_sessions_of(&self, user_id: String) -> Judged<'_, usize> {
        Box::pin(self.write(move |tx| {
            tx.user(&user_id)?.ok_or(Refusal::UserNotFound)?;
            Ok(tx.delete_sessions_of(&user_id)?)
        }))
    }

    fn devices_of(&self, user_id: String) -> Judged<'_, Vec<KnownDevice>> {
        Box::pin(self.read(move |tx| {
            tx.user(&user_id)?.ok_or(Refusal::UserNotFound)?;
            Ok(tx.devices_of(&user_id)?)
        }))
    }

    fn open_admin_session(&self, session: AdminSession, now: Timestamp) -> Work<'_, ()> {
        Box::pin(self.write(move |tx| tx.insert_admin_session(&session, now)))
    }

    fn admin_session(&self, id: String) -> Work<'_, Option<AdminSession>> {
        Box::pin(self.read(move |tx| tx.admin_session(&id)))
    }

    fn end_admin_session(&self, id: String) -> Work<'_, ()> {
        Box::pin(self.write(move |tx| tx.delete_admin_session(&id)))
    }

    fn begin_browser_login(
        &self,
        state: String,
        facts: String,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Work<'_, ()> {
        Box::pin(self.write(move |tx| tx.insert_browser_login(&state, &facts, expires_at, now)))
    }

    fn take_browser_login(&self, state: String) -> Work<'_, Option<(String, Timestamp)>> {
        Box::pin(self.write(move |tx| tx.take_browser_login(&state)))
    }
}

/// A session, unless it or its user has ended.
pub fn live_session(tx: &Tx<'_>, id: &str, now: Timestamp) -> Result<Session, UnitError> {
    match tx.session(id)? {
        Some((session, user)) if !user.disabled && !is_aged_out(tx, &user, now)? => Ok(session),
        _ => Err(Refusal::SessionGone.into()),
    }
}

impl Tx<'_> {
    pub fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let seconds = |lifetime: fn(Lifetimes) -> Duration| {
            session.lifetimes.map(|all| i64::try_from(lifetime(all).as_secs()).unwrap_or(i64::MAX))
        };
        self.0
            .prepare_cached(
                "INSERT INTO sessions (id, user_id, device_id, opened_at, expires_at, signing_key, access_seconds,
                                       refresh_seconds, provider_type, identity_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                session.id,
                session.user_id,
                session.device_id,
                session.opened_at.as_millisecond(),
                session.expires_at.as_millisecond(),
                session.signing_key,
                seconds(|all| all.access),
                seconds(|all| all.refresh),
                session.opened_with.as_ref().map(|with| &with.provider),
                session.opened_with.as_ref().map(|with| &with.identity_id),
            ])?;
        Ok(())
    }

    /// A session and whose it is, in one look.
    pub fn session(&self, id: &str) -> Result<Option<(Session, User)>, StoreError> {
        let mut statement = self.0.prepare_cached(SESSION)?;
        Ok(statement
            .query_row([id], |row| Ok((session_row(row)?, user_row(row, USER_COLUMN)?)))
            .optional()?)
    }

    /// The longest lifetime of access tokens that a session has for itself.
    pub fn longest_own_access_lifetime(&self) -> Result<Option<Duration>, StoreError> {
        let longest: Option<i64> =
            self.0.query_row("SELECT max(access_seconds) FROM sessions", [], |row| row.get(0))?;
        Ok(longest.map(|seconds| Duration::from_secs(seconds.unsigned_abs())))
    }

    pub fn delete_session(&self, id: &str) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Ends all sessions of a user; says how many.
    pub fn delete_sessions_of(&self, user_id: &str) -> Result<usize, StoreError> {
        Ok(self.0.prepare_cached("DELETE FROM sessions WHERE user_id = ?1")?.execute([user_id])?)
    }

    /// Ends the sessions that a user opened with one of its identities.
    pub fn delete_sessions_opened_with(&self, user_id: &str, with: &OpenedWith) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "DELETE FROM sessions WHERE user_id = ?1 AND provider_type = ?2 AND identity_id = ?3",
            )?
            .execute([user_id, &with.provider, &with.identity_id])?;
        Ok(())
    }

    /// Remembers that a user logged in from a device.
    pub fn note_device(
        &self,
        user_id: &str,
        device_id: &str,
        facts: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let now = now.as_millisecond();
        self.0
            .prepare_cached(
                "INSERT INTO devices (user_id, id, facts, first_seen_at, last_seen_at)
                 VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (user_id, id) DO UPDATE SET facts = ?3, last_seen_at = ?4",
            )?
            .execute(params![user_id, device_id, Value::Object(facts.clone()).to_string(), now])?;
        self.0
            .prepare_cached(
                "DELETE FROM devices WHERE user_id = ?1 AND id IN (
                     SELECT id FROM devices WHERE user_id = ?1 AND id <> ?2
                     ORDER BY last_seen_at DESC, id DESC LIMIT -1 OFFSET ?3)",
            )?
            .execute(params![user_id, device_id, DEVICES_OF_A_USER - 1])?;
        Ok(())
    }

    /// The devices of a user, the one seen last first.
    pub fn devices_of(&self, user_id: &str) -> Result<Vec<KnownDevice>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, facts, first_seen_at, last_seen_at FROM devices
             WHERE user_id = ?1 ORDER BY last_seen_at DESC, id DESC",
        )?;
        let rows = statement.query_map([user_id], device_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stores a session, and forgets those that have expired.
    pub fn insert_admin_session(&self, session: &AdminSession, now: Timestamp) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM admin_sessions WHERE expires_at <= ?1", [now.as_millisecond()])?;
        self.0.execute(
            "INSERT INTO admin_sessions (id, username, secret_hash, expires_at) VALUES (?1, ?2, ?3, ?4)",
            params![session.id, session.username, session.secret_hash, session.expires_at.as_millisecond()],
        )?;
        Ok(())
    }

    pub fn admin_session(&self, id: &str) -> Result<Option<AdminSession>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT id, username, secret_hash, expires_at FROM admin_sessions WHERE id = ?1")?
            .query_row([id], |row| {
                Ok(AdminSession {
                    id: row.get("id")?,
                    username: row.get("username")?,
                    secret_hash: row.get("secret_hash")?,
                    expires_at: time(row, "expires_at")?,
                })
            })
            .optional()?)
    }

    pub fn delete_admin_session(&self, id: &str) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM admin_sessions WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Remembers a log-in by what the provider will bring back, and forgets those whose time was over at `now`.
    pub fn insert_browser_login(
        &self,
        state: &str,
        facts: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("DELETE FROM browser_logins WHERE expires_at < ?1")?
            .execute([now.as_millisecond()])?;
        self.0
            .prepare_cached("INSERT INTO browser_logins (state, facts, expires_at) VALUES (?1, ?2, ?3)")?
            .execute(params![state, facts, expires_at.as_millisecond()])?;
        Ok(())
    }

    /// The facts of a log-in and until when they count. It is forgotten: a log-in comes back once.
    pub fn take_browser_login(&self, state: &str) -> Result<Option<(String, Timestamp)>, StoreError> {
        Ok(self
            .0
            .prepare_cached("DELETE FROM browser_logins WHERE state = ?1 RETURNING facts, expires_at")?
            .query_row([state], |row| Ok((row.get("facts")?, time(row, "expires_at")?)))
            .optional()?)
    }
}

const SESSION: &str =
    "SELECT s.id, s.user_id, s.device_id, s.opened_at, s.expires_at, s.signing_key, s.access_seconds,
         s.refresh_seconds, s.provider_type, s.identity_id,
         u.id, u.type, u.disabled, u.created_at, u.last_login_at
     FROM sessions AS s JOIN users AS u ON u.id = s.user_id WHERE s.id = ?1";

/// Where the user's columns begin.
const USER_COLUMN: usize = 10;

/// By place, not by name: SQLite would be asked for the name of every column, every time.
fn session_row(row: &Row<'_>) -> rusqlite::Result<Session> {
    let seconds = |count: i64| Duration::from_secs(count.unsigned_abs());
    let (access, refresh): (Option<i64>, Option<i64>) = (row.get(6)?, row.get(7)?);
    let (provider, identity_id): (Option<String>, Option<String>) = (row.get(8)?, row.get(9)?);
    Ok(Session {
        id: row.get(0)?,
        user_id: row.get(1)?,
        device_id: row.get(2)?,
        opened_at: time(row, 3)?,
        expires_at: time(row, 4)?,
        signing_key: row.get(5)?,
        opened_with: provider
            .zip(identity_id)
            .map(|(provider, identity_id)| OpenedWith { provider, identity_id }),
        lifetimes: access
            .zip(refresh)
            .map(|(access, refresh)| Lifetimes { access: seconds(access), refresh: seconds(refresh) }),
    })
}

fn device_row(row: &Row<'_>) -> rusqlite::Result<KnownDevice> {
    let facts: String = row.get("facts")?;
    Ok(KnownDevice {
        id: row.get("id")?,
        facts: serde_json::from_str(&facts).map_err(damaged)?,
        first_seen_at: time(row, "first_seen_at")?,
        last_seen_at: time(row, "last_seen_at")?,
    })
}
