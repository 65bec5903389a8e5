//! The App's own row, and the ids of its providers.

use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, damaged};
use crate::local_app::app_id::AppId;

/// What an App is, fixed at its first start.
pub struct AppFacts {
    /// The client app id.
    pub app_id: AppId,
    /// The App's id at the hosted service, of an Admin API path.
    pub internal_id: String,
    /// The project that it belongs to.
    pub group_id: String,
    /// What tokens name it by.
    pub domain_id: String,
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

    /// Gives a provider its id, unless it has one.
    pub fn ensure_provider(&self, provider: &str, id: &str) -> Result<(), StoreError> {
        self.0.execute("INSERT OR IGNORE INTO providers (type, id) VALUES (?1, ?2)", [provider, id])?;
        Ok(())
    }
}
