//! The model is the screen: what is drawn depends on nothing else.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Size;

use super::activity::{Activity, Notice};
use super::attention::Attention;
use super::content::session::TokenClaims;
use super::content::tree::Tree;
use super::content::{identities, session};
use super::dialog::{Body, Dialog, DialogId};
use super::keymap::Context;
use super::layout::{self, Regions};
use super::text;
use super::theme::{Theme, ThemeChoice};
use super::words::Tone;
use crate::account::{AppAlias, UserKey};
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
}

impl Pane {
    /// All panes, in the order of Tab.
    pub const ALL: [Self; 4] = [Self::Users, Self::Session, Self::Identities, Self::CustomData];

    /// The title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Session => "Session",
            Self::Identities => "Identities",
            Self::CustomData => "Custom data",
        }
    }

    /// The context of its keys.
    pub fn context(self) -> Context {
        match self {
            Self::Users => Context::Users,
            Self::Session => Context::Session,
            Self::Identities => Context::Identities,
            Self::CustomData => Context::CustomData,
        }
    }

    /// The pane that is `by` panes further on.
    pub fn after(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// How the screen looks, as a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The theme, or how it is found.
    pub theme: ThemeChoice,
    /// Whether the screen has ASCII alone.
    pub ascii: bool,
}

impl Look {
    /// One theme, and every glyph.
    pub fn fixed(theme: Theme) -> Self {
        Self { theme: ThemeChoice::Fixed(theme), ascii: false }
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
    /// Whether this is the demonstration, where nothing is kept.
    pub demo: bool,
    /// The present moment, cut to whole seconds: within one second nothing changes.
    pub now: Timestamp,
    /// The size of the screen.
    pub size: Size,
    /// The worker's newest state.
    pub snapshot: Arc<Snapshot>,
    /// The pane that has the focus.
    pub focus: Pane,
    /// Whether only that pane is shown.
    pub zoomed: bool,
    /// The selection in the Users pane.
    pub users: UserList,
    /// What the other panes show.
    pub detail: Detail,
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
    next_dialog: DialogId,
}

/// The selected user, remembered by key; the index is where it was last, so that it need not be searched for.
#[derive(Debug, Default)]
pub struct UserList {
    key: Option<UserKey>,
    index: usize,
    offset: usize,
    /// Somebody to select as soon as the worker shows them.
    awaited: Option<UserKey>,
}

/// What is known of the selected user, prepared for drawing whenever the worker says something new.
#[derive(Debug, Default)]
pub struct Detail {
    /// The user.
    pub user: Option<Arc<UserView>>,
    /// The claims of its tokens.
    pub claims: TokenClaims,
    /// First row in sight of the Session pane.
    pub session_offset: usize,
    /// The rows of the Identities pane.
    pub identities: Vec<identities::Row>,
    /// First row in sight of the Identities pane.
    pub identities_offset: usize,
    /// The custom data.
    pub tree: Tree,
    /// First row in sight of the Custom data pane.
    pub tree_offset: usize,
}

impl Model {
    /// A model before the worker has said anything.
    pub fn new(start: Start) -> Self {
        Self {
            look: start.look,
            theme: start.look.theme.on(None),
            demo: start.demo,
            auto_lock: start.auto_lock,
            touched: whole_second(start.now),
            now: whole_second(start.now),
            size: start.size,
            snapshot: Arc::default(),
            focus: Pane::Users,
            zoomed: false,
            users: UserList::default(),
            detail: Detail::default(),
            dialogs: Vec::new(),
            activity: Activity::default(),
            attention: Attention::default(),
            first_run_over: false,
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

    /// The app of the selected user, else the first one.
    pub fn app(&self) -> Option<&AppView> {
        match self.selected() {
            Some(user) => self.snapshot.app(&user.key.app),
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
        self.dialog().map_or_else(|| self.focus.context(), Dialog::context)
    }

    /// Where everything stands.
    pub fn regions(&self) -> Regions {
        let zoomed = self.zoomed.then_some(self.focus);
        layout::layout(self.size, zoomed, self.activity_lines().len().max(1) as u16)
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
    pub(super) fn open(&mut self, mut body: Body) {
        body.settle();
        self.next_dialog = self.next_dialog.next();
        self.dialogs.push(Dialog::new(self.next_dialog, body));
    }

    /// Says something in the activity line.
    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        self.activity.say(Notice { at: self.now, tone, text: text.into() });
    }

    /// Says something that stays until it is dismissed.
    pub(super) fn error(&mut self, text: impl Into<String>) {
        self.activity.error(Notice { at: self.now, tone: Tone::Bad, text: text.into() });
    }

    /// The rows of the Session pane at its present width.
    pub fn session_rows(&self) -> Vec<session::Row> {
        let columns = usize::from(self.regions().inside(Pane::Session).width);
        self.selected()
            .map(|user| session::rows(user, &self.detail.claims, self.now, columns))
            .unwrap_or_default()
    }

    /// Brings selection, details and offsets in line with everything else. Cheap where nothing of it changed.
    pub(super) fn settle(&mut self) {
        let regions = self.regions();
        self.users.settle(&self.snapshot, regions.user_rows());
        self.detail.show(self.snapshot.users.get(self.users.index));
        let height = |pane| usize::from(regions.inside(pane).height);
        let session_rows = self.session_rows().len();
        let detail = &mut self.detail;
        detail.session_offset = detail.session_offset.min(session_rows.saturating_sub(height(Pane::Session)));
        let identities = detail.identities.len().saturating_sub(height(Pane::Identities));
        detail.identities_offset = detail.identities_offset.min(identities);
        let (rows, cursor) = (detail.tree.rows().len(), detail.tree.cursor());
        detail.tree_offset = in_sight(detail.tree_offset, cursor, rows, height(Pane::CustomData));
    }
}

/// Columns before the words of the activity: the time.
pub const ACTIVITY_MARGIN: usize = 11;

/// Most lines of the activity.
const ACTIVITY_LINES: usize = 3;

impl UserList {
    /// The selected row.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The first row in sight.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Selects a row, at most the last.
    pub fn go_to(&mut self, row: usize, snapshot: &Snapshot) {
        self.awaited = None;
        self.index = row.min(snapshot.users.len().saturating_sub(1));
        self.key = snapshot.users.get(self.index).map(|user| user.key.clone());
    }

    /// Selects a user, now or as soon as the worker shows it.
    pub fn select(&mut self, key: UserKey, snapshot: &Snapshot) {
        self.awaited = Some(key);
        self.look_for_awaited(snapshot);
    }

    /// Selects the awaited user, if there is one and it is there.
    pub fn look_for_awaited(&mut self, snapshot: &Snapshot) {
        let Some(key) = &self.awaited else { return };
        if let Some(index) = snapshot.users.iter().position(|user| user.key == *key) {
            self.go_to(index, snapshot);
        }
    }

    fn settle(&mut self, snapshot: &Snapshot, height: usize) {
        let users = &snapshot.users;
        let wanted = self.key.as_ref();
        if users.get(self.index).map(|user| &user.key) != wanted {
            match users.iter().position(|user| Some(&user.key) == wanted) {
                Some(index) => self.index = index,
                None => {
                    self.index = self.index.min(users.len().saturating_sub(1));
                    self.key = users.get(self.index).map(|user| user.key.clone());
                }
            }
        }
        self.offset = in_sight(self.offset, self.index, users.len(), height);
    }
}

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
            (self.session_offset, self.identities_offset) = (0, 0);
            self.tree.go_to(0);
        }
        self.claims = user.map(|user| TokenClaims::of(user)).unwrap_or_default();
        self.identities = user.map(|user| identities::rows(user)).unwrap_or_default();
        self.tree.show(user.and_then(|user| user.custom_data.as_ref()));
        self.user = user.cloned();
    }
}

/// The first row to show, so that `row` is in sight and no room is wasted below the last of `rows`.
fn in_sight(offset: usize, row: usize, rows: usize, height: usize) -> usize {
    let height = height.max(1);
    offset.min(row).max((row + 1).saturating_sub(height)).min(rows.saturating_sub(height))
}

/// The moment, cut to whole seconds.
pub fn whole_second(moment: Timestamp) -> Timestamp {
    let below = SignedDuration::from_nanos(moment.as_nanosecond().rem_euclid(1_000_000_000) as i64);
    moment.saturating_sub(below).unwrap_or(moment)
}
