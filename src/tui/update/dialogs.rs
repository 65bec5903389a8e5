//! Keys, answers and changes of the vault, as far as they concern dialogs; and what components want of everything else.

use crossterm::event::KeyEvent;

use super::{batch, filter, views};
use crate::session::{
    self, AppView, CustomDataChange, Event, EventKind, RequestId, SendError, Subject, VaultStatus,
};
use crate::tui::component::confirm::{Confirm, Question};
use crate::tui::component::conflict::Conflict;
use crate::tui::component::copy_menu::CopyMenu;
use crate::tui::component::credentials::CredentialsForm;
use crate::tui::component::vault::VaultForm;
use crate::tui::component::{Input, Reaction};
use crate::tui::dialog::{Dialog, DialogId, Outcome, Progress};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// A key for the topmost dialog.
pub fn press(model: &mut Model, action: Option<Action>, key: KeyEvent) -> Vec<Effect> {
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    let was_leaving = dialog.leaving.take().is_some();
    if action == Some(Action::Close) && (dialog.is_waiting() || !dialog.body.step_back()) {
        let asks = dialog.can_close() && dialog.holds_text() && !was_leaving;
        dialog.leaving = asks.then_some(Action::Close);
        if asks || !dialog.can_close() {
            return vec![];
        }
        return close(model);
    }
    // What was asked for is on its way: until the answer there is nothing to change.
    if action == Some(Action::Close) || dialog.holds_up(action) {
        return vec![];
    }
    handle_on_top(model, &action.map_or(Input::Key(key), Input::Action))
}

/// Closes the topmost dialog. A log-in is given up; anything else goes on, and is said when it is done.
fn close(model: &mut Model) -> Vec<Effect> {
    let Some(mut dialog) = model.dialogs.pop() else { return vec![] };
    let request = match dialog.progress {
        Progress::Waiting(request) => request,
        _ => None,
    };
    match dialog.body.give_up(request) {
        Some(reaction) => carry_out(model, Some(dialog.id), vec![reaction]),
        None => {
            if dialog.is_waiting() && !dialog.body.is_panel() {
                model.state.say(Tone::Warn, "what was asked for goes on; its end is said here");
            }
            vec![]
        }
    }
}

/// Gives something to the topmost dialog.
pub fn handle_on_top(model: &mut Model, input: &Input) -> Vec<Effect> {
    let Some(at) = model.dialogs.len().checked_sub(1) else { return vec![] };
    handle(model, at, input)
}

/// Gives something to a dialog, and carries out what it wants.
fn handle(model: &mut Model, at: usize, input: &Input) -> Vec<Effect> {
    let mut dialog = model.dialogs.remove(at);
    let (id, reactions) = (dialog.id, dialog.body.handle(*input, &model.state));
    model.dialogs.insert(at, dialog);
    carry_out(model, Some(id), reactions)
}

