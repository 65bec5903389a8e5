//! The vault needs a person: to choose where its key lives, to give the passphrase, or to read why it cannot be used.

use super::Submission;
use crate::session::{self, KeyChoice, KeySource, VaultStatus};
use crate::tui::form::{Field, FieldName, Form};

/// The dialog.
#[derive(Debug)]
pub struct VaultForm {
    /// What the vault needs.
    pub status: VaultStatus,
    /// The fields.
    pub form: Form,
}

/// Where the key can live, in the order of the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a head.
    Passphrase,
    /// In a file beside the vault.
    KeyFile,
    /// Nowhere.
    Memory,
    /// In the OS keyring after all.
    Keyring,
}

const PLACES: [(KeyPlace, &str); 4] = [
    (KeyPlace::Passphrase, "a passphrase, asked for at each start"),
    (KeyPlace::KeyFile, "a key file beside the vault"),
    (KeyPlace::Memory, "nowhere: nothing is kept"),
    (KeyPlace::Keyring, "try the OS keyring again"),
];

impl VaultForm {
    /// The dialog for that status; `None` where the vault needs nobody.
    pub fn of(status: &VaultStatus) -> Option<Self> {
        let fields = match status {
            VaultStatus::Opening | VaultStatus::Open { .. } => return None,
            VaultStatus::ChooseKey { .. } => vec![
                Field::list(FieldName::KeyPlace, "", PLACES.iter().map(|(_, words)| *words).collect()),
                Field::secret(FieldName::Passphrase, "Passphrase"),
                Field::secret(FieldName::Repeat, "once more"),
            ],
            VaultStatus::Locked { key: KeySource::Passphrase, .. } => {
                vec![Field::secret(FieldName::Passphrase, "Passphrase")]
            }
            VaultStatus::Locked { .. } => vec![Field::list(FieldName::KeyPlace, "", vec!["try again"])],
            VaultStatus::Failed { .. } => vec![],
        };
        let mut dialog = Self { status: status.clone(), form: Form::new(fields) };
        dialog.settle();
        Some(dialog)
    }

    /// The title.
    pub fn title(&self) -> &'static str {
        match self.status {
            VaultStatus::ChooseKey { .. } => "Where shall the key of the vault live?",
            VaultStatus::Locked { .. } => "The vault is locked",
            VaultStatus::Failed { .. } | VaultStatus::Opening | VaultStatus::Open { .. } => {
                "The vault cannot be used"
            }
        }
    }

    /// What stands above the fields.
    pub fn text(&self) -> String {
        match &self.status {
            VaultStatus::ChooseKey { why } => format!("There is no OS keyring here ({why})."),
            VaultStatus::Locked { key: KeySource::Passphrase, why } => {
                why.clone().unwrap_or_else(|| "Its key is derived from your passphrase.".into())
            }
            VaultStatus::Locked { key, why } => {
                let place = match key {
                    KeySource::KeyFile(path) => format!("the key file {}", path.display()),
                    other => format!("the {other}"),
                };
                match why {
                    Some(why) => format!("Its key is in {place}: {why}"),
                    None => format!("Its key is in {place}."),
                }
            }
            VaultStatus::Failed { why } => format!("{why} Nothing was changed."),
            VaultStatus::Opening | VaultStatus::Open { .. } => String::new(),
        }
    }

    /// What the chosen place of the key means.
    pub fn consequence(&self) -> Option<&'static str> {
        if !matches!(self.status, VaultStatus::ChooseKey { .. }) {
            return None;
        }
        Some(match self.place() {
            KeyPlace::Passphrase => "Nobody opens the vault without it, and nobody can recover it.",
            KeyPlace::KeyFile => "Protects against a copied database, not against a copied folder.",
            KeyPlace::Memory => "Users and sessions are forgotten when idmux ends.",
            KeyPlace::Keyring => "For when the keyring was locked, or has been started meanwhile.",
        })
    }

    fn place(&self) -> KeyPlace {
        PLACES[self.form.chosen(FieldName::KeyPlace)].0
    }

    pub(super) fn settle(&mut self) {
        if matches!(self.status, VaultStatus::ChooseKey { .. }) {
            let typed = self.place() == KeyPlace::Passphrase;
            self.form.show(FieldName::Passphrase, typed);
            self.form.show(FieldName::Repeat, typed);
        }
    }

    pub(super) fn submit(&mut self) -> Submission {
        let choice = match &self.status {
            VaultStatus::ChooseKey { .. } => match self.place() {
                KeyPlace::KeyFile => KeyChoice::KeyFile(None),
                KeyPlace::Memory => KeyChoice::Memory,
                KeyPlace::Keyring => KeyChoice::Keyring,
                KeyPlace::Passphrase => {
                    if self.form.is_focused(FieldName::KeyPlace) {
                        self.form.focus_on(FieldName::Passphrase);
                        return Submission::Refused;
                    }
                    if self.form.secret(FieldName::Passphrase).is_empty() {
                        return self.refuse(FieldName::Passphrase, "is needed");
                    }
                    if self.form.secret(FieldName::Repeat) != self.form.secret(FieldName::Passphrase) {
                        return self.refuse(FieldName::Repeat, "has to be the same");
                    }
                    self.passphrase()
                }
            },
            VaultStatus::Locked { key, .. } => match key {
                KeySource::Passphrase if self.form.secret(FieldName::Passphrase).is_empty() => {
                    return self.refuse(FieldName::Passphrase, "is needed");
                }
                KeySource::Passphrase => self.passphrase(),
                KeySource::Keyring => KeyChoice::Keyring,
                KeySource::KeyFile(path) => KeyChoice::KeyFile(Some(path.clone())),
                KeySource::Memory => KeyChoice::Memory,
            },
            VaultStatus::Failed { .. } | VaultStatus::Opening | VaultStatus::Open { .. } => {
                return Submission::Refused;
            }
        };
        Submission::send(session::OpenVault(choice))
    }

    fn passphrase(&mut self) -> KeyChoice {
        let passphrase = self.form.take_secret(FieldName::Passphrase);
        self.form.wipe();
        KeyChoice::Passphrase(passphrase)
    }

    fn refuse(&mut self, field: FieldName, why: &str) -> Submission {
        self.form.refuse(field, why);
        Submission::Refused
    }
}
