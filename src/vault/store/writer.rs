//! What is written, and what is read together with it: all of it inside a transaction.

use rusqlite::{Connection, OptionalExtension, params};

use super::{app_context, clock_context, context, read};
use crate::account::{AccessToken, App, AppAlias, DeviceId, UserId, UserKey};
use crate::vault::holder::Holder;
use crate::vault::seal::{SealKey, seal, unseal};
use crate::vault::{
    AppRecord, KeptClock, Lease, RecordName, Replaced, TimelineEntry, UserRecord, VaultError,
};

/// How many entries of a user's timeline are kept.
const TIMELINE: i64 = 200;

/// The database inside a transaction.
pub struct Writer<'a> {
    pub(super) sql: &'a Connection,
    pub(super) key: &'a SealKey,
    pub(super) holder: &'a Holder,
}

impl Writer<'_> {
    /// Stores a record in place of the one before, and gives this process's lease back.
    pub fn put(&self, user: &UserKey, record: &UserRecord) -> Result<(), VaultError> {
        let plain = record.to_bytes().map_err(|_| VaultError::Seal)?;
        let named = params![user.app.as_str(), user.id.as_str()];
        let former: Option<i64> = self
            .sql
            .prepare_cached("SELECT version FROM users WHERE app = ?1 AND user = ?2")?
            .query_row(named, |row| row.get(0))
            .optional()?;
        let version = former.map_or(1, |version| version.wrapping_add(1));
        if former.is_none() {
            self.enroll(&RecordName::User(user.clone()))?;
        }
        let sealed = seal(self.key, &context(user, version), &plain)?;
        self.sql
            .prepare_cached(
                "INSERT INTO users (app, user, version, sealed, revision, writer) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (app, user) DO UPDATE SET version = excluded.version, sealed = excluded.sealed,
                     revision = excluded.revision, writer = excluded.writer",
            )?
            .execute(params![
                user.app.as_str(),
                user.id.as_str(),
                version,
                sealed,
                self.next_revision()?,
                self.holder.id()
            ])?;
        self.sql.prepare_cached("DELETE FROM removed WHERE app = ?1 AND user = ?2")?.execute(named)?;
        self.release(user)
    }

    /// Forgets a user, also as a current one.
    pub fn remove(&self, user: &UserKey) -> Result<(), VaultError> {
        let named = params![user.app.as_str(), user.id.as_str()];
        for sql in [
            "DELETE FROM users WHERE app = ?1 AND user = ?2",
            "DELETE FROM timeline WHERE app = ?1 AND user = ?2",
        ] {
            self.sql.prepare_cached(sql)?.execute(named)?;
        }
        self.strike(&RecordName::User(user.clone()))?;
        if self.app(&user.app)?.is_some_and(|(_, app)| app.current.as_ref() == Some(&user.id)) {
            self.set_current(&user.app, None)?;
        }
        self.sql.execute(
            "INSERT INTO removed (app, user, revision, writer) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET revision = excluded.revision, writer = excluded.writer",
            params![user.app.as_str(), user.id.as_str(), self.next_revision()?, self.holder.id()],
        )?;
        self.release(user)
    }

    /// Stores a renewed record, unless another process has stored another one, or removed the user, since `known` was
    /// read. Either way the lease is given back.
    pub fn replace(
        &self,
        user: &UserKey,
        known: &AccessToken,
        record: &UserRecord,
    ) -> Result<Replaced, VaultError> {
        match self.stored(user)? {
            None => {
                self.release(user)?;
                Ok(Replaced::Gone)
            }
            Some(Ok(stored)) if stored.tokens.as_ref().map(|tokens| &tokens.access) != Some(known) => {
                self.release(user)?;
                Ok(Replaced::Newer(Box::new(stored)))
            }
            // A record that does not open is replaced by one that does.
            Some(_) => self.put(user, record).map(|()| Replaced::Done),
        }
    }

    /// The record as it stands; `None` when there is none, or none that opens.
    pub fn read(&self, user: &UserKey) -> Result<Option<UserRecord>, VaultError> {
        Ok(self.stored(user)?.and_then(Result::ok))
    }

    /// The record as it stands; the inner error when it does not open.
    fn stored(&self, user: &UserKey) -> Result<Option<Result<UserRecord, String>>, VaultError> {
        let row = self
            .sql
            .prepare_cached("SELECT version, sealed FROM users WHERE app = ?1 AND user = ?2")?
            .query_row(params![user.app.as_str(), user.id.as_str()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
            })
            .optional()?;
        Ok(row.map(|(version, sealed)| read(self.key, user, version, &sealed)))
    }

    /// Takes the right to renew a user's token, unless another living process has it, or the record is not the one
    /// that `known` is in.
    pub fn lease(&self, user: &UserKey, known: &AccessToken) -> Result<Lease, VaultError> {
        let named = params![user.app.as_str(), user.id.as_str()];
        match self.stored(user)? {
            None => return Ok(Lease::Gone),
            Some(Ok(record)) if record.tokens.as_ref().map(|tokens| &tokens.access) != Some(known) => {
                return Ok(Lease::Newer(Box::new(record)));
            }
            // A record that does not open is no reason to keep a living session from its renewal.
            Some(_) => {}
        }
        let holder: Option<String> = self
            .sql
            .prepare_cached("SELECT holder FROM leases WHERE app = ?1 AND user = ?2")?
            .query_row(named, |row| row.get(0))
            .optional()?;
        if holder.is_some_and(|holder| self.holder.is_other_and_alive(&holder)) {
            return Ok(Lease::Busy);
        }
        self.sql
            .prepare_cached(
                "INSERT INTO leases (app, user, holder) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET holder = excluded.holder",
            )?
            .execute(params![user.app.as_str(), user.id.as_str(), self.holder.id()])?;
        Ok(Lease::Held)
    }

    /// Gives the right to renew back.
    pub fn release(&self, user: &UserKey) -> Result<(), VaultError> {
        self.sql
            .prepare_cached("DELETE FROM leases WHERE app = ?1 AND user = ?2 AND holder = ?3")?
            .execute(params![user.app.as_str(), user.id.as_str(), self.holder.id()])?;
        Ok(())
    }

    /// Remembers the current user of an App.
    pub fn set_current(&self, app: &AppAlias, user: Option<&UserId>) -> Result<(), VaultError> {
        self.change_app(app, |record| record.current = user.cloned())
    }

    /// Remembers the device id that an App gave.
    pub fn set_device(&self, app: &AppAlias, device: &DeviceId) -> Result<(), VaultError> {
        self.change_app(app, |record| record.device = Some(device.clone()))
    }

    /// Remembers what was learnt of an App's clock. An App that nothing else is remembered of is not brought in by it.
    pub fn set_clock(&self, app: &AppAlias, clock: &KeptClock) -> Result<(), VaultError> {
        let sealed = seal(self.key, &clock_context(app), &clock.to_bytes())?;
        self.sql
            .prepare_cached("UPDATE apps SET clock = ?2 WHERE app = ?1")?
            .execute(params![app.as_str(), sealed])?;
        Ok(())
    }

    /// Remembers an App.
    pub fn keep_app(&self, app: App) -> Result<(), VaultError> {
        let alias = app.alias.clone();
        self.change_app(&alias, |record| record.app = Some(app))
    }

    /// What is kept of an App, with its version.
    fn app(&self, app: &AppAlias) -> Result<Option<(i64, AppRecord)>, VaultError> {
        let row = self
            .sql
            .prepare_cached("SELECT version, sealed FROM apps WHERE app = ?1")?
            .query_row([app.as_str()], |row| Ok((row.get(0)?, row.get::<_, Option<Vec<u8>>>(1)?)))
            .optional()?;
        row.map(|(version, sealed)| {
            let plain = unseal(self.key, &app_context(app, version), &sealed.unwrap_or_default())?;
            AppRecord::from_bytes(app, &plain).map(|record| (version, record)).map_err(|_| VaultError::Seal)
        })
        .transpose()
    }

    /// Changes what is kept of an App, and leaves the rest of it as it stands.
    fn change_app(&self, app: &AppAlias, change: impl FnOnce(&mut AppRecord)) -> Result<(), VaultError> {
        let (version, mut record) = match self.app(app)? {
            Some(found) => found,
            None => {
                self.enroll(&RecordName::App(app.clone()))?;
                (0, AppRecord::default())
            }
        };
        change(&mut record);
        self.put_app(app, version.wrapping_add(1), &record)
    }

    /// Stores what is kept of an App as that version, and nothing of it in clear.
    pub(super) fn put_app(&self, app: &AppAlias, version: i64, record: &AppRecord) -> Result<(), VaultError> {
        let plain = record.to_bytes().map_err(|_| VaultError::Seal)?;
        let sealed = seal(self.key, &app_context(app, version), &plain)?;
        self.sql.execute(
            "INSERT INTO apps (app, version, sealed) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET version = excluded.version, sealed = excluded.sealed,
                 current = NULL, device = NULL, kept = NULL, control = NULL",
            params![app.as_str(), version, sealed],
        )?;
        Ok(())
    }

    /// Forgets an App with everything that belongs to it.
    pub fn forget_app(&self, app: &AppAlias) -> Result<(), VaultError> {
        for sql in [
            "INSERT OR REPLACE INTO removed SELECT app, user, (SELECT revision + 1 FROM state), ?2 FROM users WHERE app = ?1",
            "UPDATE state SET revision = revision + 1 WHERE ?1 <> ?2",
        ] {
            self.sql.execute(sql, params![app.as_str(), self.holder.id()])?;
        }
        for sql in [
            "DELETE FROM users WHERE app = ?1",
            "DELETE FROM timeline WHERE app = ?1",
            "DELETE FROM apps WHERE app = ?1",
        ] {
            self.sql.execute(sql, params![app.as_str()])?;
        }
        self.strike_app(app)
    }

    /// Says to every process that the vault is closed, or open again.
    pub fn set_locked(&self, locked: bool) -> Result<(), VaultError> {
        self.next_revision()?;
        match self.sql.execute("UPDATE state SET locked = ?1", params![locked])? {
            1 => Ok(()),
            _ => Err(VaultError::Damaged { what: "it does not say whether it is locked".into() }),
        }
    }

    /// Writes down what happened to a user, and whether it is what the last renewal is known by.
    pub fn note(
        &self,
        user: &UserKey,
        entry: &TimelineEntry,
        is_last_renewal: bool,
    ) -> Result<(), VaultError> {
        let plain = serde_json::to_vec(entry).map_err(|_| VaultError::Seal)?;
        let sealed = seal(self.key, &timeline_context(user), &plain)?;
        let named = params![user.app.as_str(), user.id.as_str(), sealed];
        let noted = self
            .sql
            .prepare_cached(
                // Not of a user who is forgotten: an answer that comes late would bring the name back.
                "INSERT INTO timeline (app, user, sealed) SELECT ?1, ?2, ?3
                     WHERE EXISTS (SELECT 1 FROM users WHERE app = ?1 AND user = ?2)",
            )?
            .execute(named)?;
        if is_last_renewal && noted == 1 {
            self.sql
                .prepare_cached(
                    "UPDATE users SET renewal = last_insert_rowid() WHERE app = ?1 AND user = ?2",
                )?
                .execute(params![user.app.as_str(), user.id.as_str()])?;
        }
        self.sql
            .prepare_cached(
                "DELETE FROM timeline WHERE app = ?1 AND user = ?2 AND entry <= (SELECT entry FROM timeline
                     WHERE app = ?1 AND user = ?2 ORDER BY entry DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute(params![user.app.as_str(), user.id.as_str(), TIMELINE])?;
        Ok(())
    }

    /// What happened to a user, oldest first.
    pub fn timeline(&self, user: &UserKey) -> Result<Vec<TimelineEntry>, VaultError> {
        let mut rows = self
            .sql
            .prepare_cached("SELECT sealed FROM timeline WHERE app = ?1 AND user = ?2 ORDER BY entry")?;
        let mut rows = rows.query(params![user.app.as_str(), user.id.as_str()])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let sealed = row.get_ref(0)?.as_blob().unwrap_or_default();
            let plain = unseal(self.key, &timeline_context(user), sealed).ok();
            let entry = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
            let before = entries.last().map(|entry: &TimelineEntry| entry.at);
            entries.push(entry.unwrap_or_else(|| TimelineEntry::damaged(before.unwrap_or_default())));
        }
        Ok(entries)
    }

    fn next_revision(&self) -> Result<i64, VaultError> {
        let next = self
            .sql
            .prepare_cached("UPDATE state SET revision = revision + 1 RETURNING revision")?
            .query_row([], |row| row.get(0))?;
        Ok(next)
    }
}

pub(super) fn timeline_context(user: &UserKey) -> Vec<u8> {
    format!("idmux timeline 1\0{}\0{}", user.app, user.id).into_bytes()
}
