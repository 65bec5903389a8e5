//! The vault needs a person: to choose where its key lives, to give the passphrase, or to read why it cannot be used.

use ratatui::text::Line;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::session::{self, KeyChoice, KeySource, VaultStatus};
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::page::{below, paragraph};

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

    pub fn submit(&mut self) -> Vec<Reaction> {
        let choice = match &self.status {
            VaultStatus::ChooseKey { .. } => match self.place() {
                KeyPlace::KeyFile => KeyChoice::KeyFile(None),
                KeyPlace::Memory => KeyChoice::Memory,
                KeyPlace::Keyring => KeyChoice::Keyring,
                KeyPlace::Passphrase => {
                    if self.form.is_focused(FieldName::KeyPlace) {
                        self.form.focus_on(FieldName::Passphrase);
                        return vec![];
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
                return vec![];
            }
        };
        Reaction::ask(session::OpenVault(choice))
    }

    fn passphrase(&mut self) -> KeyChoice {
        let passphrase = self.form.take_secret(FieldName::Passphrase);
        self.form.wipe();
        KeyChoice::Passphrase(passphrase)
    }

    fn refuse(&mut self, field: FieldName, why: &str) -> Vec<Reaction> {
        self.form.refuse(field, why);
        vec![]
    }
}

impl Component for VaultForm {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        if let Input::Action(Action::Submit) = input {
            return self.submit();
        }
        handle_form(&mut self.form, &input);
        self.settle();
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let intro = paragraph(&self.text(), state.theme.text, COLUMNS);
        let mut drawn = below(intro, form::draw(&self.form, &state.theme, COLUMNS));
        if let Some(consequence) = self.consequence() {
            drawn.lines.push(Line::default());
            drawn.lines.extend(paragraph(consequence, state.theme.muted, COLUMNS));
        }
        Page::new(self.title(), drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        let consequence = self.consequence().map(str::to_owned);
        [Some(self.title().to_owned()), Some(self.text()), consequence].into_iter().flatten().collect()
    }
}

impl Modal for VaultForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn settle(&mut self) {
        if matches!(self.status, VaultStatus::ChooseKey { .. }) {
            let typed = self.place() == KeyPlace::Passphrase;
            self.form.show(FieldName::Passphrase, typed);
            self.form.show(FieldName::Repeat, typed);
        }
    }

    fn waiting(&self) -> &'static str {
        "opening the vault…"
    }

    /// Nothing works without the vault.
    fn can_close(&self) -> bool {
        false
    }

    fn hides_others(&self) -> bool {
        matches!(self.status, VaultStatus::Locked { .. })
    }
}
