//! Everything that is in the vault, at its opening: what opens, and what is lost.

use rusqlite::{Connection, Transaction, params};

use super::roll::Found;
use super::writer::Writer;
use super::{Store, app_context, begin, clocks, data_version, read, renewals, user_key};
use crate::account::{AppAlias, DeviceId, UserId};
use crate::vault::seal::unseal;
use crate::vault::{AppRecord, Contents, RecordName, VaultError};

/// The tables that users and Apps depend on. Their pages, and the indexes by which rows are found, are checked at each
/// opening; the timeline, which may be long and decides nothing, is not.
const TABLES: [&str; 6] = ["key_slot", "state", "users", "apps", "roll", "set_aside"];

/// The number in the head of the file that says that something was in clear, and may still be in free space.
const WIPE_DUE: &str = "application_id";

/// An App's record, or why it does not open.
type AppRow = Result<AppRecord, String>;

impl Store {
    /// Reads everything. Records that do not open are moved to `set_aside`, and those that should be there are missed; all
    /// others are returned.
    pub fn load(&mut self) -> Result<Contents, VaultError> {
        self.data_version = data_version(&self.connection)?;
        check_tables(&self.connection)?;
        let transaction = begin(&mut self.connection)?;
        let writer = Writer { sql: &transaction, key: &self.key, holder: &self.holder };
        let mut found = Found::default();
        let mut contents = Contents::default();
        load_users(&transaction, &writer, &mut contents, &mut found)?;
        let was_clear = load_apps(&transaction, &writer, &mut contents, &mut found)?;
        contents.set_aside = writer.call_roll(found, self.rewrapped.is_none())?;
        contents.clocks = clocks(&transaction, &self.key)?;
        (contents.renewals, self.seen_entry) = renewals(&transaction, &self.key, 0)?;
        (self.seen, contents.locked) =
            transaction
                .query_row("SELECT revision, locked FROM state", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if was_clear {
            transaction.pragma_update(None, WIPE_DUE, 1)?;
        }
        if let Some(rewrapped) = &self.rewrapped {
            transaction.execute("UPDATE key_slot SET wrapped = ?1", [rewrapped])?;
        }
        let is_due: i64 = transaction.pragma_query_value(None, WIPE_DUE, |row| row.get(0))?;
        transaction.commit()?;
        self.rewrapped = None;
        if is_due != 0 {
            self.wipe_free_space();
        }
        Ok(contents)
    }

    /// Makes what was stored in clear go away: from pages that are half used, and from the log.
    fn wipe_free_space(&self) {
        let sql = &self.connection;
        let wiped = sql
            .execute_batch("VACUUM")
            // A checkpoint that others keep from its end is no error: it says so in its answer.
            .and_then(|()| sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0)));
        let done = match wiped {
            Ok(false) => sql.pragma_update(None, WIPE_DUE, 0).map_err(|error| error.to_string()),
            Ok(true) => Err("another process is in the way".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = done {
            // What was overwritten is zeros all the same.
            tracing::warn!(%error, "the vault was not rewritten after its apps were sealed; the next start does it");
        }
    }
}

fn check_tables(connection: &Connection) -> Result<(), VaultError> {
    for table in TABLES {
        let said: String =
            connection.query_row(&format!("PRAGMA integrity_check('{table}')"), [], |row| row.get(0))?;
        if said != "ok" {
            return Err(VaultError::Damaged { what: format!("{table}: {said}") });
        }
    }
    Ok(())
}

fn load_users(
    transaction: &Transaction<'_>,
    writer: &Writer<'_>,
    contents: &mut Contents,
    found: &mut Found,
) -> Result<(), VaultError> {
    let mut rows =
        transaction.prepare("SELECT position, app, user, version, sealed FROM users ORDER BY position")?;
    let mut rows = rows.query([])?;
    let mut damaged = Vec::new();
    while let Some(row) = rows.next()? {
        // Text that is no text any more still names the row.
        let text = |column| {
            Ok::<_, VaultError>(
                String::from_utf8_lossy(row.get_ref(column)?.as_bytes().unwrap_or_default()).into_owned(),
            )
        };
        let user = user_key(text(1)?, text(2)?);
        let sealed = row.get_ref(4)?.as_blob().unwrap_or_default();
        match read(writer.key, &user, row.get(3).unwrap_or_default(), sealed) {
            Ok(record) => {
                found.whole.insert(RecordName::User(user.clone()));
                contents.users.push((user, record));
            }
            Err(why) => {
                damaged.push((row.get::<_, i64>(0)?, why.clone()));
                found.damaged.insert(RecordName::User(user), why);
            }
        }
    }
    for (position, why) in damaged {
        transaction.execute(
            "INSERT INTO set_aside SELECT app, user, version, sealed, ?2 FROM users WHERE position = ?1",
            params![position, why],
        )?;
        transaction.execute("DELETE FROM users WHERE position = ?1", [position])?;
    }
    Ok(())
}

/// Reads the Apps; says whether one of them was stored in clear. Those are sealed.
fn load_apps(
    transaction: &Transaction<'_>,
    writer: &Writer<'_>,
    contents: &mut Contents,
    found: &mut Found,
) -> Result<bool, VaultError> {
    let mut statement = transaction.prepare(
        "SELECT app, version, sealed, current, device, kept, control, rowid FROM apps ORDER BY rowid",
    )?;
    let mut rows = statement.query([])?;
    let (mut clear, mut damaged) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let alias = String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default()).into_owned();
        let alias = AppAlias::new(alias);
        let record: AppRow = match row.get_ref(2)?.as_blob().ok() {
            Some(sealed) => {
                let version = row.get(1).unwrap_or_default();
                open_app(writer, &alias, version, sealed)
            }
            None => {
                let text = |column| row.get::<_, Option<String>>(column).ok().flatten();
                let control: Option<Vec<u8>> = row.get(6).ok().flatten();
                clear.push(alias.clone());
                app_in_clear(writer, &alias, text(3), text(4), text(5), control)
            }
        };
        match record {
            Ok(record) => {
                found.whole.insert(RecordName::App(alias.clone()));
                contents.apps.push((alias, record));
            }
            Err(why) => {
                damaged.push((row.get::<_, i64>(7)?, why.clone()));
                found.damaged.insert(RecordName::App(alias), why);
            }
        }
    }
    drop(rows);
    drop(statement);
    for (rowid, why) in damaged {
        transaction.execute(
            "INSERT INTO set_aside SELECT app, '', version, coalesce(sealed, control, x''), ?2 FROM apps WHERE rowid = ?1",
            params![rowid, why],
        )?;
        transaction.execute("DELETE FROM apps WHERE rowid = ?1", [rowid])?;
    }
    for (alias, record) in contents.apps.iter().filter(|(alias, _)| clear.contains(alias)) {
        writer.put_app(alias, 1, record)?;
    }
    Ok(!clear.is_empty())
}

