//! Keys, answers and changes of the vault, as far as they concern dialogs.

use crossterm::event::KeyEvent;

use super::{batch, boards, browser, compare, copy, documents, palette, panes};
use crate::session::{
    self, ApiKeyCreated, AppAdded, AppView, Entered, Event, RequestId, SendError, Subject, VaultStatus,
};
use crate::tui::content::help;
use crate::tui::dialog::{
    Body, Confirm, CredentialsForm, Dialog, DialogId, Mailbox, Outcome, Progress, Purpose, Question,
    ShownSecret, Submission, VaultForm,
};
use crate::tui::effect::Effect;
use crate::tui::form::Form;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// A key for the topmost dialog.
pub fn press(model: &mut Model, action: Option<Action>, key: KeyEvent) -> Vec<Effect> {
    let place = model.place();
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    let was_leaving = dialog.leaving.take().is_some();
    match action {
        Some(action) if matches!(dialog.body, Body::Browser(_)) => return browser::press(model, action),
        Some(Action::Close) => {
            if dialog.is_waiting() || !dialog.body.step_back() {
                let asks = dialog.can_close() && dialog.holds_text() && !was_leaving;
                dialog.leaving = asks.then_some(Action::Close);
                if asks || !dialog.can_close() {
                    return vec![];
                }
                let closed = model.dialogs.pop();
                return closed.map_or_else(Vec::new, |dialog| give_up(model, &dialog));
            }
        }
        action if matches!(dialog.body, Body::Palette(_)) => return palette::press(model, action, key),
        Some(action) if matches!(dialog.body, Body::CopyMenu(_)) => return copy::press(model, action),
        Some(Action::Submit) if matches!(dialog.body, Body::Picker(_)) => compare::pick(model),
        Some(action @ (Action::Up | Action::Down)) if let Body::Picker(picker) = &mut dialog.body => {
            picker.go(action == Action::Down, &model.snapshot);
        }
        Some(action) if matches!(dialog.body, Body::Document(_) | Body::Conflict(_)) => {
            return documents::press(model, action);
        }
        Some(action) if dialog.body.is_board() => return boards::press(model, action),
        Some(Action::Copy) => return copy_secret(model),
        // What was asked for is on its way: until the answer there is nothing to change.
        _ if dialog.is_waiting() => {}
        Some(Action::Submit) => return submit(model),
        action => {
            let in_text = dialog.context() == Context::TextField;
            match &mut dialog.body {
                Body::Help { offset } => {
                    let rows = help::rows(&model.keymap, place).len();
                    let page = help::height(model.size).min(rows);
                    let row = action.map_or(*offset, |action| panes::target(action, *offset, page));
                    *offset = row.min(rows.saturating_sub(page));
                }
                Body::Confirm(confirm) => match action {
                    Some(Action::Left) => confirm.turn(false),
                    Some(Action::Right) => confirm.turn(true),
                    _ => {}
                },
                body => {
                    if let Some(form) = body.form_mut() {
                        press_form(form, action, in_text.then_some(key));
                    }
                    body.settle();
                }
            }
        }
    }
    vec![]
}

/// Quits, unless work on somebody's data would be lost: that is said first. What stands in front of the work is closed,
/// unless it is the question for the vault's key, which hides it.
pub fn quit(model: &mut Model) -> Vec<Effect> {
    let Some(work) = model.dialogs.iter().rposition(Dialog::holds_work) else { return vec![Effect::Quit] };
    let question = model.dialogs.iter().rposition(|dialog| !dialog.can_close());
    model.dialogs.truncate(work.max(question.unwrap_or(work)) + 1);
    match model.dialogs.last_mut() {
        Some(dialog) if dialog.leaving.is_none() => {
            dialog.leaving = Some(Action::Quit);
            vec![]
        }
        _ => vec![Effect::Quit],
    }
}

/// Somebody does not want to wait any more. A log-in is given up; anything else goes on, and is said when it is done.
fn give_up(model: &mut Model, dialog: &Dialog) -> Vec<Effect> {
    let Progress::Waiting(request) = dialog.progress else { return vec![] };
    match (&dialog.body, request) {
        (Body::Credentials(form), Some(request)) if !matches!(form.purpose, Purpose::Link(_)) => {
            vec![Effect::Send { operation: session::CancelLogIn { request }.into(), dialog: None }]
        }
        (body, _) if !body.is_board() => {
            model.say(Tone::Warn, "what was asked for goes on; its end is said here");
            vec![]
        }
        _ => vec![],
    }
}

/// Copies the secret that is shown.
fn copy_secret(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog { body: Body::Secret(shown), .. }) = model.dialogs.last_mut() else { return vec![] };
    shown.copied = true;
    let secret = shown.secret.clone();
    boards::copy(secret, "the API key")
}

fn press_form(form: &mut Form, action: Option<Action>, text: Option<KeyEvent>) {
    match (action, text) {
        (Some(Action::NextField), _) => form.next(),
        (Some(Action::PreviousField), _) => form.previous(),
        (Some(Action::Up), _) => form.up(),
        (Some(Action::Down), _) => form.down(),
        (Some(Action::Left), _) => form.change(false),
        (Some(Action::Right), _) => form.change(true),
        (Some(Action::Reveal), _) => form.reveal(),
        (None, Some(key)) => form.key(key),
        _ => {}
    }
}

