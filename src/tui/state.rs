//! What is not one component's alone: what the worker knows, what a person chose, where one looks, and who is selected.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

use super::activity::Activity;
use super::history::Notice;
use super::keymap::{Context, Keymap};
use super::layout::{self, Pane, Regions, Split, View};
use super::theme::{Depth, Theme, ThemeChoice};
use super::user_list::UserList;
use super::words::Tone;
use crate::account::{AppAlias, UserKey};
use crate::data::DataEdit;
use crate::session::{AppView, Snapshot, UserView, VaultStatus};
use crate::text;

/// How the screen looks, as a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The theme, or how it is found.
    pub theme: ThemeChoice,
    /// Whether the screen has ASCII alone.
    pub ascii: bool,
    /// The colours that the terminal can show.
    pub depth: Depth,
}

impl Look {
    /// One theme, and every glyph.
    pub fn fixed(theme: Theme) -> Self {
        Self { theme: ThemeChoice::fixed(theme), ascii: false, depth: Depth::True }
    }

    /// The same with a theme that comes with the program, whatever the background; unchanged if there is none of that name.
    pub fn with_theme(self, name: &str) -> Self {
        let theme = Theme::built_in(name).map(|theme| ThemeChoice::fixed(theme.at(self.depth)));
        Self { theme: theme.unwrap_or(self.theme), ..self }
    }
}

/// What the loop knows from the start.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The present moment.
    pub now: Timestamp,
    /// The size of the screen.
    pub size: Size,
    /// The look.
    pub look: Look,
    /// Whether this is the demonstration.
    pub demo: bool,
    /// Lock the vault after so long without a key press.
    pub auto_lock: Option<Duration>,
}

/// What every component reads, and [`update`](super::update) alone changes.
#[derive(Debug)]
pub struct State {
    /// How the look is chosen.
    pub look: Look,
    /// What each meaning looks like now.
    pub theme: Theme,
    /// What each key asks for.
    pub keymap: Keymap,
    /// Whether this is the demonstration, where nothing is kept.
    pub demo: bool,
    /// The present moment, cut to whole seconds: within one second nothing changes.
    pub now: Timestamp,
    /// The size of the screen.
    pub size: Size,
    /// The worker's newest state.
    pub snapshot: Arc<Snapshot>,
    /// What the body of the screen shows.
    pub view: View,
    /// The pane of the board that has the focus.
    pub focus: Pane,
    /// Whether only that pane is shown.
    pub zoomed: bool,
    /// The selection in the Users pane.
    pub users: UserList,
    /// The users that a person marked, to act on all of them.
    pub marked: BTreeSet<UserKey>,
    /// How many of them the Users pane lists; the others are hidden by the filter.
    pub marked_shown: usize,
    /// What takes the last change of a user's custom data back, as far as it was made here.
    pub undo: HashMap<UserKey, DataEdit>,
    /// Where a person dragged the line between the Users pane and the others.
    pub split: Split,
    /// What happened.
    pub activity: Activity,
    /// The selected user.
    pub(super) user: Option<Arc<UserView>>,
}

impl State {
    /// The state before the worker has said anything.
    pub fn new(start: &Start) -> Self {
        Self {
            look: start.look,
            theme: start.look.theme.on(None),
            keymap: Keymap::default(),
            demo: start.demo,
            now: whole_second(start.now),
            size: start.size,
            snapshot: Arc::default(),
            view: View::default(),
            focus: Pane::Users,
            zoomed: false,
            users: UserList::default(),
            marked: BTreeSet::new(),
            marked_shown: 0,
            undo: HashMap::new(),
            split: Split::default(),
            activity: Activity::default(),
            user: None,
        }
    }

    /// The selected user.
    pub fn selected(&self) -> Option<&Arc<UserView>> {
        self.user.as_ref()
    }

    /// The app of the selected user, else the one whose users alone are shown, else the first one.
    pub fn app(&self) -> Option<&AppView> {
        let app = self.selected().map(|user| &user.key.app).or(self.users.filter.app());
        match app {
            Some(app) => self.snapshot.app(app),
            None => self.snapshot.apps.first(),
        }
    }

    /// The moment to judge the lifetimes of an app's users by: the present, unless the App's clock stands still.
    pub fn present(&self, app: &AppAlias) -> Timestamp {
        self.snapshot.app(app).map_or(self.now, |app| app.present(self.now))
    }

