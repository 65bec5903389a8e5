//! Which idmux process holds something, and whether it still lives.
//!
//! Each process keeps a lock on a file of its own. The operating system gives the lock back when the process ends,
//! however it ends, so nobody waits for a process that crashed.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::private::{make_private_folder, private_file};
use super::seal::fill;
use super::{Location, VaultError};

/// This process, as others see it in the vault.
#[derive(Debug)]
pub struct Holder {
    id: String,
    /// Where the lock files are; none for a vault in memory, which nobody shares.
    folder: Option<PathBuf>,
    /// Locked for as long as it is open.
    _lock: Option<File>,
}

impl Holder {
    /// Announces this process to those that share the vault.
    pub fn new(location: &Location) -> Result<Self, VaultError> {
        let mut bytes = [0; 8];
        fill(&mut bytes)?;
        let id = format!("{:016x}", u64::from_be_bytes(bytes));
        let Location::File(vault) = location else { return Ok(Self { id, folder: None, _lock: None }) };
        let folder = vault.with_extension("holders");
        let path = folder.join(&id);
        let lock = || {
            make_private_folder(&folder)?;
            let file = private_file().write(true).truncate(false).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        let lock = lock().map_err(|source| VaultError::File { path: path.clone(), source })?;
        Ok(Self { id, folder: Some(folder), _lock: Some(lock) })
    }

    /// The name in the vault.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether `holder` is another process, and one that lives.
    pub fn is_other_and_alive(&self, holder: &str) -> bool {
        let Some(folder) = self.folder.as_deref().filter(|_| holder != self.id) else { return false };
        is_alive(folder, holder)
    }
}

/// A process lives while nobody else can lock its file.
fn is_alive(folder: &Path, holder: &str) -> bool {
    // What is in the vault names a file here; nothing else may be reached by it.
    if !holder.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return false;
    }
    let path = folder.join(holder);
    let Ok(file) = File::open(&path) else { return false };
    match file.try_lock() {
        Ok(()) => {
            let _ = fs::remove_file(&path);
            false
        }
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = fs::remove_file(folder.join(&self.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_lives_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("vault.db"));
        let (one, other) = (Holder::new(&location).unwrap(), Holder::new(&location).unwrap());
        assert!(one.is_other_and_alive(other.id()));
        assert!(!one.is_other_and_alive(one.id()), "one does not stand in one's own way");
        let id = other.id().to_owned();
        drop(other);
        assert!(!one.is_other_and_alive(&id));
        assert!(!one.is_other_and_alive("../vault.db"));
    }

    #[test]
    fn a_file_that_a_crash_left_behind_is_no_holder() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::File(folder.path().join("vault.db"));
        let one = Holder::new(&location).unwrap();
        let left = folder.path().join("vault.holders/00000000deadbeef");
        fs::write(&left, "").unwrap();
        assert!(!one.is_other_and_alive("00000000deadbeef"));
        assert!(!left.exists());
    }
}
