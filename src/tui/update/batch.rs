//! Actions on all marked users.

use crate::account::UserKey;
use crate::session::{Event, RequestId, SendError};
use crate::tui::batch::{Batch, BatchAction};
use crate::tui::component::confirm::{Confirm, Question};
use crate::tui::effect::{DialogId, Effect};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Begins, or asks first where something is lost.
pub fn begin(model: &mut Model, action: BatchAction) -> Vec<Effect> {
    if model.batch.is_some() {
        model.state.say(Tone::Warn, "one batch at a time: the one before is still on its way");
        return vec![];
    }
    let with_session = |needed: bool| !needed || action == BatchAction::Remove;
    let concerned: Vec<_> = model
        .state
        .shown_users()
        .filter(|user| model.state.marked.contains(&user.key) && with_session(!user.state.is_logged_in()))
        .collect();
    let lost = concerned.iter().filter(|user| user.is_lost_without_session()).count();
    let keys: Vec<_> = concerned.iter().map(|user| user.key.clone()).collect();
    let Some((first, label)) = concerned.first().map(|user| (user.key.clone(), user.label.clone())) else {
        model.state.say(Tone::Warn, "none of the marked users is logged in");
        return vec![];
    };
    if action == BatchAction::Refresh {
        return start(model, action, keys);
    }
    model.open(Confirm::new(Question::Many { action, users: keys, lost }, first, label));
    vec![]
}

/// Sends the first commands.
pub fn start(model: &mut Model, action: BatchAction, users: Vec<UserKey>) -> Vec<Effect> {
    if users.is_empty() {
        return vec![];
    }
    let mut batch = Batch::new(model.next_tag(), action, users);
    let effects = batch.next();
    model.state.say(Tone::Busy, batch.progress());
    model.batch = Some(batch);
    effects
}

/// A command was taken by the worker, or was not; whether it was one of a batch.
pub fn sent(model: &mut Model, tag: Option<DialogId>, result: Result<RequestId, SendError>) -> bool {
    let Some(batch) = model.batch.as_mut().filter(|batch| Some(batch.tag) == tag) else { return false };
    batch.sent(result);
    settle(model);
    true
}

/// Takes in an answer to a command of the batch; `None` where it is none.
pub fn receive(model: &mut Model, event: &Event) -> Option<Vec<Effect>> {
    let batch = model.batch.as_mut().filter(|batch| batch.waits_for(event))?;
    batch.receive(event);
    let effects = batch.next();
    if effects.is_empty() {
        settle(model);
    }
    if let Some(progress) = model.batch.as_ref().map(Batch::progress) {
        model.state.say(Tone::Busy, progress);
    }
    Some(effects)
}

/// Takes back what was not sent yet; whether there was something.
pub fn cancel(model: &mut Model) -> bool {
    let cancelled = model.batch.as_mut().is_some_and(Batch::cancel);
    settle(model);
    cancelled
}

/// Tells the results together, when all are there.
fn settle(model: &mut Model) {
    let Some(batch) = model.batch.take_if(|batch| batch.is_over()) else { return };
    match batch.report() {
        Ok(words) => model.state.say(Tone::Good, words),
        Err(words) => model.state.error(words),
    }
}
