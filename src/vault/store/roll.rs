//! The roll: which records there should be. A record that does not open tells by itself that something is lost; one that
//! is gone is missed only by whoever knows that it was there.
//!
//! Each name is sealed in a row of its own, with the reason why its record is lost, if it is. The sealed tally says how
//! many rows there should be. What is lost stays on the roll until a person says that it may be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Writer;
use crate::account::{AppAlias, UserId, UserKey};
use crate::vault::seal::{seal, unseal};
use crate::vault::{RecordName, SetAside, VaultError};

const ROLL_CONTEXT: &[u8] = b"idmux roll 1";
const TALLY_CONTEXT: &[u8] = b"idmux tally 1";

/// Why a record is lost of which nothing is there.
const GONE: &str = "the record is gone";

/// A row of the roll as it is sealed.
#[derive(Serialize, Deserialize)]
struct Entry {
    app: String,
    user: String,
    lost: Option<String>,
}

/// How a record is named in the columns: an App has no user, and who has no name has no App.
fn columns(record: &RecordName) -> (String, String) {
    match record {
        RecordName::User(user) => (user.app.to_string(), user.id.to_string()),
        RecordName::App(app) => (app.to_string(), String::new()),
        RecordName::Nameless(number) => (String::new(), number.to_string()),
    }
}

fn name(app: String, user: String) -> RecordName {
    match (app.is_empty(), user.is_empty()) {
        (true, _) => RecordName::Nameless(user.parse().unwrap_or(0)),
        (false, true) => RecordName::App(AppAlias::new(app)),
        (false, false) => RecordName::User(UserKey { app: AppAlias::new(app), id: UserId::new(user) }),
    }
}

/// The tally as it was found.
enum Tally {
    /// The roll was not begun: the vault is of an older version.
    Unbegun,
    Known(usize),
    Damaged,
}

/// What a look at the records came to.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that open.
    pub whole: BTreeSet<RecordName>,
    /// Those that do not, and why.
    pub damaged: BTreeMap<RecordName, String>,
}

