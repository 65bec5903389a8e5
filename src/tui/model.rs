//! The model is the screen: what is drawn depends on nothing else.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

use super::activity::{Activity, Notice};
use super::attention::Attention;
use super::batch::Batch;
use super::compare::Compare;
use super::component::Modal;
use super::content::session::TokenClaims;
use super::content::tree::Tree;
use super::content::{compare, identities, session};
use super::dialog::Dialog;
use super::effect::DialogId;
use super::keymap::{Context, Keymap};
use super::layout::{self, Regions, Split};
use super::lifetimes::{self, Lifetimes};
use super::log::{self, Log};
use super::text;
use super::theme::{Depth, Theme, ThemeChoice};
use super::timeline::Timeline;
use super::update::Mouse;
use super::user_list::UserList;
use super::words::Tone;
use crate::account::{AppAlias, UserKey};
use crate::data::DataEdit;
use crate::data::change::json_size;
use crate::session::{AppView, Snapshot, UserView, VaultStatus};

/// The panes of the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// All users.
    Users,
    /// The selected user's session.
    Session,
    /// The selected user's identities and profile.
    Identities,
    /// The selected user's custom data.
    CustomData,
    /// What happened to the selected user.
    Timeline,
}

impl Pane {
    /// All panes, in the order of Tab.
    pub const ALL: [Self; 5] =
        [Self::Users, Self::Session, Self::Identities, Self::CustomData, Self::Timeline];

    /// The title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Session => "Session",
            Self::Identities => "Identities",
            Self::CustomData => "Custom data",
            Self::Timeline => "Timeline",
        }
    }

    /// The context of its keys.
    pub fn context(self) -> Context {
        match self {
            Self::Users => Context::Users,
            Self::Session => Context::Session,
            Self::Identities => Context::Identities,
            Self::CustomData => Context::CustomData,
            Self::Timeline => Context::Timeline,
        }
    }

    /// The pane that is `by` panes further on.
    pub fn after(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// What the body of the screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// The panes: all users, and everything of the selected one.
    #[default]
    Board,
    /// The life of every session as a chart over time.
    Lifetimes,
    /// Users side by side.
    Compare,
    /// What happened in this run.
    Log,
}

impl View {
    /// The title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Board => "Board",
            Self::Lifetimes => "Lifetimes",
            Self::Compare => "Compare",
            Self::Log => "Log",
        }
    }
}

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

/// Everything that the screen depends on.
#[derive(Debug)]
pub struct Model {
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
    /// The action that is on its way to many users.
    pub batch: Option<Batch>,
    /// Where a person dragged the line between the Users pane and the others.
    pub split: Split,
    /// What the mouse did.
    pub(super) mouse: Mouse,
    /// What the other panes show.
    pub detail: Detail,
    /// What happened to the selected user.
    pub timeline: Timeline,
    /// The chart of lifetimes.
    pub lifetimes: Lifetimes,
    /// The log of this run.
    pub log: Log,
    /// The comparison.
    pub compare: Compare,
    /// The open dialogs; the last one is on top and gets the keys.
    pub dialogs: Vec<Dialog>,
    /// What happened.
    pub activity: Activity,
    /// Whom a person has to look after.
    pub attention: Attention,
    auto_lock: Option<Duration>,
    /// When a key was pressed last.
    pub(super) touched: Timestamp,
    /// Whether the log-in dialog of the first run had its chance.
    pub(super) first_run_over: bool,
    /// The hosts of Apps that the person was asked about.
    pub(super) asked_hosts: HashSet<(AppAlias, String)>,
    /// Whose source was asked for since the Custom data pane got the focus.
    pub(super) source_asked: Option<UserKey>,
    next_dialog: DialogId,
}

/// What is known of the selected user, prepared for drawing whenever the worker says something new.
#[derive(Debug, Default)]
pub struct Detail {
    /// The user.
    pub user: Option<Arc<UserView>>,
    /// The claims of its tokens.
    pub claims: TokenClaims,
    /// The row under the cursor of the Session pane.
    pub session_cursor: usize,
    /// First row in sight of the Session pane.
    pub session_offset: usize,
    /// The rows of the Identities pane.
    pub identities: Vec<identities::Row>,
    /// The row under the cursor of the Identities pane.
    pub identities_cursor: usize,
    /// First row in sight of the Identities pane.
    pub identities_offset: usize,
    /// The custom data: the token's copy, and its source.
    pub tree: Tree,
    /// How large it is as JSON.
    pub data_size: usize,
    /// First row in sight of the Custom data pane.
    pub tree_offset: usize,
}