    /// The present of a user's App; `None` where its clock stands still, and with it every countdown.
    pub fn moving(&self, user: &UserView) -> Option<Timestamp> {
        Some(self.now).filter(|now| self.present(&user.key.app) == *now)
    }

    /// What the clock of an App shows, as far as it is known; `None` where it stands still.
    pub fn server_time(&self, app: &AppAlias) -> Option<Timestamp> {
        let app = self.snapshot.app(app)?;
        let frozen = app.local.as_ref().and_then(|local| local.clock).and_then(|clock| clock.frozen_at);
        match frozen {
            Some(_) => None,
            None => self.now.saturating_add(app.skew.unwrap_or_default()).ok(),
        }
    }

    /// What the clock of an App shows, moving or not.
    pub fn app_time(&self, app: &AppAlias) -> Timestamp {
        let clock = self.snapshot.app(app).and_then(|app| app.local.as_ref()?.clock);
        let frozen = clock.and_then(|clock| clock.frozen_at);
        frozen.or_else(|| self.server_time(app)).unwrap_or(self.now)
    }

    /// The pane or view that is behind all dialogs.
    pub fn place(&self) -> Context {
        match self.view {
            View::Board => self.focus.context(),
            View::Lifetimes => Context::Lifetimes,
            View::Compare => Context::Compare,
            View::Log => Context::Log,
        }
    }

    /// Where everything stands.
    pub fn regions(&self) -> Regions {
        // Other views have no tabs.
        let zoomed = self.zoomed || self.view != View::Board;
        let activity = self.activity_lines().len().max(1) as u16;
        layout::layout(self.size, self.focus, zoomed, activity, self.split)
    }

    /// The activity in lines: one, or up to three where an error does not fit into one.
    pub fn activity_lines(&self) -> Vec<String> {
        let Some(notice) = self.activity.shown() else { return Vec::new() };
        let unread = self.activity.unread();
        let count = if unread > 1 { format!("(1 of {unread}) ") } else { String::new() };
        let said = format!("{count}{}", text::inert(&notice.text));
        let columns = usize::from(self.size.width).saturating_sub(ACTIVITY_MARGIN);
        if unread == 0 {
            return vec![text::cut(&said, columns).into_owned()];
        }
        let mut lines = text::wrap(&said, columns);
        if lines.len() > ACTIVITY_LINES {
            lines.truncate(ACTIVITY_LINES);
            let last = lines.last_mut().expect("it was longer");
            *last = text::cut(&format!("{last}…"), columns).into_owned();
        }
        lines
    }

    /// Whether the vault is locked: then nothing names a user.
    pub fn is_locked(&self) -> bool {
        matches!(self.snapshot.vault, VaultStatus::Locked { .. })
    }

    /// Says something in the activity line.
    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.activity.say(Notice { at: self.now, tone, text: text.into() });
    }

    /// Says something that stays until it is dismissed.
    pub(super) fn error(&mut self, text: impl Into<String>) {
        self.activity.error(Notice { at: self.now, tone: Tone::Bad, text: text.into() });
    }

    /// The users that the Users pane lists, in its order.
    pub fn shown_users(&self) -> impl Iterator<Item = &Arc<UserView>> {
        let rows = 0..self.users.len(&self.snapshot);
        rows.filter_map(|row| self.users.get(row, &self.snapshot))
    }

    /// Brings the list in line with another filter.
    pub(super) fn filter_users(&mut self) {
        self.users.apply_filter(&self.snapshot);
        self.users.stay_on_selection(&self.snapshot);
        self.count_marks();
    }

    /// Selects a user; a filter that hides it is cleared.
    pub(super) fn select_user(&mut self, key: UserKey) {
        let snapshot = self.snapshot.clone();
        self.users.select(key, &snapshot);
        self.count_marks();
    }

    pub(super) fn count_marks(&mut self) {
        self.marked_shown = match self.users.filter.is_on() && !self.marked.is_empty() {
            true => self.shown_users().filter(|user| self.marked.contains(&user.key)).count(),
            false => self.marked.len(),
        };
    }
}

/// Columns before the words of the activity: the time.
pub const ACTIVITY_MARGIN: usize = 11;

/// Most lines of the activity.
const ACTIVITY_LINES: usize = 3;

/// The moment, cut to whole seconds.
pub fn whole_second(moment: Timestamp) -> Timestamp {
    let below = SignedDuration::from_nanos(moment.as_nanosecond().rem_euclid(1_000_000_000) as i64);
    moment.saturating_sub(below).unwrap_or(moment)
}
