//! The command palette: everything that can be done or gone to, by its name.

use std::cmp::Reverse;

use ratatui::text::Line;

use super::copy_menu::CopyMenu;
use super::{Component, Input, Modal, Page, Reaction, Room, State, target};
use crate::account::{AppAlias, UserKey};
use crate::session::Snapshot;
use crate::text;
use crate::tui::form::{Field, FieldKind, FieldName, Form};
use crate::tui::fuzzy::Query;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::theme::Theme;
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, Spot};
use crate::tui::widget::text_field;

/// Most entries that are kept: nobody reads on.
const MOST: usize = 200;

/// What matches less well than this share of the best match, in percent, is chance: the letters are in every long sentence.
const WELL: u32 = 60;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Most rows of what was found.
const ROWS: usize = 14;

/// What stands before the text.
const PROMPT: &str = "❯ ";

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

impl Palette {
    /// Finds what matches the text that stands in it now.
    fn find_in(&mut self, snapshot: &Snapshot) {
        let to = |name: String, description: String, target| Entry {
            name,
            aliases: &[],
            description,
            keys: String::new(),
            why_not: None,
            target,
        };
        let apps = snapshot
            .apps
            .iter()
            .map(|app| to(app.alias.to_string(), "app".into(), Target::App(app.alias.clone())));
        let users = snapshot.users.iter().map(|user| {
            let description = format!("user of {}", user.key.app);
            to(user.label.clone(), description, Target::User(user.key.clone()))
        });
        self.find(apps.chain(users));
    }
}

impl Component for Palette {
    fn context(&self) -> Context {
        Context::Palette
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => {
                let Some(entry) = self.current() else { return vec![] };
                let mut reactions = vec![Reaction::Close];
                reactions.extend(run(&entry.target, &state.snapshot));
                return reactions;
            }
            Input::Action(action) => self.go_to(target(action, self.cursor, PAGE)),
            Input::Click(Spot::Row(row)) => self.go_to(row),
            Input::Key(key) => {
                let before = self.text().to_owned();
                self.form.key(key);
                if self.text() != before {
                    self.find_in(&state.snapshot);
                }
            }
            Input::Paste(text) => {
                self.form.paste(text);
                self.find_in(&state.snapshot);
            }
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let columns = room.wide();
        Page::new("Commands", palette(state, self, columns, room.rows())).of_width(columns)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        self.found.iter().map(|entry| format!("{}: {}", entry.name, entry.description)).collect()
    }
}

impl Modal for Palette {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn holds_text(&self) -> bool {
        false
    }
}

/// What an entry does.
fn run(target: &Target, snapshot: &Snapshot) -> Vec<Reaction> {
    match target {
        Target::Run(action) => vec![Reaction::Act(*action)],
        Target::Theme(name) => vec![Reaction::UseTheme(name)],
        Target::User(user) => vec![Reaction::GoTo(user.clone())],
        Target::App(app) => {
            let current = snapshot.app(app).and_then(|view| view.current.clone());
            let of_app = || snapshot.users.iter().filter(|user| user.key.app == *app);
            let user = of_app().find(|user| Some(&user.key.id) == current.as_ref());
            match user.or_else(|| of_app().next()) {
                Some(user) => vec![Reaction::GoTo(user.key.clone())],
                // Its empty list is where one logs in to it.
                None => vec![
                    Reaction::Narrow(app.clone()),
                    Reaction::warn(format!("nobody is logged in at {app}")),
                ],
            }
        }
    }
}