impl Model {
    /// A model before the worker has said anything.
    pub fn new(start: Start) -> Self {
        Self {
            look: start.look,
            theme: start.look.theme.on(None),
            keymap: Keymap::default(),
            demo: start.demo,
            auto_lock: start.auto_lock,
            touched: whole_second(start.now),
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
            batch: None,
            split: Split::default(),
            mouse: Mouse::default(),
            detail: Detail::default(),
            timeline: Timeline::default(),
            lifetimes: Lifetimes::default(),
            log: Log::default(),
            compare: Compare::default(),
            dialogs: Vec::new(),
            activity: Activity::default(),
            attention: Attention::default(),
            first_run_over: false,
            asked_hosts: HashSet::new(),
            source_asked: None,
            next_dialog: DialogId::default(),
        }
    }

    /// When the vault is locked unless a key is pressed before; `None` where it never is, or is not open.
    pub fn lock_at(&self) -> Option<Timestamp> {
        let after = SignedDuration::try_from(self.auto_lock?).ok()?;
        let is_open = matches!(self.snapshot.vault, VaultStatus::Open { .. });
        is_open.then(|| self.touched.saturating_add(after).ok()).flatten()
    }

    /// The selected user.
    pub fn selected(&self) -> Option<&Arc<UserView>> {
        self.detail.user.as_ref()
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

    /// The dialog that gets the keys.
    pub fn dialog(&self) -> Option<&Dialog> {
        self.dialogs.last()
    }

    /// Where keys are pressed.
    pub fn context(&self) -> Context {
        match (self.dialog(), self.view) {
            (Some(dialog), _) => dialog.context(),
            (None, View::Board) if self.users.filter.typing => Context::Filter,
            (None, _) => self.place(),
        }
    }

    /// The dialogs that are drawn. Those that were open when the vault was closed wait out of sight, behind the question for
    /// its key: what they show is the user's.
    pub fn dialogs_in_sight(&self) -> &[Dialog] {
        let first = self.dialogs.iter().rposition(|dialog| dialog.body.hides_others()).unwrap_or(0);
        &self.dialogs[first..]
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

    /// Puts a dialog on top.
    pub(super) fn open(&mut self, body: impl Modal) {
        self.open_boxed(Box::new(body));
    }

    /// The same, for a component of any type.
    pub(super) fn open_boxed(&mut self, mut body: Box<dyn Modal>) {
        body.settle();
        let id = self.next_tag();
        self.dialogs.push(Dialog::new(id, body));
    }

    /// A name for whatever waits for answers.
    pub(super) fn next_tag(&mut self) -> DialogId {
        self.next_dialog = self.next_dialog.next();
        self.next_dialog
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

    /// Takes the worker's newest state.
    pub(super) fn take_snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.users.apply_filter(&snapshot);
        self.users.look_for_awaited(&snapshot);
        let was_open = matches!(self.snapshot.vault, VaultStatus::Open { .. });
        self.snapshot = snapshot;
        if !matches!(self.snapshot.vault, VaultStatus::Open { .. }) {
            self.compare.forget();
            self.undo.clear();
            if was_open {
                self.forget_users();
            }
        }
        if !self.marked.is_empty() {
            let users = self.snapshot.users.iter().map(|user| &user.key);
            let still_there = users.filter(|key| self.marked.contains(*key)).cloned().collect();
            self.marked = still_there;
        }
        self.count_marks();
    }

    /// Drops every text that was made from a user: what was said and logged, what is looked for, what waits to be told.
    fn forget_users(&mut self) {
        self.activity.forget();
        self.attention = Attention::default();
        self.batch = None;
        self.log.set_filter(log::Filter::default());
        self.marked.clear();
        self.users.filter.clear();
        self.timeline = Timeline::default();
    }

    /// Whether the vault is locked: then nothing names a user.
    pub fn is_locked(&self) -> bool {
        matches!(self.snapshot.vault, VaultStatus::Locked { .. })
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

    /// Scrolls a pane by rows; its cursor stays in sight.
    pub(super) fn scroll(&mut self, pane: Pane, by: isize) {
        let height = self.regions().rows(pane);
        let session_rows = self.session_rows().len();
        let detail = &mut self.detail;
        let (offset, cursor, rows) = match pane {
            Pane::Users => return self.users.scroll(by, height, &self.snapshot),
            Pane::Timeline => return self.timeline.scroll(by, height),
            Pane::Session => (&mut detail.session_offset, detail.session_cursor, session_rows),
            Pane::Identities => {
                (&mut detail.identities_offset, detail.identities_cursor, detail.identities.len())
            }
            Pane::CustomData => (&mut detail.tree_offset, detail.tree.cursor(), detail.tree.rows().len()),
        };
        *offset = offset.saturating_add_signed(by).min(rows.saturating_sub(height));
        let cursor = cursor.clamp(*offset, *offset + height.saturating_sub(1));
        match pane {
            Pane::Session => detail.session_cursor = cursor,
            Pane::Identities => detail.identities_cursor = cursor,
            Pane::CustomData => detail.tree.go_to(cursor),
            Pane::Users | Pane::Timeline => {}
        }
    }

    /// Says something in the activity line.
    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.activity.say(Notice { at: self.now, tone, text: text.into() });
    }

    /// Says something that stays until it is dismissed.
    pub(super) fn error(&mut self, text: impl Into<String>) {
        self.activity.error(Notice { at: self.now, tone: Tone::Bad, text: text.into() });
    }

    /// Who stands side by side: the users of the comparison, or one of them before and after the last renewal.
    pub fn compared(&self) -> Vec<&UserView> {
        let now = |key| self.snapshot.user(key).map(AsRef::as_ref);
        match self.compare.focused().filter(|_| self.compare.before_after) {
            Some(key) => self.compare.former(key).map(AsRef::as_ref).into_iter().chain(now(key)).collect(),
            None => self.compare.picked().iter().filter_map(now).collect(),
        }
    }

    /// The rows of the comparison.
    pub fn compare_table(&self) -> compare::Table {
        let users = self.compared();
        compare::table(&users, self.compare.hides_equal && users.len() > 1)
    }

    /// How many rows of the comparison are in sight at once, below the heads of its columns.
    pub fn compare_rows(&self) -> usize {
        usize::from(layout::inside(self.regions().body).height).saturating_sub(3)
    }

    /// The rows of the Session pane at its present width.
    pub fn session_rows(&self) -> Vec<session::Row<'_>> {
        let columns = usize::from(self.regions().inside(Pane::Session).width);
        self.selected()
            .map(|user| session::rows(user, &self.detail.claims, &self.keymap, self.now, columns))
            .unwrap_or_default()
    }

    /// Brings selection, details and offsets in line with everything else. Cheap where nothing of it changed.
    pub(super) fn settle(&mut self) {
        let regions = self.regions();
        self.compare.follow(&self.snapshot);
        if self.view == View::Compare {
            let rows = self.compare_table().rows.len().saturating_sub(self.compare_rows());
            self.compare.offset = self.compare.offset.min(rows);
        }
        self.users.settle(&self.snapshot, regions.rows(Pane::Users));
        self.detail.show(self.users.get(self.users.index(), &self.snapshot));
        self.timeline.show(self.detail.user.as_ref().map(|user| &user.key));
        let height = |pane| regions.rows(pane);
        self.timeline.settle(height(Pane::Timeline));
        // Its rows depend on its width: what has none keeps its cursor for later.
        let session_rows = (height(Pane::Session) > 0).then(|| self.session_rows().len());
        let detail = &mut self.detail;
        if let Some(rows) = session_rows {
            detail.session_cursor = detail.session_cursor.min(rows.saturating_sub(1));
            detail.session_offset =
                in_sight(detail.session_offset, detail.session_cursor, rows, height(Pane::Session));
        }
        let identities = detail.identities.len();
        detail.identities_cursor = detail.identities_cursor.min(identities.saturating_sub(1));
        detail.identities_offset = in_sight(
            detail.identities_offset,
            detail.identities_cursor,
            identities,
            height(Pane::Identities),
        );
        let (rows, cursor) = (detail.tree.rows().len(), detail.tree.cursor());
        detail.tree_offset = in_sight(detail.tree_offset, cursor, rows, height(Pane::CustomData));
        match self.view {
            View::Lifetimes => lifetimes::settle(self),
            View::Log => log::settle(self),
            View::Board | View::Compare => {}
        }
    }
}

/// Columns before the words of the activity: the time.
pub const ACTIVITY_MARGIN: usize = 11;

/// Most lines of the activity.
const ACTIVITY_LINES: usize = 3;

impl Detail {
    /// Takes the newest state of the selected user.
    fn show(&mut self, user: Option<&Arc<UserView>>) {
        let same = match (&self.user, user) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        if self.user.as_ref().map(|user| &user.key) != user.map(|user| &user.key) {
            (self.session_cursor, self.session_offset) = (0, 0);
            (self.identities_cursor, self.identities_offset) = (0, 0);
            self.tree.go_to(0);
        }
        self.claims = user.map(|user| TokenClaims::of(user)).unwrap_or_default();
        self.identities = user.map(|user| identities::rows(user)).unwrap_or_default();
        let source = user.and_then(|user| user.source.as_ref()).filter(|source| source.read_at.is_some());
        let copy = user.and_then(|user| user.custom_data.as_ref());
        self.tree.show(copy, source.map(|source| source.document.as_ref()));
        self.data_size = self.tree.newest().map(json_size).unwrap_or_default();
        self.user = user.cloned();
    }
}

/// The first row to show, so that `row` is in sight and no room is wasted below the last of `rows`. What is not shown at all
/// stays where it was.
pub(super) fn in_sight(offset: usize, row: usize, rows: usize, height: usize) -> usize {
    if height == 0 {
        return offset;
    }
    offset.min(row).max((row + 1).saturating_sub(height)).min(rows.saturating_sub(height))
}

/// The moment, cut to whole seconds.
pub fn whole_second(moment: Timestamp) -> Timestamp {
    let below = SignedDuration::from_nanos(moment.as_nanosecond().rem_euclid(1_000_000_000) as i64);
    moment.saturating_sub(below).unwrap_or(moment)
}
