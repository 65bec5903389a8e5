//! One action on many users: a few at a time on their way, and one report in the end.

use std::collections::{HashSet, VecDeque};

use super::effect::DialogId;
use super::effect::Effect;
use super::keymap::Action;
use super::layout::{Pane, View};
use super::state::State;
use super::words;
use crate::account::UserKey;
use crate::session::{self, AnyOperation, Event, EventKind, RequestId, SendError, Subject};

/// Requests on their way at once. The worker has its own limit for what reaches a server.
const AT_ONCE: usize = 16;

/// Failures that the report names; the log has all of them.
const NAMED: usize = 3;

/// What can be done to many users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchAction {
    /// Renew their access tokens.
    Refresh,
    /// End their sessions.
    LogOut,
    /// Forget them on this device.
    Remove,
}

impl BatchAction {
    /// What `action` does to all marked users; `None` where it concerns the selected one.
    pub fn of(state: &State, action: Action) -> Option<Self> {
        let on_list = state.view == View::Board && state.focus == Pane::Users && state.marked_shown > 0;
        match action {
            Action::Refresh if on_list => Some(Self::Refresh),
            Action::LogOut if on_list => Some(Self::LogOut),
            Action::Remove if on_list => Some(Self::Remove),
            _ => None,
        }
    }

    /// What is being done.
    pub fn doing(self) -> &'static str {
        match self {
            Self::Refresh => "refreshing",
            Self::LogOut => "logging out",
            Self::Remove => "removing",
        }
    }

    /// What was done.
    pub fn done(self) -> &'static str {
        match self {
            Self::Refresh => "refreshed",
            Self::LogOut => "logged out",
            Self::Remove => "removed",
        }
    }

    fn operation(self, user: UserKey) -> AnyOperation {
        match self {
            Self::Refresh => session::Refresh { user }.into(),
            Self::LogOut => session::LogOut { user }.into(),
            Self::Remove => session::Remove { user }.into(),
        }
    }
}

/// An action on its way to many users.
#[derive(Debug)]
pub struct Batch {
    /// Names the batch where its commands are sent.
    pub tag: DialogId,
    /// What is done.
    pub action: BatchAction,
    queue: VecDeque<UserKey>,
    /// Commands that the loop has, and whose ids are not known yet.
    handed_over: usize,
    waiting: HashSet<RequestId>,
    total: usize,
    done: usize,
    failed: Vec<String>,
}

impl Batch {
    /// A batch that has not begun.
    pub fn new(tag: DialogId, action: BatchAction, users: Vec<UserKey>) -> Self {
        Self {
            tag,
            action,
            total: users.len(),
            queue: users.into(),
            handed_over: 0,
            waiting: HashSet::new(),
            done: 0,
            failed: Vec::new(),
        }
    }

    /// The commands to send now.
    pub(super) fn next(&mut self) -> Vec<Effect> {
        let room = AT_ONCE.saturating_sub(self.handed_over + self.waiting.len());
        let users: Vec<_> = self.queue.drain(..room.min(self.queue.len())).collect();
        self.handed_over += users.len();
        let (action, tag) = (self.action, self.tag);
        let send = |user| Effect::Send { operation: action.operation(user), dialog: Some(tag) };
        users.into_iter().map(send).collect()
    }

    /// A command was taken by the worker, or was not.
    pub(super) fn sent(&mut self, result: Result<RequestId, SendError>) {
        self.handed_over = self.handed_over.saturating_sub(1);
        match result {
            Ok(id) => {
                self.waiting.insert(id);
            }
            Err(error) => self.failed.push(error.to_string()),
        }
    }

    /// Whether the event answers one of its commands.
    pub(super) fn waits_for(&self, event: &Event) -> bool {
        event.request.is_some_and(|id| self.waiting.contains(&id))
    }

    /// Takes in an answer.
    pub(super) fn receive(&mut self, event: &Event) {
        let failure = match &event.kind {
            EventKind::Done(_) => None,
            EventKind::Failed(failure) => Some(failure.message.clone()),
            EventKind::RefreshPostponed { cause, .. } => Some(cause.clone()),
            EventKind::LogInRequired(reason) => Some(reason.to_string()),
            // On the way to one of those.
            _ => return,
        };
        if let Some(id) = event.request {
            self.waiting.remove(&id);
        }
        match (failure, &event.subject) {
            (None, _) => self.done += 1,
            (Some(why), Subject::User { label, .. }) => self.failed.push(format!("{label}: {why}")),
            (Some(why), _) => self.failed.push(why),
        }
    }

    /// Takes back what was not sent yet; whether there was something.
    pub(super) fn cancel(&mut self) -> bool {
        let was_waiting = !self.queue.is_empty();
        self.queue.clear();
        was_waiting
    }

    /// Whether every command was answered.
    pub(super) fn is_over(&self) -> bool {
        self.queue.is_empty() && self.waiting.is_empty() && self.handed_over == 0
    }

    /// Where it stands.
    pub fn progress(&self) -> String {
        let answered = self.done + self.failed.len();
        format!("{} {}: {answered} of {}…", self.action.doing(), words::count(self.total, "user"), self.total)
    }

    /// How it went; an error where something failed.
    pub fn report(&self) -> Result<String, String> {
        let users = words::count(self.total, "user");
        let done = self.action.done();
        let left = self.total.saturating_sub(self.done + self.failed.len());
        let stopped = if left > 0 { format!(", {left} not begun") } else { String::new() };
        match self.failed.as_slice() {
            [] if left == 0 => Ok(format!("{done} {users}")),
            [] => Ok(format!("{done} {} of {users}{stopped}", self.done)),
            failed => {
                let mut named = failed.iter().take(NAMED).cloned().collect::<Vec<_>>().join("; ");
                if failed.len() > NAMED {
                    named.push_str(&format!("; and {} more, which the log names", failed.len() - NAMED));
                }
                let failed = failed.len();
                Err(format!("{done} {} of {users}, {failed} failed{stopped}: {named}", self.done))
            }
        }
    }
}
