//! The App's own rows: its ids and those of its providers, its keys, its clock, its files, and what has ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use super::super::{
    AppFacts, AppStore, ChangeMark, ClockMove, ClockSetting, Ended, Judged, KeyRotation, Opened, Opening,
    Refusal, SharedFacts, SigningKey, StoreError, UnitError, Work,
};
use super::{SqliteStore, Tx, damaged, finish, time};
use crate::local_app::blocking::blocking;

impl AppStore for SqliteStore {
    fn open_app(&self, opening: Opening) -> Judged<'_, Opened> {
        Box::pin(self.write(move |tx| {
            let clock = match opening.move_clock {
                Some(change) => moved(tx, change, opening.system)?,
                None => tx.clock()?,
            };
            let facts = match tx.app()? {
                Some(facts) if facts.app_id == opening.facts.app_id => facts,
                Some(facts) => {
                    let asked = opening.facts.app_id;
                    return Err(StoreError::OtherApp { asked, found: facts.app_id }.into());
                }
                None => {
                    tx.insert_app(&opening.facts)?;
                    let created_at = clock.now(opening.system);
                    tx.insert_signing_key(&SigningKey { id: opening.key_id, key: opening.key, created_at })?;
                    opening.facts
                }
            };
            ensure_providers(tx, &opening.provider_ids)?;
            Ok(Opened { facts, clock, keys: tx.signing_keys()? })
        }))
    }

    fn provider_ids(&self) -> Work<'_, BTreeMap<String, String>> {
        Box::pin(self.read(|tx| tx.provider_ids()))
    }

    fn clock(&self) -> Work<'_, ClockSetting> {
        Box::pin(self.read(|tx| tx.clock()))
    }

    fn move_clock(&self, change: ClockMove, system: Timestamp) -> Judged<'_, ClockSetting> {
        Box::pin(self.write(move |tx| moved(tx, change, system)))
    }

    fn shared_facts(&self, known: Option<ChangeMark>) -> Work<'_, Option<SharedFacts>> {
        Box::pin(self.read(move |tx| {
            let mark = ChangeMark(tx.changes_by_others()?);
            if known == Some(mark) {
                return Ok(None);
            }
            Ok(Some(SharedFacts { mark, clock: tx.clock()?, keys: tx.signing_keys()? }))
        }))
    }

    fn rotate_signing_keys(&self, rotation: KeyRotation) -> Work<'_, usize> {
        Box::pin(self.write(move |tx| {
            let until = rotation.access_until(tx.longest_own_access_lifetime()?);
            if rotation.forget_old {
                tx.delete_signing_keys()?;
            } else {
                tx.retire_signing_keys(until)?;
            }
            tx.insert_signing_key(&rotation.key)?;
            Ok(tx.signing_keys()?.len())
        }))
    }

    fn app_files(&self) -> Work<'_, Vec<(String, String)>> {
        // Looked at once a second: no other thread is woken for that.
        Box::pin(self.look_up(|tx| tx.app_files()))
    }

    fn write_app_files(&self, seen: Vec<(String, String)>, changed: Vec<(String, String)>) -> Work<'_, bool> {
        Box::pin(self.write(move |tx| {
            if tx.app_files()? != seen {
                return Ok(false);
            }
            for (path, content) in &changed {
                tx.put_app_file(path, content)?;
            }
            Ok(true)
        }))
    }

    fn sweep(&self, what: Ended, now: Timestamp, limit: u32) -> Work<'_, usize> {
        Box::pin(self.write(move |tx| match what {
            Ended::AnonymousUsers => tx.delete_aged_out_users(now, limit),
            Ended::Sessions => tx.delete_expired_sessions(now, limit),
            Ended::Tokens => tx.delete_expired_tokens(now, limit),
            Ended::BrowserLogins => tx.delete_expired_browser_logins(now, limit),
            Ended::SigningKeys => tx.delete_spent_signing_keys(now, limit),
        }))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let threads = Arc::new(Mutex::new(self.threads()));
            let ending = Arc::clone(&threads);
            if blocking(move || finish(&ending)).await.is_err() {
                // The system gives no thread. Nothing else waits at the end, so this thread may block.
                finish(&threads);
            }
        })
    }
}

/// Moves the clock from where it stands.
fn moved(tx: &Tx<'_>, change: ClockMove, system: Timestamp) -> Result<ClockSetting, UnitError> {
    let setting = tx.clock()?.moved(change, system).map_err(Refusal::ClockRange)?;
    tx.set_clock(setting)?;
    Ok(setting)
}

/// Gives each provider an id that has none.
pub fn ensure_providers(tx: &Tx<'_>, ids: &BTreeMap<String, String>) -> Result<(), StoreError> {
    ids.iter().try_for_each(|(provider, id)| tx.ensure_provider(provider, id))
}

