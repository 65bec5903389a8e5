//! What stands around the panes: the header, the activity, the key hints.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::{lines, put, span, tone};
use crate::session::VaultStatus;
use crate::text;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::NEEDED;
use crate::tui::layout::View;
use crate::tui::model::Model;
use crate::tui::state::ACTIVITY_MARGIN;
use crate::tui::words;
use crate::tui::{hints, tabs};

/// The name of the program, the view unless it is the board, the App, how many users, where the key of the vault lives.
pub fn header(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.state.theme;
    let name = if model.state.demo { " idmux demo" } else { " idmux" };
    let view = match model.state.view {
        View::Board => String::new(),
        view => format!(" › {}", view.title()),
    };
    let mut ends = vec![words::count(model.state.snapshot.users.len(), "user")];
    if let VaultStatus::Open { key, .. } = &model.state.snapshot.vault {
        ends.push(format!("key: {key}"));
    }
    if let Some(ahead) = model.state.app().and_then(|app| app.skew) {
        ends.insert(0, format!("server clock {}", words::offset(ahead)));
    }
    let end = format!("{} ", ends.join("  "));
    let room = usize::from(area.width)
        .saturating_sub(text::width(name) + text::width(&view) + text::width(&end) + 4);
    let app = model.state.app().map(|app| {
        let url = match &app.base_url {
            Some(url) => url.as_str().trim_end_matches('/'),
            None => words::no_address(app),
        };
        format!("{}  {}  {url}", text::inert(app.alias.as_str()), text::inert(&app.client_app_id))
    });
    let app = text::fit(&app.unwrap_or_default(), room);
    let header = Line::from(vec![
        span(name, theme.strong),
        span(view, theme.strong),
        span("  ", theme.text),
        span(app, theme.text),
        span("  ", theme.text),
        span(end, theme.muted),
    ]);
    put(&header, area, buffer);
}

/// The tabs, where one pane is shown at a time.
pub fn tabs(model: &Model, area: Rect, buffer: &mut Buffer) {
    if area.area() == 0 {
        return;
    }
    let theme = &model.state.theme;
    let mut used = 0;
    let spans = tabs::tabs(model).into_iter().map(|tab| {
        used = tab.columns.end;
        let style = if tab.pane == model.state.focus { theme.selection } else { theme.muted };
        span(tab.words, style)
    });
    put(&Line::from_iter(spans), area, buffer);
    let session = tabs::session(model).unwrap_or_default();
    let rest = Rect { x: area.x + used, width: area.width.saturating_sub(used), ..area };
    if text::width(&session) < usize::from(rest.width) {
        put(&Line::from(span(session, theme.text)).right_aligned(), rest, buffer);
    }
}

/// What happened last.
pub fn activity(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(notice) = model.state.activity.shown() else { return };
    let theme = &model.state.theme;
    let style = tone(theme, notice.tone);
    let shown = model.state.activity_lines().into_iter().enumerate().map(|(row, words)| {
        let time = if row == 0 { words::time_of_day(notice.at) } else { String::new() };
        let margin = format!(" {}", text::fit(&time, ACTIVITY_MARGIN - 1));
        Line::from(vec![span(margin, theme.muted), span(words, style)])
    });
    lines(area, buffer, shown);
}

/// The keys that make sense now.
pub fn hints(model: &Model, area: Rect, buffer: &mut Buffer) {
    let hints = hints::hints(model, area.width);
    let spans: Vec<Span> = hints
        .into_iter()
        .flat_map(|hint| {
            [
                span(format!(" {}", hint.key), model.state.theme.key),
                span(format!(" {} ", hint.words), model.state.theme.muted),
            ]
        })
        .collect();
    put(&Line::from(spans), area, buffer);
}

/// What to say where there is too little room for anything else.
pub fn too_small(model: &Model, area: Rect, buffer: &mut Buffer) {
    let words = format!(
        "idmux needs {}x{}, this terminal is {}x{}. Make it larger, or press {} to quit.",
        NEEDED.width,
        NEEDED.height,
        model.state.size.width,
        model.state.size.height,
        model.state.keymap.call(Context::Notice, Action::Quit)
    );
    let rows = text::wrap(&words, usize::from(area.width)).len() as u16;
    let top = area.height.saturating_sub(rows) / 2;
    let area = Rect { y: area.y + top, height: area.height - top, ..area };
    Paragraph::new(words).wrap(Wrap { trim: true }).alignment(Alignment::Center).render(area, buffer);
}
