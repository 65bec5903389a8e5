//! Installations that users logged in from.

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde_json::{Map, Value};

use super::{StoreError, Tx, damaged, time};

/// Devices of one user that are remembered; the one that was away longest goes first.
const DEVICES_OF_A_USER: u32 = 100;

/// An installation that a user logged in from.
#[derive(Debug, Clone)]
pub struct KnownDevice {
    pub id: String,
    /// As the client described it at its last login.
    pub facts: Map<String, Value>,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
}

impl Tx<'_> {
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
