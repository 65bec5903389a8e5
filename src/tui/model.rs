//! The model is the screen: what is drawn depends on nothing else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::attention::Attention;
use super::batch::Batch;
use super::compare::Compare;
use super::component::Modal;
use super::content::session::TokenClaims;
use super::content::tree::Tree;
use super::content::{compare, identities, session};
use super::dialog::Dialog;
use super::effect::DialogId;
use super::headings::in_sight;
use super::keymap::Context;
use super::layout::{self, Pane, View};
use super::lifetimes::{self, Lifetimes};
use super::log::{self, Log};
use super::mouse::Mouse;
use super::state::{Start, State, whole_second};
use super::timeline::Timeline;
use crate::account::{AppAlias, UserKey};
use crate::data::change::json_size;
use crate::session::{Snapshot, UserView, VaultStatus};

/// Everything that the screen depends on.
#[derive(Debug)]
pub struct Model {
    /// What is not one component's alone.
    pub state: State,
    /// The action that is on its way to many users.
    pub batch: Option<Batch>,
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
            state: State::new(&start),
            auto_lock: start.auto_lock,
            touched: whole_second(start.now),
            batch: None,
            mouse: Mouse::default(),
            detail: Detail::default(),
            timeline: Timeline::default(),
            lifetimes: Lifetimes::default(),
            log: Log::default(),
            compare: Compare::default(),
            dialogs: Vec::new(),
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
        let is_open = matches!(self.state.snapshot.vault, VaultStatus::Open { .. });
        is_open.then(|| self.touched.saturating_add(after).ok()).flatten()
    }

    /// The dialog that gets the keys.
    pub fn dialog(&self) -> Option<&Dialog> {
        self.dialogs.last()
    }

    /// Where keys are pressed.
    pub fn context(&self) -> Context {
        match (self.dialog(), self.state.view) {
            (Some(dialog), _) => dialog.context(),
            (None, View::Board) if self.state.users.filter.typing => Context::Filter,
            (None, _) => self.state.place(),
        }
    }

    /// The dialogs that are drawn. Those that were open when the vault was closed wait out of sight, behind the question for
    /// its key: what they show is the user's.
    pub fn dialogs_in_sight(&self) -> &[Dialog] {
        let first = self.dialogs.iter().rposition(|dialog| dialog.body.hides_others()).unwrap_or(0);
        &self.dialogs[first..]
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

    /// Takes the worker's newest state.
    pub(super) fn take_snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.state.users.apply_filter(&snapshot);
        self.state.users.look_for_awaited(&snapshot);
        let was_open = matches!(self.state.snapshot.vault, VaultStatus::Open { .. });
        self.state.snapshot = snapshot;
        if !matches!(self.state.snapshot.vault, VaultStatus::Open { .. }) {
            self.compare.forget();
            self.state.undo.clear();
            if was_open {
                self.forget_users();
            }
        }
        if !self.state.marked.is_empty() {
            let users = self.state.snapshot.users.iter().map(|user| &user.key);
            let still_there = users.filter(|key| self.state.marked.contains(*key)).cloned().collect();
            self.state.marked = still_there;
        }
        self.state.count_marks();
    }

    /// Drops every text that was made from a user: what was said and logged, what is looked for, what waits to be told.
    fn forget_users(&mut self) {
        self.state.activity.forget();
        self.attention = Attention::default();
        self.batch = None;
        self.log.set_filter(log::Filter::default());
        self.state.marked.clear();
        self.state.users.filter.clear();
        self.timeline = Timeline::default();
    }

    /// Scrolls a pane by rows; its cursor stays in sight.
    pub(super) fn scroll(&mut self, pane: Pane, by: isize) {
        let height = self.state.regions().rows(pane);
        let session_rows = self.session_rows().len();
        let detail = &mut self.detail;
        let (offset, cursor, rows) = match pane {
            Pane::Users => return self.state.users.scroll(by, height, &self.state.snapshot),
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

    /// Who stands side by side: the users of the comparison, or one of them before and after the last renewal.
    pub fn compared(&self) -> Vec<&UserView> {
        let now = |key| self.state.snapshot.user(key).map(AsRef::as_ref);
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
        usize::from(layout::inside(self.state.regions().body).height).saturating_sub(3)
    }

    /// The rows of the Session pane at its present width.
    pub fn session_rows(&self) -> Vec<session::Row<'_>> {
        let columns = usize::from(self.state.regions().inside(Pane::Session).width);
        self.state
            .selected()
            .map(|user| session::rows(user, &self.detail.claims, &self.state.keymap, self.state.now, columns))
            .unwrap_or_default()
    }

    /// Brings selection, details and offsets in line with everything else. Cheap where nothing of it changed.
    pub(super) fn settle(&mut self) {
        let regions = self.state.regions();
        self.compare.follow(&self.state.snapshot);
        if self.state.view == View::Compare {
            let rows = self.compare_table().rows.len().saturating_sub(self.compare_rows());
            self.compare.offset = self.compare.offset.min(rows);
        }
        self.state.users.settle(&self.state.snapshot, regions.rows(Pane::Users));
        let user = self.state.users.get(self.state.users.index(), &self.state.snapshot).cloned();
        self.detail.show(self.state.selected(), user.as_ref());
        self.state.user = user;
        self.timeline.show(self.state.selected().map(|user| &user.key));
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
        match self.state.view {
            View::Lifetimes => lifetimes::settle(self),
            View::Log => log::settle(self),
            View::Board | View::Compare => {}
        }
    }
}

impl Detail {
    /// Takes the newest state of the selected user.
    fn show(&mut self, before: Option<&Arc<UserView>>, user: Option<&Arc<UserView>>) {
        let same = match (before, user) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        if before.map(|user| &user.key) != user.map(|user| &user.key) {
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
    }
}
