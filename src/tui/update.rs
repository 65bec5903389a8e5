//! The model's only way to change: pure, without clock, input or output. Time comes in messages.

mod boards;
mod dialogs;
mod panes;
mod users;

use crate::session::Command;
use crossterm::event::{KeyCode, KeyEvent};

use super::effect::Effect;
use super::keymap::{self, Action, Context};
use super::layout;
use super::message::Message;
use super::model::{Model, whole_second};

/// Takes one message in, and says what is to be done outside.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Key(key) => {
            model.touched = model.now;
            press(model, key)
        }
        Message::Act(action) => {
            model.touched = model.now;
            act(model, action)
        }
        Message::Paste(text) => {
            model.touched = model.now;
            dialogs::paste(model, &text);
            vec![]
        }
        Message::Resize(size) => {
            model.size = size;
            vec![]
        }
        Message::Background(background) => {
            model.theme = model.look.theme.on(Some(background));
            vec![]
        }
        Message::Now(now) => {
            model.now = whole_second(now);
            lock_when_idle(model)
        }
        Message::Snapshot(snapshot) => {
            model.users.look_for_awaited(&snapshot);
            model.snapshot = snapshot;
            dialogs::follow_vault(model);
            dialogs::offer_first_run(model);
            vec![]
        }
        Message::Event(event) => {
            let in_dialog = dialogs::receive(model, &event);
            model.activity.receive(&event, in_dialog);
            model.attention.hear(&event);
            vec![]
        }
        Message::Sent { dialog, result } => {
            dialogs::sent(model, dialog, result);
            vec![]
        }
        Message::WorkerStopped => {
            model.error("the session worker has stopped; restart idmux");
            vec![]
        }
    };
    effects.extend(model.attention.take(model.now).map(Effect::Notify));
    model.settle();
    effects
}

/// Locks the vault when nobody has pressed a key for as long as the person chose.
fn lock_when_idle(model: &mut Model) -> Vec<Effect> {
    if model.lock_at().is_none_or(|at| at > model.now) {
        return vec![];
    }
    // Asked for once; a vault that is still open then is asked again after the same while.
    model.touched = model.now;
    vec![Effect::Send { command: Box::new(Command::Lock), dialog: None }]
}

fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let fits = layout::fits(model.size);
    let action = keymap::action(if fits { model.context() } else { Context::Notice }, &key);
    if action == Some(Action::Quit) {
        return vec![Effect::Quit];
    }
    if action == Some(Action::Suspend) {
        return vec![Effect::Suspend];
    }
    if !fits {
        return vec![];
    }
    match model.dialog() {
        Some(_) => dialogs::press(model, action, key),
        None => action.map_or_else(Vec::new, |action| panes::act(model, action)),
    }
}

/// Does what a key of this action would do.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match model.dialog() {
        Some(_) => dialogs::press(model, Some(action), KeyEvent::from(KeyCode::Null)),
        None => panes::act(model, action),
    }
}

#[cfg(test)]
mod tests;
