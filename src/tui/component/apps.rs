//! The Apps that this device knows.

use ratatui::text::Line;

use super::app_form::AppForm;
use super::confirm::{Confirm, Question};
use super::credentials::CredentialsForm;
use super::{Component, Input, Modal, Page, Reaction, Room, State, is_movement, target};
use crate::account::AppAlias;
use crate::session::{AppAdded, AppView, Snapshot, Subject};
use crate::text;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, Spot};
use crate::tui::{availability, words};

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Columns of the number of users.
const USERS: usize = 9;

/// The list of Apps.
#[derive(Debug, Default)]
pub struct AppList {
    /// The selected App; the first until one is chosen.
    selected: Option<AppAlias>,
}

impl AppList {
    /// The list, with an App selected.
    pub fn new(selected: Option<AppAlias>) -> Self {
        Self { selected }
    }

    /// The row of the selected App.
    pub fn cursor(&self, snapshot: &Snapshot) -> usize {
        snapshot.apps.iter().position(|app| Some(&app.alias) == self.selected.as_ref()).unwrap_or(0)
    }

    /// The selected App.
    pub fn current<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a AppView> {
        snapshot.apps.get(self.cursor(snapshot))
    }

    /// Selects a row, at most the last.
    pub fn go_to(&mut self, row: usize, snapshot: &Snapshot) {
        let row = row.min(snapshot.apps.len().saturating_sub(1));
        self.selected = snapshot.apps.get(row).map(|app| app.alias.clone());
    }

    /// Selects an App, which may still be on its way.
    pub fn select(&mut self, app: AppAlias) {
        self.selected = Some(app);
    }
}

impl AppList {
    fn act(&self, action: Action, state: &State) -> Vec<Reaction> {
        let snapshot = &state.snapshot;
        match (action, self.current(snapshot)) {
            (Action::AddApp, _) => Reaction::open(AppForm::add(snapshot)),
            (Action::LogIn | Action::Register, Some(app)) if app.base_url.is_none() => {
                vec![Reaction::warn(availability::no_address(state, app))]
            }
            (Action::LogIn | Action::Register, Some(app)) => {
                let form = match action {
                    Action::Register => CredentialsForm::register(app),
                    _ => CredentialsForm::log_in(app, None),
                };
                // Whoever logs in looks at users next.
                vec![Reaction::Close, Reaction::Open(Box::new(form))]
            }
            (Action::EditApp | Action::ForgetApp, Some(app)) if !is_kept(app) => {
                vec![Reaction::warn(not_kept(state, app))]
            }
            (Action::EditApp, Some(app)) => Reaction::open(AppForm::edit(app, snapshot)),
            (Action::ForgetApp, Some(app)) => {
                let of_app = snapshot.users.iter().filter(|user| user.key.app == app.alias);
                let lost = of_app.filter(|user| user.is_lost_without_session()).count();
                let question = Question::ForgetApp { users: users_of(snapshot, app), lost };
                Reaction::open(Confirm::of_app(question, app.alias.clone()))
            }
            _ => vec![],
        }
    }
}

impl Component for AppList {
    fn context(&self) -> Context {
        Context::Apps
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(action) if is_movement(action) => {
                let row = target(action, self.cursor(&state.snapshot), PAGE);
                self.go_to(row, &state.snapshot);
            }
            Input::Action(action) => return self.act(action, state),
            Input::Click(Spot::Row(row)) => self.go_to(row, &state.snapshot),
            Input::Event(event) => {
                if let (Some(AppAdded), Subject::App { app, .. }) = (event.kind.outcome(), &event.subject) {
                    self.selected = Some(app.clone());
                }
            }
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let columns = room.wide();
        Page::new("Apps", list(state, self, columns, room.rows())).of_width(columns)
    }

    fn describe(&self, state: &State) -> Vec<String> {
        state.snapshot.apps.iter().map(|app| format!("{}: {}", app.alias, app.client_app_id)).collect()
    }
}

impl Modal for AppList {
    fn is_panel(&self) -> bool {
        true
    }
}

/// How many users of an App are known on this device.
fn users_of(snapshot: &Snapshot, app: &AppView) -> usize {
    snapshot.users.iter().filter(|user| user.key.app == app.alias).count()
}

/// Whether an App is there to be changed. One without an address is known by its users alone, and can be given one.
fn is_kept(app: &AppView) -> bool {
    app.kept || (app.base_url.is_none() && app.alias.as_str() != AppAlias::LOCAL)
}

/// Why it is not.
fn not_kept(state: &State, app: &AppView) -> String {
    let add = state.keymap.call(Context::Apps, Action::AddApp);
    match app.alias.as_str() {
        AppAlias::LOCAL => format!("the App {} comes with idmux, and stays as it is", app.alias),
        _ => format!(
            "the App {} was named at the start, and is here as long; {add} adds one that is remembered",
            app.alias
        ),
    }
}

/// The Apps, and below them the selected one.
pub fn list(state: &State, list: &AppList, columns: usize, rows: usize) -> Drawn {
    let apps = &state.snapshot.apps;
    let theme = &state.theme;
    let mut drawn = Drawn::default();
    let detail = list.current(&state.snapshot).map(|app| detail(state, app, columns)).unwrap_or_default();
    if apps.is_empty() {
        drawn.lines.push(Line::from(span("No App is known yet.", theme.muted)));
    }
    let cursor = list.cursor(&state.snapshot);
    let height = rows.saturating_sub(detail.len()).max(3).min(apps.len());
    let first = (cursor + 1).saturating_sub(height);
    let shown = apps.iter().enumerate().skip(first).take(height);
    drawn.rows(first, shown.map(|(at, app)| line(state, app, at == cursor, columns)));
    drawn.below(Drawn::lines(detail))
}

fn line(state: &State, app: &AppView, selected: bool, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let users = words::count(users_of(&state.snapshot, app), "user");
    let id = columns / 3;
    let name = columns.saturating_sub(2 + 2 + id + 2 + USERS);
    let style = if selected { theme.selection } else { theme.text };
    Line::from(vec![
        span(if selected { "▸ " } else { "  " }, theme.strong),
        span(text::fit(&text::inert(app.alias.as_str()), name), style),
        span(format!("  {}", text::fit(&text::inert(&app.client_app_id), id)), theme.muted),
        span(format!("  {}", text::fit_right(&users, USERS)), theme.muted),
    ])
}

fn detail(state: &State, app: &AppView, columns: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let data = &app.custom_data;
    let place = format!(
        "custom data: {} · {}.{} · by {}",
        data.service, data.database, data.collection, data.user_id_field
    );
    let url = app.base_url.as_ref().map_or_else(|| words::no_address(app).to_owned(), ToString::to_string);
    let how = match (app.kept, app.alias.as_str()) {
        (true, _) => "remembered on this device",
        (false, AppAlias::LOCAL) => "comes with idmux",
        (false, _) if app.base_url.is_none() => "known by its users alone",
        (false, _) => "named at the start",
    };
    let control = if app.local.is_some() { ", looked after: clock and mailbox" } else { "" };
    let cut = |words: &str| text::cut(&text::inert(words), columns).into_owned();
    vec![
        Line::from(span("─".repeat(columns), theme.border)),
        Line::from(span(cut(&url), theme.text)),
        Line::from(span(cut(&place), theme.muted)),
        Line::from(span(cut(&format!("{how}{control}")), theme.muted)),
    ]
}