impl Tx<'_> {
    /// The App, if it was started before.
    pub fn app(&self) -> Result<Option<AppFacts>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT app_id, internal_id, group_id, domain_id FROM app")?
            .query_row([], |row| {
                let app_id: String = row.get("app_id")?;
                Ok(AppFacts {
                    app_id: app_id.parse().map_err(damaged)?,
                    internal_id: row.get("internal_id")?,
                    group_id: row.get("group_id")?,
                    domain_id: row.get("domain_id")?,
                })
            })
            .optional()?)
    }

    /// Stores the App at its first start.
    pub fn insert_app(&self, app: &AppFacts) -> Result<(), StoreError> {
        self.0.execute(
            "INSERT INTO app (only_row, app_id, internal_id, group_id, domain_id)
             VALUES (1, ?1, ?2, ?3, ?4)",
            params![app.app_id.as_str(), app.internal_id, app.group_id, app.domain_id],
        )?;
        Ok(())
    }

    /// The id of a provider's configuration.
    pub fn provider_id(&self, provider: &str) -> Result<Option<String>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT id FROM providers WHERE type = ?1")?
            .query_row([provider], |row| row.get(0))
            .optional()?)
    }

    /// The ids of all providers, by their names.
    pub fn provider_ids(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT type, id FROM providers")?;
        let rows = query.query_map([], |row| Ok((row.get("type")?, row.get("id")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives a provider its id, unless it has one.
    pub fn ensure_provider(&self, provider: &str, id: &str) -> Result<(), StoreError> {
        self.0.execute("INSERT OR IGNORE INTO providers (type, id) VALUES (?1, ?2)", [provider, id])?;
        Ok(())
    }

    /// Paths and texts of all files.
    pub fn app_files(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT path, content FROM app_files ORDER BY path")?;
        let rows = query.query_map([], |row| Ok((row.get("path")?, row.get("content")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds a file, or replaces it.
    pub fn put_app_file(&self, path: &str, content: &str) -> Result<(), StoreError> {
        self.0
            .execute("INSERT OR REPLACE INTO app_files (path, content) VALUES (?1, ?2)", [path, content])?;
        Ok(())
    }

    /// A clock that was never moved is the system's.
    pub fn clock(&self) -> Result<ClockSetting, StoreError> {
        let kept = self
            .0
            .prepare_cached("SELECT offset_ms, frozen_at FROM clock")?
            .query_row([], |row| {
                let frozen_at: Option<i64> = row.get("frozen_at")?;
                Ok(ClockSetting {
                    offset_ms: row.get("offset_ms")?,
                    frozen_at: frozen_at.map(Timestamp::from_millisecond).transpose().map_err(damaged)?,
                })
            })
            .optional()?;
        Ok(kept.unwrap_or_default())
    }

    pub fn set_clock(&self, setting: ClockSetting) -> Result<(), StoreError> {
        self.0.execute(
            "INSERT OR REPLACE INTO clock (only_row, offset_ms, frozen_at) VALUES (1, ?1, ?2)",
            params![setting.offset_ms, setting.frozen_at.map(|at| at.as_millisecond())],
        )?;
        Ok(())
    }

    pub fn insert_signing_key(&self, key: &SigningKey) -> Result<(), StoreError> {
        self.0.execute(
            "INSERT INTO signing_keys (id, key, created_at) VALUES (?1, ?2, ?3)",
            params![key.id, key.key.as_slice(), key.created_at.as_millisecond()],
        )?;
        Ok(())
    }

    /// Marks all keys as such that sign nothing any more; the access tokens of those in use end at `access_until`.
    pub fn retire_signing_keys(&self, access_until: Timestamp) -> Result<(), StoreError> {
        self.0.execute(
            "UPDATE signing_keys SET access_until = ?1 WHERE access_until IS NULL",
            [access_until.as_millisecond()],
        )?;
        Ok(())
    }

    /// Drops all keys: no token that was signed before counts from here on.
    pub fn delete_signing_keys(&self) -> Result<(), StoreError> {
        self.0.execute("DELETE FROM signing_keys", [])?;
        Ok(())
    }

    /// The newest, which signs, first.
    pub fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let mut statement =
            self.0.prepare_cached("SELECT id, key, created_at FROM signing_keys ORDER BY position DESC")?;
        let rows = statement.query_map([], |row| {
            Ok(SigningKey {
                id: row.get("id")?,
                key: Zeroizing::new(row.get("key")?),
                created_at: time(row, "created_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How often other processes have changed the database; only good for comparing.
    pub fn changes_by_others(&self) -> Result<i64, StoreError> {
        Ok(self.0.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    pub fn delete_expired_sessions(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        self.delete_some("sessions", "expires_at <= ?1", now, limit)
    }

    pub fn delete_expired_tokens(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        self.delete_some("userpass_tokens", "expires_at <= ?1", now, limit)
    }

    pub fn delete_expired_browser_logins(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let sql = "DELETE FROM browser_logins WHERE state IN (
            SELECT state FROM browser_logins WHERE expires_at <= ?1 LIMIT ?2)";
        Ok(self.0.execute(sql, params![now.as_millisecond(), limit])?)
    }

    /// Deletes retired keys that no living token can be signed with.
    pub fn delete_spent_signing_keys(&self, now: Timestamp, limit: u32) -> Result<usize, StoreError> {
        let no_session = "access_until <= ?1 AND NOT EXISTS (
            SELECT 1 FROM sessions WHERE sessions.signing_key = signing_keys.id AND sessions.expires_at > ?1)";
        self.delete_some("signing_keys", no_session, now, limit)
    }

    fn delete_some(
        &self,
        table: &str,
        is_over: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<usize, StoreError> {
        let sql =
            format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {is_over} LIMIT ?2)");
        Ok(self.0.execute(&sql, params![now.as_millisecond(), limit])?)
    }
}
