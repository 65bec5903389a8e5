//! The model's only way to change: pure, without clock, input or output. Time comes in messages.

mod batch;
mod compare;
mod copy;
mod dialogs;
mod documents;
mod filter;
mod lifetimes;
mod log;
mod mouse;
mod panes;
mod timeline;
mod users;
mod views;

use crate::session::{self, Subject, Timeline};
use crossterm::event::{KeyCode, KeyEvent};

use super::effect::Effect;
use super::keymap::{Action, Context};
use super::layout;
use super::message::Message;
use super::model::Model;
use super::state::whole_second;
use super::words;

/// Takes one message in, and says what is to be done outside.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Key(key) => {
            model.touched = model.state.now;
            press(model, key)
        }
        Message::Act(action) => {
            model.touched = model.state.now;
            perform(model, Some(action), KeyEvent::from(KeyCode::Null))
        }
        Message::Mouse { event, at } => {
            model.touched = model.state.now;
            mouse::act(model, event, at)
        }
        Message::Paste(text) => {
            model.touched = model.state.now;
            match model.context() {
                Context::Filter => {
                    filter::paste(model, &text);
                    vec![]
                }
                _ => dialogs::paste(model, &text),
            }
        }
        Message::Resize(size) => {
            model.state.size = size;
            vec![]
        }
        Message::Background(background) => {
            model.state.theme = model.state.look.theme.on(Some(background));
            vec![]
        }
        Message::Now(now) => {
            model.state.now = whole_second(now);
            lock_when_idle(model)
        }
        Message::Snapshot(snapshot) => {
            model.compare.remember(&model.state.snapshot, &snapshot);
            model.take_snapshot(snapshot);
            model.lifetimes.forget_order();
            dialogs::follow_vault(model);
            dialogs::offer_first_run(model);
            dialogs::ask_about_hosts(model);
            vec![]
        }
        Message::Event(event) if event.kind.is::<Timeline>() => {
            if let (Subject::User { key, .. }, Some(Timeline(entries))) =
                (&event.subject, event.kind.outcome())
            {
                model.timeline.take(key, entries.clone());
            }
            vec![]
        }
        // What was on its way when the vault was locked names nobody any more.
        Message::Event(event) if model.state.is_locked() && names_a_user(&event.subject) => {
            dialogs::settle(model, &event).0
        }
        Message::Event(event) => {
            timeline::hear(model, &event);
            model.attention.hear(&event);
            if let Some(effects) = batch::receive(model, &event) {
                model.state.activity.log(&event);
                model.settle();
                return effects;
            }
            let mut effects = dialogs::receive(model, &event);
            let (more, shown) = dialogs::settle(model, &event);
            effects.extend(more);
            let shown = shown || documents::shows_failure(&event) || timeline::shows_failure(&event);
            model.state.activity.receive(&event, shown);
            effects
        }
        Message::Sent { dialog, result } => {
            if !batch::sent(model, dialog, result) && !timeline::sent(model, dialog, result) {
                dialogs::sent(model, dialog, result);
            }
            vec![]
        }
        Message::Edited { dialog, result } => {
            model.touched = model.state.now;
            dialogs::edited(model, dialog, &result)
        }
        Message::Copied { name, terminal, tool } => {
            let (tone, words) = words::copied(&name, terminal, tool);
            model.state.say(tone, words);
            vec![]
        }
        Message::Rested => timeline::rested(model),
        Message::WorkerStopped => {
            model.batch = None;
            model.state.error("the session worker has stopped; restart idmux");
            vec![]
        }
    };
    effects.extend(model.attention.take(model.state.now).map(Effect::Notify));
    model.settle();
    effects.extend(documents::follow_focus(model));
    effects.extend(timeline::follow(model));
    effects
}

fn names_a_user(subject: &Subject) -> bool {
    match subject {
        Subject::Device | Subject::App { who: None, .. } => false,
        Subject::App { who: Some(_), .. } | Subject::User { .. } => true,
    }
}

/// Locks the vault when nobody has pressed a key for as long as the person chose.
fn lock_when_idle(model: &mut Model) -> Vec<Effect> {
    if model.lock_at().is_none_or(|at| at > model.state.now) {
        return vec![];
    }
    // Asked for once; a vault that is still open then is asked again after the same while.
    model.touched = model.state.now;
    vec![Effect::Send { operation: session::Lock.into(), dialog: None }]
}

fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let fits = layout::fits(model.state.size);
    let action = model.state.keymap.action(if fits { model.context() } else { Context::Notice }, &key);
    if action == Some(Action::Quit) {
        return if fits { dialogs::quit(model) } else { vec![Effect::Quit] };
    }
    if action == Some(Action::Suspend) {
        return vec![Effect::Suspend];
    }
    if !fits {
        return vec![];
    }
    perform(model, action, key)
}

/// Does what a key asks for, or a click on its hint; `key` is the text, where it asks for nothing.
fn perform(model: &mut Model, action: Option<Action>, key: KeyEvent) -> Vec<Effect> {
    match (model.dialog(), action) {
        (_, Some(Action::Quit)) => dialogs::quit(model),
        (Some(_), _) => dialogs::press(model, action, key),
        (None, _) if model.context() == Context::Filter => filter::press(model, action, key),
        (None, Some(action)) => views::act(model, action),
        (None, None) => vec![],
    }
}

#[cfg(test)]
mod tests;
