//! Snapshots of the whole App: accounts, sessions, documents, keys, configuration and clock.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::StoreError;

/// Units of work on the App as a whole.
pub trait SnapshotStore {
    /// Keeps the App as it is now; `now` by the system's clock.
    fn take_snapshot(
        &self,
        name: SnapshotName,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Snapshot, SnapshotError>>;

    /// All snapshots, by name.
    fn snapshots(&self) -> BoxFuture<'_, Result<Vec<Snapshot>, SnapshotError>>;

    /// Brings the App back to what it was, for every process that has it open. An older snapshot may not know all providers:
    /// those that have no id then get the one that is given.
    fn restore_snapshot(
        &self,
        name: SnapshotName,
        provider_ids: BTreeMap<String, String>,
    ) -> BoxFuture<'_, Result<(), SnapshotError>>;

    fn delete_snapshot(&self, name: SnapshotName) -> BoxFuture<'_, Result<(), SnapshotError>>;
}

const LONGEST_NAME: usize = 64;

/// The name of a snapshot; it is a file name everywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotName(String);

/// Text that names no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a snapshot's name has 1 to {LONGEST_NAME} lowercase letters, digits, '-', '_' or '.', and begins with a letter or digit"
)]
pub struct InvalidSnapshotName;

impl FromStr for SnapshotName {
    type Err = InvalidSnapshotName;

    fn from_str(text: &str) -> Result<Self, InvalidSnapshotName> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let fits = text.bytes().next().is_some_and(is_plain)
            && text.len() <= LONGEST_NAME
            && text.bytes().all(|byte| is_plain(byte) || matches!(byte, b'-' | b'_' | b'.'));
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidSnapshotName) }
    }
}

impl fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is known of a snapshot without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub name: SnapshotName,
    /// By the system's clock: the App's may have been moved.
    pub taken_at: Timestamp,
    pub bytes: u64,
}

/// Why there is no such snapshot, or it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("there is a snapshot '{0}' already; delete it first, or choose another name")]
    Exists(SnapshotName),
    #[error("there is no snapshot '{0}'")]
    Missing(SnapshotName),
    #[error("the snapshot '{0}' is damaged; delete it")]
    Damaged(SnapshotName),
    #[error("the snapshot '{0}' is of another App; take it to the folder of that one")]
    OtherApp(SnapshotName),
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_file_name_everywhere() {
        for good in ["a", "before-the-move", "2026.01.01_x", "0", &"a".repeat(64)] {
            assert_eq!(good.parse::<SnapshotName>().unwrap().to_string(), good);
        }
        for bad in ["", ".", "..", ".a", "-a", "A", "a/b", "a\\b", "a b", "ä", "a\0", &"a".repeat(65)] {
            assert_eq!(bad.parse::<SnapshotName>(), Err(InvalidSnapshotName), "{bad:?}");
        }
    }
}