pub(super) fn submit(model: &mut Model) -> Vec<Effect> {
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    match dialog.body.submit() {
        Submission::Send(operation) => {
            dialog.progress = Progress::Waiting(None);
            vec![Effect::Send { operation, dialog: Some(dialog.id) }]
        }
        Submission::Batch(action, users) => {
            model.dialogs.pop();
            batch::start(model, action, users)
        }
        Submission::Link(user) => {
            model.dialogs.pop();
            let app = model.snapshot.app(&user.app).cloned();
            if let (Some(app), Some(user)) = (app, model.snapshot.user(&user).cloned()) {
                model.open(Body::Credentials(CredentialsForm::link(&app, &user)));
            }
            vec![]
        }
        Submission::Refused => vec![],
        Submission::Close => {
            model.dialogs.pop();
            vec![]
        }
    }
}

/// Pasted text goes into the focused field of the topmost dialog, and nowhere else: it is never taken for keys.
pub fn paste(model: &mut Model, text: &str) {
    browser::paste(model);
    if let Some(dialog) = model.dialogs.last_mut()
        && !dialog.is_waiting()
        && dialog.context().takes_text()
        && let Some(form) = dialog.body.form_mut()
    {
        form.paste(text);
        palette::find(model);
    }
}

/// What became of a command on its way to the worker.
pub fn sent(model: &mut Model, dialog: Option<DialogId>, result: Result<RequestId, SendError>) {
    let waiting = dialog.and_then(|id| model.dialogs.iter_mut().find(|dialog| dialog.id == id));
    match (waiting, result) {
        (Some(dialog), Ok(id)) => dialog.progress = Progress::Waiting(Some(id)),
        (Some(dialog), Err(error)) => dialog.fail(error.to_string(), String::new()),
        (None, Ok(_)) => {}
        (None, Err(error)) => model.error(error.to_string()),
    }
}

/// Gives an event to the dialog whose request it answers; whether that dialog shows it.
pub fn receive(model: &mut Model, event: &Event) -> bool {
    let Some(request) = event.request else { return false };
    let waits = |dialog: &Dialog| dialog.progress == Progress::Waiting(Some(request));
    let Some(at) = model.dialogs.iter().position(waits) else { return false };
    match model.dialogs[at].receive(event) {
        Outcome::Underway => false,
        Outcome::Failed => true,
        Outcome::Done => {
            model.dialogs.remove(at);
            match (event.kind.outcome(), &event.subject) {
                (Some(Entered::LoggedIn { .. }), Subject::User { key, .. }) => model.select_user(key.clone()),
                // What has to be done next is in the mailbox; the worker reads it by itself.
                (Some(Entered::ConfirmationPending), Subject::App { app, .. })
                    if model.snapshot.app(app).is_some_and(|app| app.local.is_some()) =>
                {
                    model.open(Body::Mailbox(Mailbox::new(app.clone())));
                }
                _ => {}
            }
            if let (Some(AppAdded), Subject::App { app, .. }) = (event.kind.outcome(), &event.subject)
                && let Some(Body::Apps(list)) = model.dialogs.last_mut().map(|dialog| &mut dialog.body)
            {
                list.select(app.clone());
            }
            if let Some(ApiKeyCreated(new)) = event.kind.outcome() {
                let (name, secret) = (new.key.name.clone(), new.secret.clone());
                model.open(Body::Secret(ShownSecret { name, secret, copied: false }));
            }
            false
        }
    }
}

/// Opens, changes or closes the dialog of the vault, as the vault's status demands.
pub fn follow_vault(model: &mut Model) {
    let status = &model.snapshot.vault;
    let is_vault = |dialog: &Dialog| matches!(dialog.body, Body::Vault(_));
    let stays = |dialog: &Dialog| match &dialog.body {
        // While it is opened the question stands in front of what waits behind it; a wrong answer has it asked anew.
        Body::Vault(form) => {
            *status == VaultStatus::Opening || (form.status == *status && !dialog.is_waiting())
        }
        _ => false,
    };
    if model.dialogs.iter().any(stays) {
        return;
    }
    let form = VaultForm::of(status);
    model.dialogs.retain(|dialog| !is_vault(dialog));
    if let Some(form) = form {
        model.open(Body::Vault(form));
    }
}

/// Asks about each host that an App names as where it is served, once.
pub fn ask_about_hosts(model: &mut Model) {
    let named = |app: &AppView| Some((app.alias.clone(), app.other_host.clone()?, app.base_url.clone()?));
    let named: Vec<_> = model.snapshot.apps.iter().filter_map(named).collect();
    for (app, to, base) in named {
        if model.asked_hosts.insert((app.clone(), to.clone())) {
            let host = base.port().map_or_else(
                || base.host_str().unwrap_or_default().to_owned(),
                |port| format!("{}:{port}", base.host_str().unwrap_or_default()),
            );
            model.open(Body::Confirm(Confirm::of_app(Question::AcceptHost { host, to }, app)));
        }
    }
}

/// Opens the log-in dialog by itself, once: when everything is there but a user.
pub fn offer_first_run(model: &mut Model) {
    let snapshot = model.snapshot.clone();
    let ready = matches!(snapshot.vault, VaultStatus::Open { .. });
    let Some(app) = snapshot.apps.iter().find(|app| app.base_url.is_some()) else { return };
    if !ready || model.first_run_over || model.demo {
        return;
    }
    model.first_run_over = true;
    if snapshot.users.is_empty() && model.dialogs.is_empty() {
        model.open(Body::Credentials(CredentialsForm::first_run(app)));
    }
}
