//! The look that a person chose: a theme by its name, as far as the terminal can show it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::{DesktopConfig, LookConfig, NotifyConfig};
use crate::tui::theme::{Depth, Theme, ThemeChoice, ThemeError};
use crate::tui::{Desktop, Look, Notify};

/// The theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// There is no theme of that name.
    #[error("there is no theme '{name}': choose auto, {known}, or put {} there", file.display())]
    Unknown {
        /// The name.
        name: String,
        /// The names of those that come along.
        known: String,
        /// Where the file would be.
        file: PathBuf,
    },
    /// Its file cannot be read.
    #[error("cannot read the theme {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its file does not say what a theme says.
    #[error("the theme {}: {source}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        source: ThemeError,
    },
}

/// The look of this configuration on this terminal. A person's own theme goes before one of the same name that comes along.
pub fn of(config: &LookConfig, themes: Option<&Path>) -> Result<Look, LookError> {
    let depth = Depth::of_environment(|name| std::env::var(name).ok());
    let theme = match config.theme.as_str() {
        "auto" => ThemeChoice::automatic(depth),
        name => ThemeChoice::fixed(named(name, themes)?.at(depth)),
    };
    Ok(Look { theme, ascii: config.ascii, depth })
}

/// How a person is told that something needs them.
pub fn notify(config: NotifyConfig) -> Notify {
    let desktop = match config.desktop {
        DesktopConfig::Off => Desktop::Off,
        DesktopConfig::Osc9 => Desktop::Osc9,
        DesktopConfig::Osc777 => Desktop::Osc777,
    };
    Notify { bell: config.bell, desktop }
}

fn named(name: &str, themes: Option<&Path>) -> Result<Theme, LookError> {
    let file = themes.unwrap_or(Path::new("themes")).join(format!("{name}.toml"));
    // A name is no path: it leads nowhere but into the folder of themes.
    let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    match themes.filter(|_| is_name).map(|_| std::fs::read_to_string(&file)) {
        Some(Ok(text)) => return Theme::parse(&text).map_err(|source| LookError::Content { file, source }),
        Some(Err(source)) if source.kind() != ErrorKind::NotFound => {
            return Err(LookError::Read { file, source });
        }
        Some(Err(_)) | None => {}
    }
    Theme::built_in(name).ok_or_else(|| LookError::Unknown {
        name: name.to_owned(),
        known: Theme::names().collect::<Vec<_>>().join(", "),
        file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_is_found_by_its_name_and_ones_own_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let dark = named("dark", Some(folder.path())).unwrap();
        assert_eq!(Some(dark), Theme::built_in("dark"));
        std::fs::write(folder.path().join("dark.toml"), "text = { bold = true }").unwrap();
        std::fs::write(folder.path().join("mine.toml"), "text = { bold = true }").unwrap();
        std::fs::write(folder.path().join("broken.toml"), "text = 1").unwrap();
        let own = named("mine", Some(folder.path())).unwrap();
        assert_ne!(own, dark);
        assert_eq!(named("dark", Some(folder.path())).unwrap(), own);
        let error = named("broken", Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("broken.toml") && error.contains("line 1"), "{error}");
        for unknown in ["mauve", "../mine", ""] {
            let error = named(unknown, Some(folder.path())).unwrap_err().to_string();
            assert!(error.contains("ansi, dark, light, high-contrast"), "{error}");
        }
    }
}
