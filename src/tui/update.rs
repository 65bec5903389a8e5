//! The model's only way to change: pure, without clock, input or output. Time comes in messages.

mod boards;
mod compare;
mod dialogs;
mod documents;
mod panes;
mod users;
mod views;

use crate::session::Command;
use crossterm::event::KeyEvent;

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
            model.compare.remember(&model.snapshot, &snapshot);
            model.snapshot = snapshot;
            dialogs::follow_vault(model);
            dialogs::offer_first_run(model);
            vec![]
        }
        Message::Event(event) => {
            let effects = documents::receive(model, &event);
            let shown = dialogs::receive(model, &event) || documents::shows_failure(&event);
            model.activity.receive(&event, shown);
            effects
        }
        Message::Sent { dialog, result } => {
            dialogs::sent(model, dialog, result);
            vec![]
        }
        Message::Edited { dialog, result } => {
            model.touched = model.now;
            documents::edited(model, dialog, result);
            vec![]
        }
        Message::WorkerStopped => {
            model.error("the session worker has stopped; restart idmux");
            vec![]
        }
    };
    model.settle();
    effects.extend(documents::follow_focus(model));
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
    if !fits {
        return vec![];
    }
    match model.dialog() {
        Some(_) => dialogs::press(model, action, key),
        None => action.map_or_else(Vec::new, |action| views::act(model, action)),
    }
}

#[cfg(test)]
mod tests;
