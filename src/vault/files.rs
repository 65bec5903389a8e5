//! Whether another process may have written to the vault, told by its files alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// For so many looks after the last change the files count as changed: a write within the grain of a file system's times,
/// two seconds at the coarsest, leaves them as they were.
const UNSURE: u32 = 4;

/// The files of the database. SQLite appends what is written to the one beside it, and moves it over now and then.
#[derive(Debug)]
pub struct Files {
    paths: [PathBuf; 2],
    seen: [Option<Stamp>; 2],
    /// Looks since then that found the same.
    same: u32,
}

/// Length and time of the last change.
type Stamp = (u64, SystemTime);

impl Files {
    /// The files of the database at `path`.
    pub fn of(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self { paths: [path.to_owned(), log.into()], seen: [None; 2], same: 0 }
    }

    /// Whether somebody may have written since the last call. It wakes no thread and reads no byte, which is what an idle
    /// program can afford twice a second. Where times of open files cannot be relied on, somebody always may have.
    pub fn may_have_changed(&mut self) -> bool {
        let found = self.paths.each_ref().map(|path| stamp(path));
        let is_same = cfg!(unix) && found[0].is_some() && found == self.seen;
        self.seen = found;
        self.same = if is_same { self.same.saturating_add(1) } else { 0 };
        self.same < UNSURE
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn looks(files: &mut Files) -> Vec<bool> {
        (0..6).map(|_| files.may_have_changed()).collect()
    }

    #[test]
    fn files_that_stand_still_stop_counting_as_changed_until_somebody_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let mut files = Files::of(&path);
        let settles = [true, true, true, true, false, false];
        assert_eq!(looks(&mut files), settles);
        for _ in 0..3 {
            connection.execute_batch("INSERT INTO t VALUES (1)").unwrap();
            assert_eq!(looks(&mut files), settles, "a write of another is seen");
        }
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        assert_eq!(looks(&mut files), settles, "so is a log that began anew");
        connection.execute_batch("SELECT * FROM t").unwrap();
        assert!(!files.may_have_changed(), "reading changes nothing");
    }

    #[test]
    fn without_a_file_nothing_is_sure() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::of(&folder.path().join("nothing.db"));
        assert_eq!(looks(&mut files), [true; 6]);
    }
}