/// All actions with a meaning at `here`, in a pane or a view, or for the menu of what to copy, each once; and the themes.
/// `why_not` says why an action makes no sense at the moment.
pub fn entries(state: &State, here: Context, why_not: impl Fn(Action) -> Option<String>) -> Vec<Entry> {
    let places = Pane::ALL.map(Pane::context).into_iter().chain([Context::Log, Context::CopyMenu]);
    let mut entries: Vec<Entry> = Vec::new();
    for context in std::iter::once(here).chain(places) {
        let offered = state.keymap.of(context).filter(|binding| !binding.description.is_empty());
        for binding in offered.filter(|binding| !is_only_a_movement(binding.action)) {
            let target = Target::Run(binding.action);
            if entries.iter().any(|entry| entry.target == target) {
                continue;
            }
            let copies = CopyMenu::ROWS.contains(&binding.action);
            entries.push(Entry {
                name: binding.action.name().replace('-', " "),
                aliases: binding.action.aliases(),
                description: binding.description.into(),
                // In the menu they have keys that mean something else here.
                keys: if copies { String::new() } else { binding.keys() },
                why_not: why_not(if copies { Action::CopyMenu } else { binding.action }),
                target,
            });
        }
    }
    let themes = Theme::names().map(|name| Entry {
        name: format!("theme {name}"),
        aliases: &[],
        description: "for this run; `theme` in config.toml keeps it".into(),
        keys: String::new(),
        why_not: None,
        target: Target::Theme(name),
    });
    entries.extend(themes);
    entries
}

/// Whether it is nothing that one would look for by its name.
fn is_only_a_movement(action: Action) -> bool {
    use Action::{
        Close, Down, First, Last, Left, NextPane, PageDown, PageUp, Palette, PreviousPane, Right, Toggle, Up,
    };
    matches!(
        action,
        Close
            | Down
            | First
            | Last
            | Left
            | NextPane
            | PageDown
            | PageUp
            | Palette
            | PreviousPane
            | Right
            | Toggle
            | Up
    )
}

/// The text, and what matches it. The rows that are not needed stay empty, so that nothing jumps while one types.
pub fn palette(state: &State, palette: &Palette, columns: usize, rows: usize) -> Drawn {
    let theme = &state.theme;
    let cursor = match palette.form.field(FieldName::Query).map(|field| &field.kind) {
        Some(FieldKind::Text(input)) => input.cursor(),
        _ => 0,
    };
    let room = columns.saturating_sub(text::width(PROMPT));
    let (shown, column) = text_field::in_sight(palette.text(), cursor, room);
    let mut drawn = Drawn::lines(vec![
        Line::from(vec![span(PROMPT, theme.key), span(shown, theme.text)]),
        Line::from(span("─".repeat(columns), theme.border)),
    ]);
    let height = rows.saturating_sub(drawn.lines.len()).clamp(3, ROWS);
    if palette.found.is_empty() {
        drawn.lines.push(Line::from(span("Nothing has such a name.", theme.muted)));
    }
    let first = (palette.cursor + 1).saturating_sub(height);
    let found = palette.found.iter().enumerate().skip(first).take(height);
    let names = found.clone().map(|(_, entry)| text::width(&text::inert(&entry.name)));
    let name_width = names.max().unwrap_or_default().min(if columns < 60 { NAME * 2 / 3 } else { NAME });
    let line = |(row, entry)| entry_line(state, entry, row == palette.cursor, columns, name_width);
    drawn.rows(first, found.map(line));
    drawn.lines.resize(2 + height, Line::default());
    drawn.cursor = Some((text::width(PROMPT) as u16 + column, 0));
    drawn
}

/// Most columns of a name.
const NAME: usize = 24;

fn entry_line(
    state: &State,
    entry: &Entry,
    selected: bool,
    columns: usize,
    name_width: usize,
) -> Line<'static> {
    let theme = &state.theme;
    let mark = if selected { "▸ " } else { "  " };
    let keys = text::cut(&entry.keys, columns / 4).into_owned();
    let name_width = name_width.min(columns.saturating_sub(4));
    let name = text::fit(&text::inert(&entry.name), name_width);
    let room = columns.saturating_sub(2 + name_width + 2 + text::width(&keys) + 1);
    let said = text::inert(entry.why_not.as_ref().unwrap_or(&entry.description));
    let said = match &entry.why_not {
        Some(_) => format!("({said})"),
        None => said.into_owned(),
    };
    let (name_style, style) = match (selected, &entry.why_not) {
        (true, _) => (theme.selection, theme.selection),
        (false, Some(_)) => (theme.muted, theme.muted),
        (false, None) => (theme.text, theme.muted),
    };
    Line::from(vec![
        span(mark, theme.strong),
        span(name, name_style),
        span("  ", if selected { theme.selection } else { theme.text }),
        span(text::fit(&said, room), style),
        span(" ", theme.text),
        span(keys, theme.key),
    ])
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
