//! What happened last, and the errors that nobody has read yet.

use std::collections::VecDeque;

use super::history::{Entry, History, Notice};
use super::words;
use crate::session::{Event, EventKind};

/// Errors that are kept; older ones are in the log.
const MOST: usize = 50;

/// The newest event, and the errors that stay until they are dismissed.
#[derive(Debug, Default)]
pub struct Activity {
    latest: Option<Notice>,
    errors: VecDeque<Notice>,
    history: History,
}

impl Activity {
    /// What to show: the newest error that was not dismissed, else the newest event.
    pub fn shown(&self) -> Option<&Notice> {
        self.errors.back().or(self.latest.as_ref())
    }

    /// What happened in this run.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How many errors wait to be read.
    pub fn unread(&self) -> usize {
        self.errors.len()
    }

    /// Takes an event into the log alone: something else says it where a person looks.
    pub fn log(&mut self, event: &Event) {
        self.history.push(Entry::of(event));
    }

    /// Takes the newest event. An error stays, unless a dialog shows it already.
    pub fn receive(&mut self, event: &Event, shown_in_dialog: bool) {
        self.log(event);
        let (tone, text) = words::event(event);
        let notice = Notice { at: event.at, tone, text };
        let is_error = matches!(event.kind, EventKind::Failed(_) | EventKind::RecordSetAside { .. });
        if is_error && !shown_in_dialog {
            self.keep(notice);
        } else {
            self.latest = Some(notice);
        }
    }

    /// Drops all that was said.
    pub fn forget(&mut self) {
        self.latest = None;
        self.errors.clear();
        self.history.clear();
    }

    /// Says something that needs no answer.
    pub fn say(&mut self, notice: Notice) {
        self.latest = Some(notice);
    }

    /// Says something that stays until it is dismissed.
    pub fn error(&mut self, notice: Notice) {
        self.history.push(Entry::of_screen(&notice));
        self.keep(notice);
    }

    fn keep(&mut self, notice: Notice) {
        if self.errors.len() == MOST {
            self.errors.pop_front();
        }
        self.errors.push_back(notice);
    }

    /// Dismisses the error that is shown; whether there was one.
    pub fn dismiss(&mut self) -> bool {
        self.errors.pop_back().is_some()
    }
}
