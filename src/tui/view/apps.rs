//! The list of Apps.

use ratatui::text::Line;

use super::form::Drawn;
use super::span;
use crate::account::AppAlias;
use crate::session::AppView;
use crate::tui::dialog::AppList;
use crate::tui::model::Model;
use crate::tui::update::users_of;
use crate::tui::{text, words};

/// Columns of the number of users.
const USERS: usize = 9;

/// The Apps, and below them the selected one.
pub fn list(model: &Model, list: &AppList, columns: usize, rows: usize) -> Drawn {
    let apps = &model.snapshot.apps;
    let theme = &model.theme;
    let mut drawn = Drawn::default();
    let detail = list.current(&model.snapshot).map(|app| detail(model, app, columns)).unwrap_or_default();
    if apps.is_empty() {
        drawn.lines.push(Line::from(span("No App is known yet.", theme.muted)));
    }
    let cursor = list.cursor(&model.snapshot);
    let height = rows.saturating_sub(detail.len()).max(3).min(apps.len());
    let first = (cursor + 1).saturating_sub(height);
    let shown = apps.iter().enumerate().skip(first).take(height);
    drawn.rows(first, shown.map(|(at, app)| line(model, app, at == cursor, columns)));
    drawn.below(Drawn::lines(detail))
}

fn line(model: &Model, app: &AppView, selected: bool, columns: usize) -> Line<'static> {
    let theme = &model.theme;
    let users = words::count(users_of(&model.snapshot, app), "user");
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

fn detail(model: &Model, app: &AppView, columns: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
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
