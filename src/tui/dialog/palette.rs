//! The command palette: everything that can be done or gone to, by its name.

use std::cmp::Reverse;

use crate::account::{AppAlias, UserKey};
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::fuzzy::Query;
use crate::tui::keymap::Action;

/// Most entries that are kept: nobody reads on.
const MOST: usize = 200;

/// What matches less well than this share of the best match, in percent, is chance: the letters are in every long sentence.
const WELL: u32 = 60;

/// What is typed, and what matches it.
#[derive(Debug)]
pub struct Palette {
    /// The text.
    pub form: Form,
    /// The actions, as they stood when the palette was opened.
    pub actions: Vec<Entry>,
    /// What matches, the best first.
    pub found: Vec<Entry>,
    /// The row under the cursor.
    pub cursor: usize,
}

/// Something to run, or to go to. Titles of users are text from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub title: String,
    /// Its keys, as people write them; for what is gone to, what it is.
    pub keys: String,
    /// Why it makes no sense at the moment.
    pub why_not: Option<String>,
    /// What happens.
    pub target: Target,
}

/// What an entry leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Something to do.
    Run(Action),
    /// A user to select.
    User(UserKey),
    /// An app, whose first user is selected.
    App(AppAlias),
}

impl Palette {
    /// The palette with nothing typed.
    pub fn new(actions: Vec<Entry>) -> Self {
        let form = Form::new(vec![Field::text(FieldName::Query, "", "")]);
        let mut palette = Self { form, actions, found: Vec::new(), cursor: 0 };
        palette.find(std::iter::empty());
        palette
    }

    /// What was typed.
    pub fn text(&self) -> &str {
        self.form.text(FieldName::Query)
    }

    /// Finds what matches the text: actions, and of `others` only what was asked for. Of two that match as well, the one that
    /// makes sense now goes first.
    pub fn find(&mut self, others: impl Iterator<Item = Entry>) {
        let mut query = Query::new(self.text());
        let nothing_typed = query.is_empty();
        let others = others.filter(|_| !nothing_typed);
        let candidates = self.actions.iter().cloned().chain(others);
        let mut found: Vec<_> = candidates
            .filter_map(|entry| {
                let score = match &entry.target {
                    Target::Run(action) => query.score_any(&[&entry.title, &action.name()], ""),
                    Target::User(user) => query.score_any(&[&entry.title], user.id.as_str()),
                    Target::App(_) => query.score(&entry.title),
                };
                Some((score?, entry))
            })
            .collect();
        let best = found.iter().map(|(score, _)| *score).max().unwrap_or_default();
        found.retain(|(score, _)| score * 100 >= best * WELL);
        found.sort_by_key(|(score, entry)| (Reverse(*score), entry.why_not.is_some()));
        found.truncate(MOST);
        self.found = found.into_iter().map(|(_, entry)| entry).collect();
        self.cursor = 0;
    }

    /// Moves the cursor to a row, at most the last.
    pub fn go_to(&mut self, row: usize) {
        self.cursor = row.min(self.found.len().saturating_sub(1));
    }

    /// What is under the cursor.
    pub fn current(&self) -> Option<&Entry> {
        self.found.get(self.cursor)
    }
}
