//! What happened to a user.

use crate::account::UserKey;
use crate::session::engine::Engine;
use crate::session::{Failure, Operation, Outcome, RequestId, TimelineEntry};

/// Read what happened to a user.
#[derive(Debug, Clone)]
pub struct ReadTimeline {
    /// The user.
    pub user: UserKey,
}

impl ReadTimeline {
    /// What is tried, for messages.
    pub const NAME: &str = "read the timeline";
}

/// What happened to the user, oldest first.
#[derive(Debug)]
pub struct Timeline(pub Vec<TimelineEntry>);

impl Outcome for Timeline {
    fn sentence(&self) -> String {
        "the timeline was read".into()
    }

    fn is_answer(&self) -> bool {
        true
    }
}

impl Operation for ReadTimeline {
    type Outcome = Timeline;

    fn start(self, engine: &mut Engine, id: RequestId) {
        let Self { user } = self;
        if engine.roster.get(&user).is_none() {
            return engine.fail(Some(id), &user, Failure::unknown(Self::NAME, "the user"));
        }
        let entries = engine.vault_write(|vault| vault.timeline(user.clone()));
        engine.spawn(Some(user.clone()), Some(id), entries, move |engine, result| {
            let subject = engine.subject(&user);
            match result {
                Ok(entries) => engine.tell(Some(id), subject, Timeline(entries)),
                Err(error) => {
                    engine.tell(Some(id), subject, Failure::vault_failed(Self::NAME, &error));
                }
            }
        });
    }
}
