//! Sessions: what a refresh token stands for.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, time};
use crate::local_app::lifetimes::Lifetimes;

/// One login that was not logged out.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: String,
    pub user_id: String,
    pub device_id: String,
    pub opened_at: Timestamp,
    /// Lifetimes of this session alone; `None`: the server's.
    pub lifetimes: Option<Lifetimes>,
}

impl Tx<'_> {
    pub fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let seconds = |lifetime: fn(Lifetimes) -> Duration| {
            session.lifetimes.map(|all| i64::try_from(lifetime(all).as_secs()).unwrap_or(i64::MAX))
        };
        self.0
            .prepare_cached(
                "INSERT INTO sessions (id, user_id, device_id, opened_at, access_seconds, refresh_seconds)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                session.id,
                session.user_id,
                session.device_id,
                session.opened_at.as_millisecond(),
                seconds(|all| all.access),
                seconds(|all| all.refresh)
            ])?;
        Ok(())
    }

    pub fn session(&self, id: &str) -> Result<Option<Session>, StoreError> {
        Ok(self
            .0
            .prepare_cached(
                "SELECT id, user_id, device_id, opened_at, access_seconds, refresh_seconds
                 FROM sessions WHERE id = ?1",
            )?
            .query_row([id], |row| {
                let access: Option<i64> = row.get("access_seconds")?;
                let refresh: Option<i64> = row.get("refresh_seconds")?;
                let seconds = |count: i64| Duration::from_secs(count.unsigned_abs());
                Ok(Session {
                    id: row.get("id")?,
                    user_id: row.get("user_id")?,
                    device_id: row.get("device_id")?,
                    opened_at: time(row, "opened_at")?,
                    lifetimes: access.zip(refresh).map(|(access, refresh)| Lifetimes {
                        access: seconds(access),
                        refresh: seconds(refresh),
                    }),
                })
            })
            .optional()?)
    }

    /// Ends a session. False if there was none.
    pub fn delete_session(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.prepare_cached("DELETE FROM sessions WHERE id = ?1")?.execute([id])? == 1)
    }
}
