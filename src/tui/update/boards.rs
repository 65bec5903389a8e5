//! Keys of the boards: the clock and the mailbox of a local App, the API keys of a user.

use secrecy::SecretString;

use super::apps;
use super::panes::target;
use crate::account::{ClockChange, MailPurpose, MailState};
use crate::session::{self, AnyOperation, UserView};
use crate::tui::dialog::{
    AmountForm, Body, ClockBoard, Confirm, EmailForm, KeyForm, KeyList, Mailbox, Progress, Question,
};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Opens a board, and asks for the newest of what it shows. What the board needs is there.
pub fn open(model: &mut Model, action: Action, user: Option<&UserView>) -> Vec<Effect> {
    let Some(app) = model.app().map(|app| app.alias.clone()) else { return vec![] };
    match (action, user) {
        (Action::Clock, _) => model.open(Body::Clock(ClockBoard::new(app))),
        (Action::Mailbox, _) => model.open(Body::Mailbox(Mailbox::new(app))),
        (Action::ApiKeys, Some(user)) => model.open(Body::Keys(KeyList::new(user))),
        _ => return vec![],
    }
    reload(model)
}

/// A key for the topmost dialog, which is a board.
pub fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    let snapshot = model.snapshot.clone();
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    let travels = matches!(
        action,
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown
    );
    let is_busy = dialog.is_waiting() && !dialog.reads;
    match &mut dialog.body {
        Body::Clock(board) if travels => {
            board.cursor = target(action, board.cursor, PAGE).min(ClockBoard::ROWS.len() - 1);
            vec![]
        }
        Body::Mailbox(mailbox) if travels => {
            let row = target(action, mailbox.cursor(&snapshot), PAGE);
            mailbox.go_to(row, &snapshot);
            vec![]
        }
        Body::Keys(keys) if travels => {
            let row = target(action, keys.cursor(&snapshot), PAGE);
            keys.go_to(row, &snapshot);
            vec![]
        }
        // One change at a time: what was asked for is on its way.
        _ if is_busy => vec![],
        _ if action == Action::Reload => reload(model),
        Body::Clock(board) => {
            let action = if action == Action::Submit { ClockBoard::ROWS[board.cursor] } else { action };
            clock(model, action)
        }
        Body::Apps(_) => {
            apps::press(model, action);
            vec![]
        }
        Body::Mailbox(_) => mailbox(model, action),
        Body::Keys(_) => keys(model, action),
        _ => vec![],
    }
}

/// Sends a command whose outcome the board waits for.
fn send(model: &mut Model, operation: impl Into<AnyOperation>) -> Vec<Effect> {
    ask(model, operation, false)
}

/// Sends a command of the board, which may be one that only reads.
fn ask(model: &mut Model, operation: impl Into<AnyOperation>, reads: bool) -> Vec<Effect> {
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    (dialog.progress, dialog.reads) = (Progress::Waiting(None), reads);
    vec![Effect::Send { operation: operation.into(), dialog: Some(dialog.id) }]
}

fn reload(model: &mut Model) -> Vec<Effect> {
    let operation: AnyOperation = match model.dialog().map(|dialog| &dialog.body) {
        Some(Body::Clock(board)) => session::ReadClock { app: board.app.clone() }.into(),
        Some(Body::Mailbox(mailbox)) => session::ReadMails { app: mailbox.app.clone() }.into(),
        Some(Body::Keys(keys)) => session::ListApiKeys { user: keys.user.clone() }.into(),
        _ => return vec![],
    };
    ask(model, operation, true)
}

fn clock(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Body::Clock(board)) = model.dialog().map(|dialog| &dialog.body) else { return vec![] };
    let app = board.app.clone();
    let clock = model.snapshot.app(&app).and_then(|app| app.local.as_ref()?.clock);
    let change = match action {
        Action::ClockAmount => {
            model.open(Body::Amount(AmountForm::new(app)));
            return vec![];
        }
        Action::ClockFreeze => ClockChange::Freeze(clock.is_none_or(|clock| clock.frozen_at.is_none())),
        Action::ClockReset => ClockChange::Reset,
        step => match ClockBoard::step(step) {
            Some(step) => ClockChange::Advance(step),
            None => return vec![],
        },
    };
    send(model, session::ChangeClock { app, change })
}

fn mailbox(model: &mut Model, action: Action) -> Vec<Effect> {
    let snapshot = model.snapshot.clone();
    let Some(Body::Mailbox(mailbox)) = model.dialog().map(|dialog| &dialog.body) else { return vec![] };
    let app = mailbox.app.clone();
    if action == Action::ClearMails {
        let mails = mailbox.mails(&snapshot).unwrap_or_default().len();
        if mails > 0 {
            model.open(Body::Confirm(Confirm::of_app(Question::ClearMails { mails }, app)));
        }
        return vec![];
    }
    let Some(mail) = mailbox.current(&snapshot) else { return vec![] };
    match (action, mail.purpose, mail.state) {
        (Action::Copy, ..) => copy(mail.link.expose().into(), "the link"),
        (Action::UseMail, MailPurpose::Confirm, MailState::Open) => {
            send(model, session::ConfirmMail { app, mail: mail.id })
        }
        (Action::UseMail, MailPurpose::Reset, MailState::Open) => {
            model.open(Body::Email(EmailForm::set_password(app, mail)));
            vec![]
        }
        (Action::UseMail, _, state) => {
            let what = if state == MailState::Used { "was used already" } else { "is too old" };
            let password = model.keymap.call(Context::Users, Action::Password);
            model.say(Tone::Warn, format!("this mail {what}; {password} in Users has another one sent"));
            vec![]
        }
        _ => vec![],
    }
}

fn keys(model: &mut Model, action: Action) -> Vec<Effect> {
    let snapshot = model.snapshot.clone();
    let Some(Body::Keys(keys)) = model.dialog().map(|dialog| &dialog.body) else { return vec![] };
    let (user, label) = (keys.user.clone(), keys.label.clone());
    if action == Action::NewKey {
        model.open(Body::NewKey(KeyForm::new(user, label)));
        return vec![];
    }
    let Some(key) = keys.current(&snapshot) else { return vec![] };
    match action {
        Action::ToggleKey => {
            send(model, session::SwitchApiKey { user, key: key.id.clone(), enabled: !key.enabled })
        }
        Action::DeleteKey => {
            let question = Question::DeleteKey { id: key.id.clone(), name: key.name.clone() };
            model.open(Body::Confirm(Confirm::new(question, user, label)));
            vec![]
        }
        _ => vec![],
    }
}

/// Hands something to the clipboard.
pub fn copy(text: SecretString, name: &str) -> Vec<Effect> {
    vec![Effect::Copy { text, name: name.to_owned() }]
}