/// Carries out what a component wants, in that order. `id` names the dialog that it is, if it is one.
pub fn carry_out(model: &mut Model, id: Option<DialogId>, reactions: Vec<Reaction>) -> Vec<Effect> {
    let mut effects = vec![];
    for reaction in reactions {
        let own = model.dialogs.iter_mut().find(|dialog| Some(dialog.id) == id);
        match reaction {
            Reaction::Effect(effect) => effects.push(effect),
            Reaction::Ask(operation) | Reaction::Read(operation) if own.is_none() => {
                effects.push(Effect::Send { operation, dialog: None });
            }
            Reaction::Ask(operation) => effects.extend(own.map(|dialog| ask(dialog, operation, false))),
            Reaction::Read(operation) => effects.extend(own.map(|dialog| ask(dialog, operation, true))),
            Reaction::Edit(text) => {
                if let Some(dialog) = own {
                    dialog.progress = Progress::Idle;
                    effects.push(Effect::Edit { dialog: dialog.id, text });
                }
            }
            Reaction::Fail(message, hint) => {
                if let Some(dialog) = own {
                    dialog.fail(message, hint);
                }
            }
            Reaction::Close => model.dialogs.retain(|dialog| Some(dialog.id) != id),
            Reaction::CancelWaiting(request) => {
                model.dialogs.retain(|dialog| !dialog.waits_for(request));
                effects.push(cancel(request));
            }
            Reaction::Open(body) => model.open_boxed(body),
            Reaction::Link(user) => {
                let app = model.state.snapshot.app(&user.app).cloned();
                if let (Some(app), Some(user)) = (app, model.state.snapshot.user(&user).cloned()) {
                    model.open(CredentialsForm::link(&app, &user));
                }
            }
            Reaction::Act(action) => effects.extend(act(model, action)),
            Reaction::Say(tone, words) => model.state.say(tone, words),
            Reaction::Select(user) => model.state.select_user(user),
            Reaction::GoTo(user) => {
                (model.state.view, model.state.focus) = (View::Board, Pane::Users);
                model.state.select_user(user);
            }
            Reaction::Narrow(app) => filter::narrow(model, Some(app)),
            Reaction::UseTheme(name) => {
                model.state.look = model.state.look.with_theme(name);
                model.state.theme = model.state.look.theme.on(None);
            }
            Reaction::Compare(user) => {
                model.compare.before_after = false;
                model.compare.add(user);
            }
            Reaction::Batch(action, users) => effects.extend(batch::start(model, action, users)),
        }
    }
    effects
}

fn ask(dialog: &mut Dialog, operation: session::AnyOperation, reads: bool) -> Effect {
    (dialog.progress, dialog.reads) = (Progress::Waiting(None), reads);
    Effect::Send { operation, dialog: Some(dialog.id) }
}

/// Does what a key of that action does: in the topmost dialog, else on the main screen.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if action == Action::Quit {
        return vec![Effect::Quit];
    }
    if CopyMenu::ROWS.contains(&action) && model.dialogs.is_empty() {
        let Some(user) = model.state.selected().cloned() else { return vec![] };
        model.open(CopyMenu::new(&user));
    }
    match model.dialogs.is_empty() {
        true => views::act(model, action),
        false => handle_on_top(model, &Input::Action(action)),
    }
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

/// Pasted text goes into the topmost dialog, and nowhere else: it is never taken for keys.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.dialog().is_some_and(Dialog::is_waiting) {
        true => vec![],
        false => handle_on_top(model, &Input::Paste(text)),
    }
}

/// What became of a command on its way to the worker.
pub fn sent(model: &mut Model, dialog: Option<DialogId>, result: Result<RequestId, SendError>) {
    let waiting = dialog.and_then(|id| model.dialogs.iter_mut().find(|dialog| dialog.id == id));
    match (waiting, result) {
        (Some(dialog), Ok(id)) => dialog.progress = Progress::Waiting(Some(id)),
        (Some(dialog), Err(error)) => dialog.fail(error.to_string(), String::new()),
        (None, Ok(_)) => {}
        (None, Err(error)) => model.state.error(error.to_string()),
    }
}

/// The editor has ended.
pub fn edited(model: &mut Model, dialog: DialogId, result: &Result<String, String>) -> Vec<Effect> {
    let Some(at) = model.dialogs.iter().position(|open| open.id == dialog) else { return vec![] };
    model.dialogs[at].progress = Progress::Idle;
    handle(model, at, &Input::Edited(result))
}

/// Tells every dialog what happened, before the one that waits for it is [settled](settle).
pub fn receive(model: &mut Model, event: &Event) -> Vec<Effect> {
    let Some(request) = event.request else { return vec![] };
    let mut effects = vec![];
    let waiting = model.dialogs.iter().find(|dialog| dialog.waits_for(request)).map(|dialog| dialog.id);
    let others: Vec<_> =
        model.dialogs.iter().map(|dialog| dialog.id).filter(|id| Some(*id) != waiting).collect();
    if let Some(id) = waiting {
        follow_edit(model, id, event);
        effects.extend(tell(model, id, &Input::Answer(event)));
    } else if matches!(event.kind, EventKind::BrowserNeeded { .. }) {
        // Nobody wants it any more.
        effects.push(cancel(request));
    }
    for id in others {
        effects.extend(tell(model, id, &Input::Event(event)));
    }
    effects
}