impl Writer<'_> {
    /// Begins the roll of a new vault.
    pub(super) fn begin_roll(&self) -> Result<(), VaultError> {
        self.set_tally(0)
    }

    /// Puts a record on the roll, unless it is there.
    pub(super) fn enroll(&self, record: &RecordName) -> Result<(), VaultError> {
        let (app, user) = columns(record);
        let is_there = self
            .sql
            .prepare_cached("SELECT 1 FROM roll WHERE app = ?1 AND user = ?2")?
            .exists(params![app, user])?;
        if is_there {
            return Ok(());
        }
        self.put_entry(record, None)?;
        self.add_to_tally(1)
    }

    /// Takes a record off the roll.
    pub(super) fn strike(&self, record: &RecordName) -> Result<(), VaultError> {
        let (app, user) = columns(record);
        let struck =
            self.sql.prepare_cached("DELETE FROM roll WHERE app = ?1 AND user = ?2")?.execute([app, user])?;
        self.take_from_tally(struck)
    }

    /// Takes an App and all of its users off the roll.
    pub(super) fn strike_app(&self, app: &AppAlias) -> Result<(), VaultError> {
        let struck = self.sql.execute("DELETE FROM roll WHERE app = ?1", [app.as_str()])?;
        self.take_from_tally(struck)
    }

    /// Forgets that a record was lost, with what is left of it.
    pub fn forget_lost(&self, record: &RecordName) -> Result<(), VaultError> {
        let (app, user) = columns(record);
        let is_back = match record {
            RecordName::User(_) => "SELECT 1 FROM users WHERE app = ?1 AND user = ?2",
            // The second condition only takes the parameter.
            RecordName::App(_) => "SELECT 1 FROM apps WHERE app = ?1 AND ?2 = ''",
            RecordName::Nameless(_) => "SELECT 1 WHERE ?1 <> '' AND ?2 = ''",
        };
        if self.sql.prepare(is_back)?.exists(params![app, user])? {
            self.put_entry(record, None)?;
        } else {
            self.strike(record)?;
        }
        self.sql.execute("DELETE FROM set_aside WHERE app = ?1 AND user = ?2", params![app, user])?;
        if self.lost()?.is_empty() {
            // What a damaged name stood on.
            self.sql.execute("DELETE FROM set_aside", [])?;
        }
        Ok(())
    }

    /// What is on the roll as lost.
    fn lost(&self) -> Result<Vec<SetAside>, VaultError> {
        let (entries, _) = self.entries()?;
        let lost = entries.into_iter().filter_map(|(record, why)| Some(SetAside { record, why: why? }));
        Ok(lost.collect())
    }

    /// Compares what should be there with what is, writes down what is lost, and names all that is.
    /// A roll that `has_begun` is not one of an older version.
    pub(super) fn call_roll(&self, mut found: Found, has_begun: bool) -> Result<Vec<SetAside>, VaultError> {
        let (mut entries, broken) = self.entries()?;
        let known = entries.len();
        let tally = match self.tally()? {
            Tally::Unbegun if has_begun || known + broken > 0 => Tally::Damaged,
            tally => tally,
        };
        if broken > 0 {
            self.sql.execute("DELETE FROM roll", [])?;
            for (record, lost) in &entries {
                self.put_entry(record, lost.as_deref())?;
            }
        }
        let mut news: BTreeMap<RecordName, Option<String>> = BTreeMap::new();
        if matches!(tally, Tally::Unbegun) {
            // What an older version set aside was named once, if at all.
            found.damaged.extend(self.set_aside_by_older_versions()?);
        }
        for record in &found.whole {
            if !entries.contains_key(record) {
                news.insert(record.clone(), None);
            }
        }
        // Rows that are gone, or whose name is, and are not made up for by a record that is there.
        let mut unnamed = match tally {
            Tally::Unbegun => 0,
            Tally::Known(tally) => tally.saturating_sub(known).saturating_sub(news.len()),
            Tally::Damaged => broken.saturating_sub(news.len()),
        };
        for (record, lost) in &entries {
            if let (None, Some(why)) = (lost, found.damaged.remove(record)) {
                news.insert(record.clone(), Some(why));
            }
        }
        for (record, lost) in &entries {
            if lost.is_none() && !found.whole.contains(record) && !news.contains_key(record) {
                news.insert(record.clone(), Some(GONE.to_owned()));
            }
        }
        for (record, why) in std::mem::take(&mut found.damaged) {
            // A damaged record under a name that was never given: the name is damaged too, and its true one is missed.
            if entries.contains_key(&record) || (unnamed == 0 && !matches!(tally, Tally::Unbegun)) {
                continue;
            }
            unnamed = unnamed.saturating_sub(1);
            news.insert(record, Some(why));
        }
        let mut number = 1;
        if matches!(tally, Tally::Damaged) {
            unnamed = unnamed.max(1);
        }
        while unnamed > 0 {
            let record = RecordName::Nameless(number);
            number += 1;
            if entries.contains_key(&record) {
                continue;
            }
            let why = match tally {
                Tally::Damaged => "the number of records is damaged: whether more are lost cannot be told",
                Tally::Known(_) | Tally::Unbegun => "a user or App was here, and its name is lost as well",
            };
            news.insert(record, Some(why.to_owned()));
            unnamed -= 1;
        }
        for (record, lost) in &news {
            self.put_entry(record, lost.as_deref())?;
        }
        let is_changed =
            broken > 0 || !news.is_empty() || !matches!(tally, Tally::Known(tally) if tally == known);
        entries.extend(news);
        if is_changed {
            self.set_tally(entries.len())?;
        }
        let lost = entries.into_iter().filter_map(|(record, why)| Some(SetAside { record, why: why? }));
        Ok(lost.collect())
    }

    fn set_aside_by_older_versions(&self) -> Result<Vec<(RecordName, String)>, VaultError> {
        let mut rows = self.sql.prepare("SELECT app, user, why FROM set_aside")?;
        let rows = rows.query_map([], |row| Ok((name(row.get(0)?, row.get(1)?), row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The rows of the roll that open, and how many do not. What stands in the columns only finds them.
    fn entries(&self) -> Result<(BTreeMap<RecordName, Option<String>>, usize), VaultError> {
        let (mut entries, mut broken) = (BTreeMap::new(), 0);
        let mut rows = self.sql.prepare("SELECT app, user, sealed FROM roll")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let sealed = row.get_ref(2)?.as_blob().unwrap_or_default();
            let plain = unseal(self.key, ROLL_CONTEXT, sealed).ok();
            match plain.and_then(|plain| serde_json::from_slice::<Entry>(&plain).ok()) {
                Some(Entry { app, user, lost }) => {
                    let stands =
                        |column, text: &str| row.get_ref(column).is_ok_and(|is| is.as_str() == Ok(text));
                    // A damaged column: the row is written anew where it belongs.
                    broken += usize::from(!stands(0, &app) || !stands(1, &user));
                    entries.insert(name(app, user), lost);
                }
                None => broken += 1,
            }
        }
        Ok((entries, broken))
    }

    fn put_entry(&self, record: &RecordName, lost: Option<&str>) -> Result<(), VaultError> {
        let (app, user) = columns(record);
        let entry = Entry { app, user, lost: lost.map(str::to_owned) };
        let plain = serde_json::to_vec(&entry).map_err(|_| VaultError::Seal)?;
        let sealed = seal(self.key, ROLL_CONTEXT, &plain)?;
        self.sql
            .prepare_cached(
                "INSERT INTO roll (app, user, sealed) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
            )?
            .execute(params![entry.app, entry.user, sealed])?;
        Ok(())
    }

    fn tally(&self) -> Result<Tally, VaultError> {
        let sealed: Option<Vec<u8>> =
            self.sql.prepare_cached("SELECT tally FROM state")?.query_row([], |row| row.get(0)).optional()?;
        let Some(sealed) = sealed else {
            return Err(VaultError::Damaged { what: "the row with its state is gone".into() });
        };
        if sealed.is_empty() {
            return Ok(Tally::Unbegun);
        }
        let plain = unseal(self.key, TALLY_CONTEXT, &sealed).ok();
        let tally = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        Ok(tally.map_or(Tally::Damaged, Tally::Known))
    }

    fn set_tally(&self, tally: usize) -> Result<(), VaultError> {
        let sealed = seal(self.key, TALLY_CONTEXT, tally.to_string().as_bytes())?;
        self.sql.prepare_cached("UPDATE state SET tally = ?1")?.execute([sealed])?;
        Ok(())
    }

    fn add_to_tally(&self, more: usize) -> Result<(), VaultError> {
        match self.tally()? {
            Tally::Known(tally) => self.set_tally(tally + more),
            Tally::Unbegun => self.set_tally(more),
            // The next start finds it, and says so.
            Tally::Damaged => Ok(()),
        }
    }

    fn take_from_tally(&self, less: usize) -> Result<(), VaultError> {
        match self.tally()? {
            Tally::Known(tally) if less > 0 => self.set_tally(tally.saturating_sub(less)),
            _ => Ok(()),
        }
    }
}
