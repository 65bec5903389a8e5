//! What happened in this run: every event, as far as it may be shown. No secret is in it.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::words::{self, Tone};
use crate::account::AppAlias;
use crate::session::{Event, EventKind, Failure, Subject};

/// Something to say in the activity line. The text may be from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When it happened.
    pub at: Timestamp,
    /// How it stands.
    pub tone: Tone,
    /// The words.
    pub text: String,
}

/// Entries that are kept; the oldest make way.
pub const MOST: usize = 2000;

/// How much an entry matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something was read; nothing changed.
    #[default]
    Debug,
    /// Something changed as it should.
    Info,
    /// Something needs attention soon.
    Warn,
    /// Something failed, or needs a person.
    Error,
}

impl Level {
    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The one above; after the highest the lowest.
    pub fn next(self) -> Self {
        match self {
            Self::Debug => Self::Info,
            Self::Info => Self::Warn,
            Self::Warn => Self::Error,
            Self::Error => Self::Debug,
        }
    }

    fn of(kind: &EventKind, tone: Tone) -> Self {
        match (kind, tone) {
            (EventKind::Done(done), _) if done.outcome().is_answer() => Self::Debug,
            (_, Tone::Bad) => Self::Error,
            (_, Tone::Warn) => Self::Warn,
            (_, Tone::Plain | Tone::Good | Tone::Busy) => Self::Info,
        }
    }
}

/// One thing that happened. Texts may be from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// How it stands.
    pub tone: Tone,
    /// Whom it concerns.
    pub subject: Subject,
    /// What happened.
    pub words: String,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

impl Entry {
    /// An event of the worker.
    pub fn of(event: &Event) -> Self {
        let (tone, words) = words::happening(&event.kind);
        let failure = match &event.kind {
            EventKind::Failed(failure) => Some(failure.clone()),
            _ => None,
        };
        let level = Level::of(&event.kind, tone);
        Self { at: event.at, level, tone, subject: event.subject.clone(), words, failure }
    }

    /// An error that the screen itself has to tell.
    pub fn of_screen(notice: &Notice) -> Self {
        Self {
            at: notice.at,
            level: Level::Error,
            tone: notice.tone,
            subject: Subject::Device,
            words: notice.text.clone(),
            failure: None,
        }
    }

    /// The App that it concerns.
    pub fn app(&self) -> Option<&AppAlias> {
        match &self.subject {
            Subject::Device => None,
            Subject::App { app, .. } => Some(app),
            Subject::User { key, .. } => Some(&key.app),
        }
    }

    /// Whom it concerns, as far as that is known.
    pub fn who(&self) -> Option<&str> {
        match &self.subject {
            Subject::Device => None,
            Subject::App { who, .. } => who.as_deref(),
            Subject::User { label, .. } => Some(label),
        }
    }

    /// All that is known of it: names and values.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("time", words::moment(self.at)), ("level", self.level.name().to_owned())];
        fields.extend(self.app().map(|app| ("app", app.to_string())));
        fields.extend(self.who().map(|who| ("user", who.to_owned())));
        if let Subject::User { key, .. } = &self.subject {
            fields.push(("user id", key.id.as_str().to_owned()));
        }
        match &self.failure {
            None => fields.push(("event", self.words.clone())),
            Some(failure) => {
                fields.push(("tried", failure.action.to_owned()));
                fields.push(("failure", words::failure_kind(failure.kind).to_owned()));
                fields.push(("what", failure.message.clone()));
                if !failure.hint.is_empty() {
                    fields.push(("next", failure.hint.clone()));
                }
            }
        }
        fields
    }
}

/// The newest entries, each with a number that it keeps.
#[derive(Debug, Default)]
pub struct History {
    entries: VecDeque<Entry>,
    /// The number of the oldest entry that is kept.
    first: usize,
}

impl History {
    /// Takes an entry in.
    pub fn push(&mut self, entry: Entry) {
        if self.entries.len() == MOST {
            self.entries.pop_front();
            self.first += 1;
        }
        self.entries.push_back(entry);
    }

    /// Drops all entries. Their numbers are not given again.
    pub fn clear(&mut self) {
        self.first = self.end();
        self.entries.clear();
    }

    /// The entry of that number, while it is kept.
    pub fn get(&self, number: usize) -> Option<&Entry> {
        self.entries.get(number.checked_sub(self.first)?)
    }

    /// The entries and their numbers, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Entry)> {
        (self.first..).zip(&self.entries)
    }

    /// The number that the next entry gets.
    pub fn end(&self) -> usize {
        self.first + self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(words: &str) -> Entry {
        let notice = Notice { at: Timestamp::UNIX_EPOCH, tone: Tone::Bad, text: words.into() };
        Entry::of_screen(&notice)
    }

    #[test]
    fn the_oldest_makes_way_and_numbers_stay() {
        let mut history = History::default();
        for number in 0..MOST + 3 {
            history.push(entry(&number.to_string()));
        }
        assert_eq!((history.iter().count(), history.end()), (MOST, MOST + 3));
        assert_eq!(history.get(2), None);
        assert_eq!(history.get(3).map(|entry| entry.words.as_str()), Some("3"));
        assert_eq!(history.get(MOST + 2).map(|entry| entry.words.clone()), Some((MOST + 2).to_string()));
        assert!(history.iter().all(|(number, entry)| entry.words == number.to_string()));
    }
}
