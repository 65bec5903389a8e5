//! The timeline of the selected user: it is read once, when somebody looks at it and the selection rests; what happens
//! afterwards comes by itself.

use crate::session::{self, Event, EventKind, ReadTimeline, RequestId, SendError, Subject};
use crate::tui::component::timeline::Reading;
use crate::tui::effect::{DialogId, Effect};
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;

/// Whether the pane is in sight.
fn is_in_sight(model: &Model) -> bool {
    model.state.view == View::Board
        && model.state.selected().is_some()
        && model.state.regions().pane(Pane::Timeline).area() > 0
}

/// Asks to be told when the selection rests, where the timeline in sight was not read.
pub fn follow(model: &mut Model) -> Vec<Effect> {
    if *model.timeline.reading() != Reading::Unread || !is_in_sight(model) {
        return vec![];
    }
    model.timeline.set_reading(Reading::Due);
    vec![Effect::Rest]
}

/// The selection rests: asks for the timeline of whoever is selected now.
pub fn rested(model: &mut Model) -> Vec<Effect> {
    let Some(user) = model.state.selected().map(|user| user.key.clone()) else { return vec![] };
    if *model.timeline.reading() != Reading::Due {
        return vec![];
    }
    if !is_in_sight(model) {
        model.timeline.set_reading(Reading::Unread);
        return vec![];
    }
    let tag = model.next_tag();
    model.timeline.set_reading(Reading::Asked(tag));
    vec![Effect::Send { operation: session::ReadTimeline { user }.into(), dialog: Some(tag) }]
}

/// The question was taken by the worker, or was not; whether it was this one.
pub fn sent(model: &mut Model, tag: Option<DialogId>, result: Result<RequestId, SendError>) -> bool {
    if !matches!((model.timeline.reading(), tag), (Reading::Asked(asked), Some(tag)) if *asked == tag) {
        return false;
    }
    match result {
        Ok(_) => {}
        // It is asked again when the selection rests once more.
        Err(SendError::Busy) => model.timeline.set_reading(Reading::Unread),
        Err(error @ SendError::Stopped) => model.timeline.set_reading(Reading::Failed(error.to_string())),
    }
    true
}

/// Takes in what happened.
pub fn hear(model: &mut Model, event: &Event) {
    if let (Subject::User { key, .. }, EventKind::Failed(failure)) = (&event.subject, &event.kind)
        && failure.action == ReadTimeline::NAME
        && model.state.selected().is_some_and(|user| user.key == *key)
    {
        model.timeline.set_reading(Reading::Failed(failure.message.clone()));
        return;
    }
    let Some((user, entry)) = event.timeline_entry() else { return };
    model.timeline.hear(user, entry);
    // What the other process noted is no event here.
    let is_selected = model.state.selected().is_some_and(|selected| selected.key == *user);
    if is_selected && event.kind == EventKind::ChangedElsewhere {
        model.timeline.set_reading(Reading::Unread);
    }
}

/// Whether the pane says that this failed.
pub fn shows_failure(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Failed(failure) if failure.action == ReadTimeline::NAME)
}
