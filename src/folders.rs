//! Where idmux keeps its files.

use std::env;
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};

/// The variable that moves every file idmux writes under one folder.
pub const HOME_VARIABLE: &str = "IDMUX_HOME";

/// The folders of this installation. None of them is created by asking for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    config: PathBuf,
    data: PathBuf,
    state: PathBuf,
}

/// There is no place for files.
#[derive(Debug, thiserror::Error)]
#[error("no home folder is known for this user; set {HOME_VARIABLE} to a folder for idmux's files")]
pub struct FoldersError;

impl Folders {
    /// The folders under `IDMUX_HOME`, or the platform's.
    pub fn find() -> Result<Self, FoldersError> {
        if let Some(home) = env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
            return Ok(Self::under(Path::new(&home)));
        }
        let platform = choose_app_strategy(AppStrategyArgs {
            top_level_domain: "dev".into(),
            author: "idmux".into(),
            app_name: "idmux".into(),
        })
        .map_err(|_| FoldersError)?;
        let data = platform.data_dir();
        Ok(Self {
            config: platform.config_dir(),
            state: platform.state_dir().unwrap_or_else(|| data.clone()),
            data,
        })
    }

    /// All folders under one.
    pub fn under(home: &Path) -> Self {
        Self { config: home.to_owned(), data: home.to_owned(), state: home.to_owned() }
    }

    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The folder of a person's own themes.
    pub fn themes(&self) -> PathBuf {
        self.config.join("themes")
    }

    /// The vault's database.
    pub fn vault(&self) -> PathBuf {
        self.data.join("vault.db")
    }

    /// The embedded local App's folder.
    pub fn local_app(&self) -> PathBuf {
        self.data.join("local-app")
    }

    /// The folder of log files.
    pub fn log(&self) -> PathBuf {
        self.state.join("log")
    }
}
