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

/// Something to run, or to go to. Names of users are text from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Other names that people know it by.
    pub aliases: &'static [&'static str],
    /// What it does; for what is gone to, what it is.
    pub description: String,
    /// Its keys, as people write them.
    pub keys: String,
    /// Why it makes no sense at the moment.
    pub why_not: Option<String>,
    /// What happens.
    pub target: Target,
}

impl Entry {
    /// How well the text fits; `None` where it does not.
    fn fit(&self, text: &str, query: &mut Query) -> Option<Fit> {
        let mut names = std::iter::once(self.name.to_lowercase())
            .chain(self.aliases.iter().map(|alias| (*alias).to_owned()))
            .map(|name| match () {
                () if name == text => Some(Fit::Exact),
                () if name.starts_with(text) => Some(Fit::Beginning),
                () if name.split(' ').any(|word| word.starts_with(text)) => Some(Fit::Word),
                () => None,
            });
        let own = names.next().flatten();
        // An alias is as good as the name, unless a name is it.
        let alias = names.flatten().min().map(|fit| fit.max(Fit::Alias));
        let named = [own, alias].into_iter().flatten().min();
        let by_letters = |query: &mut Query| match &self.target {
            Target::User(user) => query.score_any(&[&self.name], user.id.as_str()),
            Target::App(_) => query.score(&self.name),
            Target::Run(_) | Target::Theme(_) => {
                let names: Vec<_> =
                    std::iter::once(self.name.as_str()).chain(self.aliases.iter().copied()).collect();
                query.score_any(&names, &self.description.to_lowercase())
            }
        };
        named.or_else(|| by_letters(query).map(|score| Fit::Letters(Reverse(score))))
    }
}

/// How well a text fits a name, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the name.
    Exact,
    /// It is another name, or the beginning of one.
    Alias,
    /// It is the beginning of the name.
    Beginning,
    /// It is the beginning of a word of the name.
    Word,
    /// Its letters are there; the higher the score, the better.
    Letters(Reverse<u32>),
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
    /// A theme that comes with the program, for this run.
    Theme(&'static str),
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

    /// Finds what matches the text: actions, and of `others` only what was asked for. Whole names go first, then beginnings,
    /// then what has the letters; of two that match as well, the one that makes sense now.
    pub fn find(&mut self, others: impl Iterator<Item = Entry>) {
        let text = self.text().trim().to_lowercase().replace('-', " ");
        let mut query = Query::new(self.text());
        let nothing_typed = query.is_empty();
        let others = others.filter(|_| !nothing_typed);
        let candidates = self.actions.iter().cloned().chain(others);
        let mut found: Vec<_> = candidates
            .filter_map(|entry| {
                let fit = if nothing_typed { Fit::Exact } else { entry.fit(&text, &mut query)? };
                Some((fit, entry))
            })
            .collect();
        let best = found.iter().filter_map(|(fit, _)| match fit {
            Fit::Letters(Reverse(score)) => Some(*score),
            _ => None,
        });
        let best = best.max().unwrap_or_default();
        found.retain(|(fit, _)| match fit {
            Fit::Letters(Reverse(score)) => score * 100 >= best * WELL,
            _ => true,
        });
        found.sort_by_key(|(fit, entry)| (*fit, entry.why_not.is_some()));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, aliases: &'static [&'static str], description: &str) -> Entry {
        Entry {
            name: name.into(),
            aliases,
            description: description.into(),
            keys: String::new(),
            why_not: None,
            target: Target::Run(Action::Help),
        }
    }

    fn found(text: &str) -> Vec<String> {
        let entries = vec![
            entry("mark", &[], "mark it; refresh, log out, remove act on all"),
            entry("log", &[], "what happened in this run"),
            entry("log out", &["sign out", "logout"], "end the session; the user stays known"),
            entry("copy access token", &[], "the access token, refreshed if need be"),
            entry("make current", &["switch", "use"], "make the user the current one"),
        ];
        let mut palette = Palette::new(entries);
        palette.form = Form::new(vec![Field::text(FieldName::Query, "", text)]);
        palette.find(std::iter::empty());
        palette.found.into_iter().map(|entry| entry.name).collect()
    }

    /// Kind: the thing that was named is there, and stands below what only mentions it.
    #[test]
    fn what_is_named_goes_before_what_mentions_it() {
        for (text, first) in [
            ("log", "log"),
            ("log out", "log out"),
            ("log-out", "log out"),
            ("LOG O", "log out"),
            ("logout", "log out"),
            ("sign out", "log out"),
            ("switch", "make current"),
            ("current", "make current"),
            ("copy access token", "copy access token"),
            ("token", "copy access token"),
            ("happened", "log"),
        ] {
            let found = found(text);
            assert_eq!(found.first().map(String::as_str), Some(first), "{text}: {found:?}");
        }
        assert_eq!(found("").len(), 5);
        assert!(found("xyzzy").is_empty());
    }
}
