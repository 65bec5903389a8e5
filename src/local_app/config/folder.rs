//! An App's folder on disk: reading its files, seeing that they changed, and writing one.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::AppFiles;

/// Folders inside folders are followed so far, for links that lead in a circle.
const DEEPEST: usize = 16;
/// Folders whose content is not configuration: they are named as one.
const WHOLE: [&str; 2] = ["hosting", "node_modules"];
/// Paths that say nothing to an App.
const DOCUMENTATION: [&str; 2] = ["README.md", "LICENSE"];

/// The folder of an App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppFolder {
    path: PathBuf,
}

/// A folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", path.display())]
pub struct FolderError {
    doing: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// What tells one state of a folder from the next without reading files: their sizes and times of change.
pub type Stamp = BTreeMap<PathBuf, (u64, Option<Duration>)>;

impl AppFolder {
    /// The folder at `path`; it is looked at only when it is read.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads all files. Those that hold no configuration are there without their text.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be read.
    pub fn read(&self) -> Result<AppFiles, FolderError> {
        let mut files = AppFiles::default();
        for (name, _) in self.entries()? {
            let path = self.path.join(&name);
            let text = if name.extension().is_some_and(|kind| kind == "json" || kind == "js") {
                fs::read_to_string(&path).map_err(fail("read", &path))?
            } else {
                String::new()
            };
            files.insert(portable(&name), text);
        }
        Ok(files)
    }

    /// The state of the folder.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn stamp(&self) -> Result<Stamp, FolderError> {
        let state = |metadata: Option<fs::Metadata>| {
            let changed = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
            let changed = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            (metadata.map_or(0, |metadata| metadata.len()), changed)
        };
        Ok(self.entries()?.into_iter().map(|(name, metadata)| (name, state(metadata))).collect())
    }

    /// Replaces a file as a whole: readers find the old text or the new one, also after a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, file: &str, text: &str) -> Result<(), FolderError> {
        let path = self.inside(file)?;
        let folder = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(fail("make", folder))?;
        let mut beside = path.file_name().unwrap_or_default().to_owned();
        beside.push(format!(".{}.new", std::process::id()));
        // A name with a dot in front is no file of the App's.
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(beside);
        let new = folder.join(hidden);
        let written = write_new(&new, &path, text).and_then(|()| fs::rename(&new, &path));
        if written.is_err() {
            // What is left of it is of no use; there is nothing more to do if that fails too.
            let _ = fs::remove_file(&new);
        }
        written.map_err(fail("write", &path))
    }

    /// The place of a file, which must be in the folder.
    fn inside(&self, file: &str) -> Result<PathBuf, FolderError> {
        let relative = Path::new(file);
        let stays = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if stays && !file.is_empty() {
            return Ok(self.path.join(relative));
        }
        Err(fail("write", relative)(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a path inside the folder",
        )))
    }

    /// Paths of all files relative to the folder. Hidden ones are not the App's.
    fn entries(&self) -> Result<Vec<(PathBuf, Option<fs::Metadata>)>, FolderError> {
        let mut found = Vec::new();
        let mut folders = vec![(PathBuf::new(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let path = self.path.join(&folder);
            for entry in fs::read_dir(&path).map_err(fail("read", &path))? {
                let entry = entry.map_err(fail("read", &path))?;
                let name = folder.join(entry.file_name());
                if is_hidden(&entry.file_name()) || DOCUMENTATION.iter().any(|known| name == Path::new(known))
                {
                    continue;
                }
                // A link is what it leads to. One that leads nowhere, or a file that is just being replaced, is not there.
                let Ok(metadata) = fs::metadata(entry.path()) else { continue };
                if !metadata.is_dir() {
                    found.push((name, Some(metadata)));
                } else if WHOLE.iter().any(|whole| entry.file_name() == *whole) {
                    found.push((name, None));
                } else if depth < DEEPEST {
                    folders.push((name, depth + 1));
                }
            }
        }
        Ok(found)
    }
}

fn write_new(new: &Path, old: &Path, text: &str) -> io::Result<()> {
    let mut open = fs::OpenOptions::new();
    open.write(true).create(true).truncate(true);
    // A new file may hold secrets.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let mut file = open.open(new)?;
    if let Ok(metadata) = fs::metadata(old) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn fail(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError + use<> {
    let path = path.to_owned();
    move |source| FolderError { doing, path, source }
}

fn is_hidden(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with('.')
}

/// With `/` between the parts on every platform.
fn portable(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(OsStr::to_string_lossy).collect();
    parts.join("/")
}
