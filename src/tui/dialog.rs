//! Dialogs: what they hold, and what they ask the worker for.

pub mod apps;
pub mod boards;
pub mod browser;
pub mod confirm;
pub mod conflict;
pub mod copy_menu;
pub mod credentials;
pub mod delete;
pub mod document;
pub mod edit;
pub mod email;
pub mod link;
pub mod palette;
pub mod picker;
pub mod secret;
pub mod vault;

pub use apps::{AppForm, AppList};
pub use boards::{AmountForm, ClockBoard, KeyForm, KeyList, Mailbox};
pub use browser::{BrowserWait, ReturnForm};
pub use confirm::{About, Confirm, Question};
pub use conflict::Conflict;
pub use copy_menu::CopyMenu;
pub use credentials::{CredentialsForm, Purpose};
pub use delete::DeleteForm;
pub use document::DocumentEdit;
pub use edit::EditForm;
pub use email::EmailForm;
pub use link::Linked;
pub use palette::{Entry as PaletteEntry, Palette, Target as PaletteTarget};
pub use picker::Picker;
pub use secret::ShownSecret;
pub use vault::VaultForm;

use super::batch::BatchAction;
use super::form::Form;
use super::keymap::{Action, Context};
use crate::account::UserKey;
use crate::data::DataEdit;
use crate::session::{AnyOperation, Event, EventKind, RequestId};

/// Names one opening of a dialog, so that an answer finds it, or finds that it is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DialogId(u64);

impl DialogId {
    /// The id after this one.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An open dialog.
#[derive(Debug)]
pub struct Dialog {
    /// Its name.
    pub id: DialogId,
    /// What it holds.
    pub body: Body,
    /// Where its request stands.
    pub progress: Progress,
    /// Whether its request only reads what it shows, so that nothing has to wait for the answer.
    pub reads: bool,
    /// The action that was asked for once, closing or quitting, and would lose what was typed.
    pub leaving: Option<Action>,
}

/// What a dialog holds.
#[derive(Debug)]
pub enum Body {
    /// Credentials, to log in, register or link.
    Credentials(CredentialsForm),
    /// The Apps.
    Apps(AppList),
    /// An App to add or to change.
    App(AppForm),
    /// A browser is away.
    Browser(BrowserWait),
    /// The address that it ended at.
    Return(ReturnForm),
    /// A question before something that is hard to undo.
    Confirm(Confirm),
    /// The name of a user whose account is to be deleted.
    Delete(DeleteForm),
    /// A field of the custom data.
    Edit(EditForm),
    /// The custom data as a whole.
    Document(DocumentEdit),
    /// Somebody else changed the custom data first.
    Conflict(Conflict),
    /// The vault needs a person.
    Vault(VaultForm),
    /// An address to confirm, a password to set.
    Email(EmailForm),
    /// The clock of a local App.
    Clock(ClockBoard),
    /// How far to move it.
    Amount(AmountForm),
    /// The mailbox of a local App.
    Mailbox(Mailbox),
    /// The API keys of a user.
    Keys(KeyList),
    /// A new API key.
    NewKey(KeyForm),
    /// A secret that is shown once.
    Secret(ShownSecret),
    /// The command palette.
    Palette(Palette),
    /// What of a user can be copied.
    CopyMenu(CopyMenu),
    /// A user to add to the comparison.
    Picker(Picker),
    /// All keys.
    Help {
        /// The first line in sight.
        offset: usize,
    },
}

/// Where the request of a dialog stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There is none.
    Idle,
    /// It is on its way; the id is there once the worker took it.
    Waiting(Option<RequestId>),
    /// It failed.
    Failed {
        /// What happened.
        message: String,
        /// What to do next.
        hint: String,
    },
}

/// What submitting a dialog comes to.
#[derive(Debug)]
pub enum Submission {
    /// Ask the worker.
    Send(AnyOperation),
    /// Do something to many users.
    Batch(BatchAction, Vec<UserKey>),
    /// Link an identity to a user, instead of what was asked for.
    Link(UserKey),
    /// Something is wrong; the form says what.
    Refused,
    /// Nothing is to be done.
    Close,
}

/// What an event means for the dialog that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is not the end yet.
    Underway,
    /// It is done.
    Done,
    /// It failed; the dialog says why.
    Failed,
}

