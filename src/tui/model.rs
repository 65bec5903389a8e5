//! The model is the screen: what is drawn depends on nothing else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::attention::Attention;
use super::availability;
use super::batch::Batch;
use super::compare::Compare;
use super::component::custom_data::CustomData;
use super::component::identities::Identities;
use super::component::session::Session;
use super::component::timeline::Timeline;
use super::component::users::Users;
use super::component::{Modal, Panel};
use super::content::compare;
use super::dialog::Dialog;
use super::effect::DialogId;
use super::frame::Screen;
use super::keymap::{Action, Context};
use super::layout::{self, Pane, Regions, View};
use super::lifetimes::Lifetimes;
use super::log::{self, Log};
use super::mouse::Mouse;
use super::state::{Start, State, whole_second};
use crate::account::{AppAlias, UserKey};
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
    /// The pane of all users.
    pub users: Users,
    /// The selected user's session.
    pub session: Session,
    /// The selected user's identities and profile.
    pub identities: Identities,
    /// The selected user's custom data.
    pub custom_data: CustomData,
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

impl Model {
    /// A model before the worker has said anything.
    pub fn new(start: Start) -> Self {
        Self {
            state: State::new(&start),
            auto_lock: start.auto_lock,
            touched: whole_second(start.now),
            batch: None,
            mouse: Mouse::default(),
            users: Users,
            session: Session::default(),
            identities: Identities::default(),
            custom_data: CustomData::default(),
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

    /// A pane of the board.
    pub fn panel(&self, pane: Pane) -> &dyn Panel {
        match pane {
            Pane::Users => &self.users,
            Pane::Session => &self.session,
            Pane::Identities => &self.identities,
            Pane::CustomData => &self.custom_data,
            Pane::Timeline => &self.timeline,
        }
    }

    /// A pane of the board to be changed, and what it shares with the others.
    pub(super) fn panel_mut(&mut self, pane: Pane) -> (&mut dyn Panel, &mut State) {
        let panel: &mut dyn Panel = match pane {
            Pane::Users => &mut self.users,
            Pane::Session => &mut self.session,
            Pane::Identities => &mut self.identities,
            Pane::CustomData => &mut self.custom_data,
            Pane::Timeline => &mut self.timeline,
        };
        (panel, &mut self.state)
    }

    /// The main screen as it is drawn.
    pub fn screen<'a>(&self, regions: &'a Regions) -> Screen<'a> {
        let covered = !self.dialogs.is_empty();
        Screen { regions, focus: (!covered).then_some(self.state.focus), covered }
    }

    /// Why `action` makes no sense at the moment; `None` where it does.
    pub fn why_not(&self, action: Action) -> Option<String> {
        let of_panes = || Pane::ALL.into_iter().find_map(|pane| self.panel(pane).why_not(action));
        availability::why_not(&self.state, action).or_else(of_panes)
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
        self.show(user);
        for pane in Pane::ALL {
            let (panel, state) = self.panel_mut(pane);
            panel.settle(state);
        }
        match self.state.view {
            View::Lifetimes => self.lifetimes.settle(&self.state),
            View::Log => self.log.settle(&self.state),
            View::Board | View::Compare => {}
        }
    }

    /// Takes the newest state of the selected user.
    fn show(&mut self, user: Option<Arc<UserView>>) {
        let same = match (&self.state.user, &user) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        let is_another =
            self.state.user.as_ref().map(|user| &user.key) != user.as_ref().map(|user| &user.key);
        for pane in Pane::ALL {
            self.panel_mut(pane).0.show(user.as_deref(), is_another);
        }
        self.state.user = user;
    }
}
