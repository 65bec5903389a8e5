//! Which folder, and which App in it, a command about a local App's data means.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use crate::folders::{Folders, FoldersError};
use crate::local_app::{AppId, EMBEDDED_APP_ID, LocalAppError, apps_in};

/// Nobody says which App, or which folder.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// The platform names no folder for data.
    #[error("{0}; or name one with --data")]
    NoFolder(#[from] FoldersError),
    /// The folder has several Apps.
    #[error("there are several Apps in {}: {}; say which with --app-id", folder.display(), list(apps))]
    SeveralApps {
        /// The folder.
        folder: PathBuf,
        /// The Apps in it.
        apps: Vec<AppId>,
    },
    /// The folder cannot be read.
    #[error(transparent)]
    LocalApp(#[from] LocalAppError),
}

/// The folder and the App: the one that was `asked` for, or else the one whose data is there, or the embedded one in a
/// folder without any. Of several a person says which; in idmux's own folder it is the embedded one.
pub fn find(data: Option<PathBuf>, asked: Option<AppId>) -> Result<(PathBuf, AppId), DataFolderError> {
    let is_own = data.is_none();
    let folder = match data {
        Some(folder) => folder,
        None => Folders::find()?.local_app(),
    };
    let app = match asked {
        Some(app) => app,
        None => the_one_in(&folder, is_own)?,
    };
    Ok((folder, app))
}

fn the_one_in(folder: &Path, is_own: bool) -> Result<AppId, DataFolderError> {
    let embedded: AppId = EMBEDDED_APP_ID.parse().map_err(LocalAppError::from)?;
    let mut apps = apps_in(folder)?;
    match apps.len() {
        0 => Ok(embedded),
        1 => Ok(apps.remove(0)),
        _ if is_own && apps.contains(&embedded) => Ok(embedded),
        _ => choose(&apps).ok_or_else(|| DataFolderError::SeveralApps { folder: folder.to_owned(), apps }),
    }
}

/// Says that `app` is about to begin beside other Apps: it may be a slip of the pen.
pub fn tell_of_a_new_app(command: &str, folder: &Path, app: &AppId) -> Result<(), DataFolderError> {
    let apps = apps_in(folder)?;
    if !apps.is_empty() && !apps.contains(app) {
        let (folder, apps) = (folder.display(), list(&apps));
        // Whoever cannot read it gets the App that was asked for.
        let _ = writeln!(
            std::io::stderr(),
            "{command}: there is no data of {app} in {folder} yet: it begins empty, beside {apps}"
        );
    }
    Ok(())
}

/// Asks the person at the terminal; `None`: nobody is there, or none is chosen.
fn choose(apps: &[AppId]) -> Option<AppId> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let mut question = String::from("There are several Apps:\n");
    for (index, app) in apps.iter().enumerate() {
        question.push_str(&format!("  {}  {app}\n", index + 1));
    }
    write!(std::io::stderr(), "{question}Which one? (number or id) ").ok()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    let answer = answer.trim();
    let by_number = answer.parse::<usize>().ok().and_then(|number| apps.get(number.checked_sub(1)?));
    by_number.or_else(|| apps.iter().find(|app| app.as_str() == answer)).cloned()
}

fn list(apps: &[AppId]) -> String {
    apps.iter().map(AppId::as_str).collect::<Vec<_>>().join(", ")
}