impl Submission {
    fn send(operation: impl Into<AnyOperation>) -> Self {
        Self::Send(operation.into())
    }
}

impl Dialog {
    /// A dialog that was just opened.
    pub fn new(id: DialogId, body: Body) -> Self {
        Self { id, body, progress: Progress::Idle, reads: false, leaving: None }
    }

    /// Where its keys are pressed.
    pub fn context(&self) -> Context {
        match &self.body {
            Body::Help { .. } => Context::Help,
            Body::Confirm(_) => Context::Question,
            Body::Browser(_) => Context::Browser,
            Body::Clock(_) => Context::Clock,
            Body::Mailbox(_) => Context::Mailbox,
            Body::Keys(_) => Context::ApiKeys,
            Body::Apps(_) => Context::Apps,
            Body::Credentials(form) if form.preview => Context::LinkPreview,
            Body::Secret(_) => Context::Secret,
            Body::Palette(_) => Context::Palette,
            Body::CopyMenu(_) => Context::CopyMenu,
            Body::Document(_) => Context::Document,
            Body::Conflict(_) => Context::Conflict,
            body => match body.form().and_then(Form::focused) {
                Some(field) if field.is_text() => Context::TextField,
                Some(_) => Context::ChoiceField,
                None => Context::Notice,
            },
        }
    }

    /// Whether Esc closes it. A vault without a key is not closed: nothing works without it.
    pub fn can_close(&self) -> bool {
        !matches!(self.body, Body::Vault(_))
    }

    /// Whether a request is on its way.
    pub fn is_waiting(&self) -> bool {
        matches!(self.progress, Progress::Waiting(_))
    }

    /// Says that the request failed. What was typed is still there, except the passphrase of a vault.
    pub fn fail(&mut self, message: String, hint: String) {
        self.progress = Progress::Failed { message, hint };
        self.body.after_failure();
    }

    /// Whether closing it would lose something that a person typed. An answer that is waited for is not asked about.
    pub fn holds_text(&self) -> bool {
        !self.is_waiting() && self.body.holds_text()
    }

    /// Whether quitting would lose work on somebody's data, which one key does not.
    pub fn holds_work(&self) -> bool {
        matches!(self.body, Body::Document(_) | Body::Conflict(_) | Body::Edit(_)) && self.holds_text()
    }

    /// Takes in an event of the dialog's request.
    pub fn receive(&mut self, event: &Event) -> Outcome {
        match &event.kind {
            EventKind::Failed(failure) => {
                self.fail(failure.message.clone(), failure.hint.clone());
                Outcome::Failed
            }
            EventKind::LogInRequired(reason) => {
                self.fail(reason.to_string(), "Cancel, then log in again.".into());
                Outcome::Failed
            }
            // Registering is followed by logging in.
            EventKind::Registered
            | EventKind::RefreshPostponed { .. }
            | EventKind::RecordSetAside { .. }
            | EventKind::BrowserNeeded { .. } => Outcome::Underway,
            // A board stays, and shows what is new.
            _ if self.body.is_board() => {
                self.progress = Progress::Idle;
                Outcome::Underway
            }
            _ => Outcome::Done,
        }
    }
}

/// The form of a body, borrowed as the body is.
macro_rules! form_of {
    ($body:expr) => {
        match $body {
            Body::Credentials(CredentialsForm { form, .. })
            | Body::Return(ReturnForm { form, .. })
            | Body::Edit(EditForm { form, .. })
            | Body::Vault(VaultForm { form, .. })
            | Body::Email(EmailForm { form, .. })
            | Body::Amount(AmountForm { form, .. })
            | Body::NewKey(KeyForm { form, .. })
            | Body::App(AppForm { form, .. })
            | Body::Delete(DeleteForm { form, .. })
            | Body::Palette(Palette { form, .. })
            | Body::Picker(Picker { form, .. }) => Some(form),
            _ => None,
        }
    };
}

impl Body {
    /// The form, if it has one.
    pub fn form(&self) -> Option<&Form> {
        form_of!(self)
    }

    pub(super) fn form_mut(&mut self) -> Option<&mut Form> {
        form_of!(self)
    }

