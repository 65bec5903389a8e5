//! Sessions: what a refresh token stands for.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::users::user_row;
use super::{StoreError, Tx, User, time};
use crate::local_app::lifetimes::Lifetimes;

/// One login that was not logged out.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub user_id: String,
    pub device_id: String,
    pub opened_at: Timestamp,
    /// The identity that it was opened with; `None`: that was not remembered.
    pub opened_with: Option<OpenedWith>,
    /// When its refresh token ends.
    pub expires_at: Timestamp,
    /// The id of the key that signed its refresh token.
    pub signing_key: String,
    /// Lifetimes of this session alone; `None`: the server's.
    pub lifetimes: Option<Lifetimes>,
}

/// Names the identity that a session was opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedWith {
    pub provider: String,
    pub identity_id: String,
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

    /// Ends a session. False if there was none.
    pub fn delete_session(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id])? == 1)
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
