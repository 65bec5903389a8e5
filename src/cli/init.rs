//! `idmux app init`: a configuration as files.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::data_folder::{self, DataFolderError};
use super::output;
use crate::local_app::config::{AppConfig, AppFiles, AppFolder, FolderError};
use crate::local_app::{AppId, LocalAppError, stored_config};

/// Arguments of `idmux app init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Where to write: `idmux serve --app` takes this folder. Made if it is not there.
    folder: PathBuf,

    /// Write the configuration that a local App keeps with its data, not that of a new App.
    #[arg(long)]
    from_data: bool,

    /// The folder of that data [default: in the data folder of idmux]
    #[arg(long, value_name = "DIR", requires = "from_data")]
    data: Option<PathBuf>,

    /// The client app id of that App [default: the one that is there]
    #[arg(long, value_name = "ID", requires = "from_data")]
    app_id: Option<AppId>,

    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

/// Why nothing, or not everything, was written.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("{0} is there already; name another folder, or replace its files with --force")]
    Exists(String),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    LocalApp(#[from] LocalAppError),
    #[error(transparent)]
    Data(#[from] DataFolderError),
    #[error("cannot set up the process: {0}")]
    Process(std::io::Error),
}

/// Writes the files, and says what it wrote.
pub fn run(args: InitArgs) -> ExitCode {
    match init(args) {
        Ok(written) => output::print(written),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "idmux app init: {error}");
            ExitCode::FAILURE
        }
    }
}

fn init(args: InitArgs) -> Result<String, InitError> {
    let files = if args.from_data {
        let (folder, id) = data_folder::find(args.data, args.app_id)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(InitError::Process)?;
        runtime.block_on(stored_config(folder, id.as_str()))?
    } else {
        AppFiles::of(&AppConfig::default())
    };
    let folder = AppFolder::new(args.folder);
    if !args.force
        && let Some((taken, _)) = files.iter().find(|(path, _)| folder.path().join(path).exists())
    {
        return Err(InitError::Exists(folder.path().join(taken).display().to_string()));
    }
    let mut written = String::new();
    for (path, text) in files.iter() {
        folder.write(path, text)?;
        written.push_str(&format!("{}\n", folder.path().join(path).display()));
    }
    Ok(written)
}
