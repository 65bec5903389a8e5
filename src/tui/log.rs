//! The state of the log: which entries it shows, and which of them is selected.

use ratatui::layout::Rect;

use super::history::{Entry, Level};
use super::layout;
use super::state::State;
use super::widget::list::in_sight;
use crate::account::{AppAlias, UserKey};
use crate::session::Subject;
use crate::text;

/// Which entries are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The lowest level.
    pub level: Level,
    /// The only user, and what the user is called.
    pub user: Option<(UserKey, String)>,
    /// The only App.
    pub app: Option<AppAlias>,
}

impl Filter {
    fn passes(&self, entry: &Entry) -> bool {
        let concerns_user = |(key, label): &(UserKey, String)| match &entry.subject {
            Subject::User { key: other, .. } => other == key,
            // Somebody who is not logged in yet is known by name alone.
            Subject::App { app, who } => *app == key.app && who.as_ref() == Some(label),
            Subject::Device => false,
        };
        entry.level >= self.level
            && self.user.as_ref().is_none_or(concerns_user)
            && self.app.as_ref().is_none_or(|app| entry.app() == Some(app))
    }

    /// The filter in words; `None` where it lets everything pass.
    pub fn words(&self) -> Option<String> {
        let level = match self.level {
            Level::Debug => None,
            Level::Error => Some("errors".to_owned()),
            level => Some(format!("{} and worse", level.name())),
        };
        let user = self.user.as_ref().map(|(_, label)| label.clone());
        let app = self.app.as_ref().map(|app| format!("App {app}"));
        let parts: Vec<String> = [level, user, app].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// The log. It follows what happens until somebody goes up in it.
#[derive(Debug, Default)]
pub struct Log {
    filter: Filter,
    /// The numbers of the entries that are shown, and up to which number entries were looked at; `None` where the filter
    /// has changed.
    rows: Vec<usize>,
    looked_until: Option<usize>,
    /// The number of the selected entry; `None` follows the newest.
    selected: Option<usize>,
    cursor: usize,
    offset: usize,
    /// Where one entry is shown as a whole: the first line in sight.
    open: Option<usize>,
}

impl Log {
    /// What is shown.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The numbers of the entries that are shown, oldest first.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// The selected row.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first row in sight.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Whether the newest entry is selected as soon as it comes.
    pub fn follows(&self) -> bool {
        self.selected.is_none()
    }

    /// The first line in sight of the entry that is shown as a whole.
    pub fn open(&self) -> Option<usize> {
        self.open
    }

    pub(super) fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
        self.looked_until = None;
    }

    /// Selects a row; the last one means to follow.
    pub(super) fn go_to(&mut self, row: usize) {
        self.selected =
            if row.saturating_add(1) >= self.rows.len() { None } else { self.rows.get(row).copied() };
    }

    /// Shows the selected entry as a whole. It stays selected whatever comes.
    pub(super) fn open_entry(&mut self) {
        if let Some(number) = self.rows.get(self.cursor) {
            self.selected = Some(*number);
            self.open = Some(0);
        }
    }

    /// Shows the list again; whether an entry was shown.
    pub(super) fn close_entry(&mut self) -> bool {
        if self.open.take().is_none() {
            return false;
        }
        self.go_to(self.cursor);
        true
    }

    pub(super) fn scroll_to(&mut self, line: usize) {
        self.open = Some(line);
    }
}

/// How many entries the log shows at once: all lines but the heads of the columns.
pub fn rows(body: Rect) -> usize {
    usize::from(layout::inside(body).height.saturating_sub(1))
}

/// Columns of the names of an entry's fields.
pub const NAME: usize = 9;

impl Log {
    /// The selected entry.
    pub fn current<'a>(&self, state: &'a State) -> Option<&'a Entry> {
        state.activity.history().get(*self.rows.get(self.cursor)?)
    }

    /// The selected entry as a whole: names and values, cut into lines.
    pub fn lines(&self, state: &State, body: Rect) -> Vec<(&'static str, String)> {
        let columns = usize::from(layout::inside(body).width).saturating_sub(NAME);
        let fields = self.current(state).map(Entry::fields).unwrap_or_default();
        let wrap = |(name, value): (&'static str, String)| {
            let lines = text::wrap(&text::inert(&value), columns);
            lines.into_iter().enumerate().map(move |(row, line)| (if row == 0 { name } else { "" }, line))
        };
        fields.into_iter().flat_map(wrap).collect()
    }

    /// Brings rows, cursor and offsets in line with everything else. Looks at new entries only, unless the filter has changed.
    pub(super) fn settle(&mut self, state: &State) {
        let body = state.regions().body;
        let (history, log) = (state.activity.history(), self);
        let from = log.looked_until.unwrap_or_else(|| {
            log.rows.clear();
            0
        });
        let new = history.iter().skip_while(|(number, _)| *number < from);
        let new = new.filter(|(_, entry)| log.filter.passes(entry)).map(|(number, _)| number);
        log.rows.extend(new);
        log.looked_until = Some(history.end());
        let gone = log.rows.iter().take_while(|number| history.get(**number).is_none()).count();
        log.rows.drain(..gone);

        let last = log.rows.len().saturating_sub(1);
        // One that was filtered out, or made way, hands the cursor to the next.
        log.cursor = match log.selected {
            Some(number) => log.rows.partition_point(|row| *row < number).min(last),
            None => last,
        };
        log.offset = in_sight(log.offset, log.cursor, log.rows.len(), rows(body));
        if let Some(line) = log.open {
            let lines = log.lines(state, body).len();
            let most = lines.saturating_sub(usize::from(layout::inside(body).height));
            log.open = Some(line.min(most)).filter(|_| lines > 0);
        }
    }
}