    /// Whether closing it would lose something that a person typed.
    fn holds_text(&self) -> bool {
        match self {
            Self::Palette(_) | Self::Picker(_) => false,
            Self::Conflict(_) => true,
            Self::Document(edit) => edit.holds_text(),
            body => body.form().is_some_and(Form::has_typed),
        }
    }

    /// Goes back from a preview to the fields; whether there was one.
    pub(super) fn step_back(&mut self) -> bool {
        match self {
            Self::Credentials(form) => std::mem::take(&mut form.preview),
            _ => false,
        }
    }

    /// Whether it is the help overlay.
    pub fn is_help(&self) -> bool {
        matches!(self, Self::Help { .. })
    }

    /// The change of the custom data that it asked for last.
    pub fn edit(&self) -> Option<DataEdit> {
        match self {
            Self::Edit(form) => form.sent.clone(),
            Self::Confirm(confirm) => confirm.edit(),
            Self::Document(DocumentEdit { stage: document::Stage::Preview(edit), .. }) => Some(edit.clone()),
            Self::Conflict(conflict) => Some(conflict.edit().clone()),
            _ => None,
        }
    }

    /// Whether it shows what the worker knows, and stays open until it is closed.
    pub fn is_board(&self) -> bool {
        matches!(self, Self::Clock(_) | Self::Mailbox(_) | Self::Keys(_) | Self::Apps(_) | Self::Browser(_))
    }

    /// Shows and hides fields as the others demand.
    pub(super) fn settle(&mut self) {
        match self {
            Self::Credentials(dialog) => dialog.settle(),
            Self::Vault(dialog) => dialog.settle(),
            Self::Email(dialog) => dialog.settle(),
            Self::App(dialog) => dialog.settle(),
            _ => {}
        }
    }

    /// Checks what was given, and makes a command of it. Secrets move into the command.
    pub(super) fn submit(&mut self) -> Submission {
        match self {
            Self::Credentials(dialog) => dialog.submit(),
            Self::Confirm(dialog) => dialog.submit(),
            Self::Return(dialog) => dialog.submit(),
            Self::Edit(dialog) => dialog.submit(),
            Self::Vault(dialog) => dialog.submit(),
            Self::Email(dialog) => dialog.submit(),
            Self::Amount(dialog) => dialog.submit(),
            Self::NewKey(dialog) => dialog.submit(),
            Self::Document(dialog) => dialog.submit(),
            Self::Conflict(dialog) => dialog.submit(),
            Self::App(dialog) => dialog.submit(),
            Self::Delete(dialog) => dialog.submit(),
            Self::Help { .. }
            | Self::Browser(_)
            | Self::Secret(_)
            | Self::Clock(_)
            | Self::Mailbox(_)
            | Self::Keys(_)
            | Self::Apps(_)
            | Self::Palette(_)
            | Self::Picker(_)
            | Self::CopyMenu(_) => Submission::Close,
        }
    }

    /// What it is doing while it waits.
    pub fn waiting(&self) -> &'static str {
        match self {
            Self::Credentials(dialog) => dialog.waiting(),
            Self::Confirm(dialog) => dialog.waiting(),
            Self::Edit(_) | Self::Conflict(_) => "writing…",
            Self::Document(dialog) => dialog.waiting(),
            Self::Return(_) => "looking at the address…",
            Self::Vault(_) => "opening the vault…",
            Self::Email(_) => "asking the App…",
            Self::Amount(_) | Self::Clock(_) => "asking the App for its clock…",
            Self::Mailbox(_) => "reading the mailbox…",
            Self::Keys(_) => "asking for the keys…",
            Self::NewKey(_) => "making the key…",
            Self::App(_) => "writing it down…",
            Self::Delete(_) => "deleting…",
            Self::CopyMenu(_) => "asking for the token…",
            Self::Help { .. }
            | Self::Browser(_)
            | Self::Secret(_)
            | Self::Palette(_)
            | Self::Picker(_)
            | Self::Apps(_) => "",
        }
    }

    fn after_failure(&mut self) {
        if let Some(form) = self.form_mut() {
            form.request_failed();
        }
        if let Self::Credentials(dialog) = self {
            dialog.after_failure();
        }
    }
}
