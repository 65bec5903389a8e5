//! Whether there is a vault at all.

use std::fs;
use std::path::{Path, PathBuf};

use super::VaultError;
use super::private::private_file;

/// The file of a vault with the note beside it that there is one. A database that became empty, or went away, would
/// otherwise be taken for one that was never made.
pub(super) struct Presence {
    file: PathBuf,
    note: PathBuf,
    /// Whether there was a note before the file was looked at. A note is made when the vault is: one that comes later says
    /// that another process has just made both.
    is_noted: bool,
}

impl Presence {
    pub fn of(file: &Path) -> Self {
        let note = file.with_extension("made");
        Self { file: file.to_owned(), is_noted: note.exists(), note }
    }

    /// Refuses a file that is gone or empty though there was a vault.
    pub fn check_file(&self) -> Result<(), VaultError> {
        let how = match fs::metadata(&self.file) {
            Ok(metadata) if metadata.len() == 0 => "empty",
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => "gone",
            Err(source) => return Err(VaultError::File { path: self.file.clone(), source }),
        };
        // A key file proves nothing: a person may have put it there in advance.
        if self.is_noted { Err(self.vanished(how, &self.note)) } else { Ok(()) }
    }

    /// Refuses a database without a key slot, though there was a vault in it.
    pub fn check_slot(&self, is_empty: bool) -> Result<(), VaultError> {
        if self.is_noted || !is_empty {
            return Err(self.vanished("without its key slot", &self.note));
        }
        Ok(())
    }

    /// The file that says that there is a vault.
    pub fn note_path(&self) -> &Path {
        &self.note
    }

    /// Notes that there is a vault.
    pub fn note(&self) -> Result<(), VaultError> {
        if self.is_noted {
            return Ok(());
        }
        let made = private_file().write(true).truncate(false).open(&self.note).map(drop);
        made.map_err(|source| VaultError::File { path: self.note.clone(), source })
    }

    fn vanished(&self, how: &'static str, proof: &Path) -> VaultError {
        VaultError::Vanished { path: self.file.clone(), how, proof: proof.to_owned() }
    }
}
