//! Where the App's clock stands.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, damaged};
use crate::local_app::app_clock::ClockSetting;

impl Tx<'_> {
    /// A clock that nobody moved is the system's.
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
}
