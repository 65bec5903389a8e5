//! Snapshots of the whole App: accounts, sessions, documents, keys, configuration and clock.

use super::app::{App, fresh_provider_ids};
use super::failure::Failure;
use super::store::{Snapshot, SnapshotError, SnapshotName, StoreError};

impl App {
    pub async fn take_snapshot(&self, name: &str) -> Result<Snapshot, Failure> {
        let taken_at = self.clock().system_now();
        Ok(self.store().take_snapshot(named(name)?, taken_at).await?)
    }

    pub async fn snapshots(&self) -> Result<Vec<Snapshot>, Failure> {
        Ok(self.store().snapshots().await?)
    }

    /// Brings everything back to what it was. Who logged in since then did not: no session of theirs is there.
    pub async fn restore_snapshot(&self, name: &str) -> Result<(), Failure> {
        self.store().restore_snapshot(named(name)?, fresh_provider_ids()).await?;
        self.reload().await?;
        // A configuration that comes from a folder is the folder's business; this brings back the storage's own.
        if let Err(error) = self.reload_config().await {
            tracing::warn!(%error, "local App: the configuration cannot be read after a restore, the one before stays");
        }
        Ok(())
    }

    pub async fn delete_snapshot(&self, name: &str) -> Result<(), Failure> {
        Ok(self.store().delete_snapshot(named(name)?).await?)
    }
}

fn named(name: &str) -> Result<SnapshotName, Failure> {
    name.parse().map_err(|invalid: super::store::InvalidSnapshotName| {
        Failure::InvalidParameter(format!("name: {invalid}"))
    })
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Missing(_) => Self::NotFound(error.to_string()),
            SnapshotError::Exists(_) | SnapshotError::Damaged(_) | SnapshotError::OtherApp(_) => {
                Self::Conflict(error.to_string())
            }
            SnapshotError::Store(newer @ StoreError::Newer { .. }) => Self::Conflict(newer.to_string()),
            SnapshotError::Store(store) => store.into(),
        }
    }
}