fn tell(model: &mut Model, id: DialogId, input: &Input) -> Vec<Effect> {
    let at = model.dialogs.iter().position(|dialog| dialog.id == id);
    at.map_or_else(Vec::new, |at| handle(model, at, input))
}

fn cancel(request: RequestId) -> Effect {
    Effect::Send { operation: session::CancelLogIn { request }.into(), dialog: None }
}

/// A change of custom data that met another becomes a conflict; one that was written can be undone.
fn follow_edit(model: &mut Model, id: DialogId, event: &Event) {
    let Some(dialog) = model.dialogs.iter_mut().find(|dialog| dialog.id == id) else { return };
    let Some((user, label, edit)) = dialog.body.data_edit() else { return };
    match (event.kind.outcome(), &event.subject) {
        (Some(CustomDataChange::Conflict(theirs)), _) => {
            dialog.body = Box::new(Conflict::new(user, label, edit, theirs.clone()));
            dialog.progress = Progress::Idle;
        }
        (Some(_), Subject::User { key, .. }) => _ = model.state.undo.insert(key.clone(), edit.reversed()),
        _ => {}
    }
}

/// Gives an event to the dialog whose request it answers; what that leads to, and whether the dialog shows it.
pub fn settle(model: &mut Model, event: &Event) -> (Vec<Effect>, bool) {
    let waits = |dialog: &Dialog| event.request.is_some_and(|request| dialog.waits_for(request));
    let Some(at) = model.dialogs.iter().position(waits) else { return (vec![], false) };
    match model.dialogs[at].receive(event) {
        Outcome::Underway => (vec![], false),
        Outcome::Failed => (vec![], true),
        Outcome::Done => {
            let mut dialog = model.dialogs.remove(at);
            let reactions = dialog.body.handle(Input::Done(event), &model.state);
            (carry_out(model, Some(dialog.id), reactions), false)
        }
    }
}

/// Opens, changes or closes the dialog of the vault, as the vault's status demands.
pub fn follow_vault(model: &mut Model) {
    let status = &model.state.snapshot.vault;
    // While it is opened the question stands in front of what waits behind it; a wrong answer has it asked anew.
    let stays = |dialog: &Dialog| {
        dialog.get::<VaultForm>().is_some_and(|form| {
            *status == VaultStatus::Opening || (form.status == *status && !dialog.is_waiting())
        })
    };
    if model.dialogs.iter().any(stays) {
        return;
    }
    let form = VaultForm::of(status);
    model.dialogs.retain(|dialog| !dialog.is::<VaultForm>());
    if let Some(form) = form {
        model.open(form);
    }
}

/// Asks about each host that an App names as where it is served, once.
pub fn ask_about_hosts(model: &mut Model) {
    let named = |app: &AppView| Some((app.alias.clone(), app.other_host.clone()?, app.base_url.clone()?));
    let named: Vec<_> = model.state.snapshot.apps.iter().filter_map(named).collect();
    for (app, to, base) in named {
        if model.asked_hosts.insert((app.clone(), to.clone())) {
            let host = base.port().map_or_else(
                || base.host_str().unwrap_or_default().to_owned(),
                |port| format!("{}:{port}", base.host_str().unwrap_or_default()),
            );
            model.open(Confirm::of_app(Question::AcceptHost { host, to }, app));
        }
    }
}

/// Opens the log-in dialog by itself, once: when everything is there but a user.
pub fn offer_first_run(model: &mut Model) {
    let snapshot = model.state.snapshot.clone();
    let ready = matches!(snapshot.vault, VaultStatus::Open { .. });
    let Some(app) = snapshot.apps.iter().find(|app| app.base_url.is_some()) else { return };
    if !ready || model.first_run_over || model.state.demo {
        return;
    }
    model.first_run_over = true;
    if snapshot.users.is_empty() && model.dialogs.is_empty() {
        model.open(CredentialsForm::first_run(app));
    }
}