fn open_app(writer: &Writer<'_>, alias: &AppAlias, version: i64, sealed: &[u8]) -> AppRow {
    let plain = unseal(writer.key, &app_context(alias, version), sealed)
        .map_err(|_| "the record is damaged: its seal is broken".to_owned())?;
    AppRecord::from_bytes(alias, &plain)
        .map_err(|error| format!("the record is sealed, but not readable: {error}"))
}

/// An App as older versions kept it.
fn app_in_clear(
    writer: &Writer<'_>,
    alias: &AppAlias,
    current: Option<String>,
    device: Option<String>,
    kept: Option<String>,
    control: Option<Vec<u8>>,
) -> AppRow {
    let context = format!("idmux control access 1\0{alias}").into_bytes();
    let control = control.map(|sealed| unseal(writer.key, &context, &sealed)).transpose();
    let control = control.map_err(|_| "the way to its control API does not open".to_owned())?;
    let app = kept.map(|kept| {
        let app = AppRecord::app_from_clear(alias, &kept, control.as_ref().map(|plain| plain.as_slice()));
        app.ok_or_else(|| "its address cannot be read".to_owned())
    });
    Ok(AppRecord {
        app: app.transpose()?,
        current: current.map(UserId::new),
        device: device.and_then(DeviceId::new),
    })
}
