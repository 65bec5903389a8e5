//! The comparison: users in columns, a field a row.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::{put, span, tone};
use crate::format::StateName;
use crate::session::UserView;
use crate::text;
use crate::tui::content::compare::Row;
use crate::tui::frame;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::words;

/// Columns of the names of fields: at least, and at most.
const NAMES: (usize, usize) = (18, 30);

/// Draws the view.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.state.theme;
    let (users, table) = (model.compared(), model.compare_table());
    let mut title =
        if model.compare.before_after { "Before and after the last renewal" } else { "Compare" }.to_owned();
    if users.len() > 1 {
        title = format!("{title}: {} of {} differ", table.differing, words::count(table.fields, "field"));
    }
    if model.compare.hides_equal {
        title.push_str(", equal ones hidden");
    }
    let block = frame::whole(&model.state, &model.screen(&model.state.regions()), &title);
    let inside = layout::inside(area);
    let (offset, height) = (model.compare.offset, model.compare_rows());
    let nothing = nothing(model, users.len(), table.rows.is_empty());
    // What there is to say stands where the rows would.
    let items = if nothing.is_some() { &[][..] } else { &table.rows[..] };
    frame::with_position(&model.state.theme, block, offset, height, items.len()).render(area, buffer);
    if let Some(words) = nothing {
        let below = Rect { y: inside.y + 3, height: inside.height.saturating_sub(3), ..inside };
        let place = if users.is_empty() { inside } else { below };
        frame::empty(theme, place, buffer, &words);
        if users.is_empty() {
            return;
        }
    }
    let widths = Widths::of(usize::from(inside.width), users.len());
    let mut rows = inside.rows();
    for line in heads(model, &users, &widths) {
        if let Some(row) = rows.next() {
            put(&line, row, buffer);
        }
    }
    for (item, row) in items.iter().skip(offset).zip(rows) {
        put(&line(model, item, &widths), row, buffer);
    }
}

/// What to do where there is little to see.
fn nothing(model: &Model, users: usize, is_empty: bool) -> Option<String> {
    let call = |action| model.state.keymap.call(Context::Compare, action);
    match users {
        0 => Some(format!("Nobody is compared yet. Press {} to pick a user.", call(Action::AddUser))),
        1 if model.compare.before_after => Some(format!(
            "The access token was not renewed since idmux shows it, so there is nothing before it yet. \
             Press {} to renew it now, {} to go back.",
            call(Action::Refresh),
            call(Action::BeforeAfter)
        )),
        _ if is_empty && model.compare.hides_equal => {
            Some(format!("All fields are equal. Press {} to see them.", call(Action::HideEqual)))
        }
        _ => None,
    }
}

struct Widths {
    names: usize,
    value: usize,
}

impl Widths {
    fn of(columns: usize, users: usize) -> Self {
        let names = (columns / 4).clamp(NAMES.0, NAMES.1);
        Self { names, value: (columns.saturating_sub(names)) / users.max(1) }
    }
}

/// Whose column is at a column of the inside. Two states of one user have no focus to move.
pub fn column_at(model: &Model, column: usize) -> Option<usize> {
    let users = model.compared().len();
    let widths = Widths::of(usize::from(layout::inside(model.state.regions().body).width), users);
    let at = column.checked_sub(widths.names)? / widths.value.max(1);
    (!model.compare.before_after && at < users).then_some(at)
}

/// Who is in which column, and how their sessions stand.
fn heads(model: &Model, users: &[&UserView], widths: &Widths) -> [Line<'static>; 3] {
    let theme = &model.state.theme;
    let mut names = vec![span(" ".repeat(widths.names), theme.text)];
    let mut states = vec![span(" ".repeat(widths.names), theme.text)];
    for (at, user) in users.iter().enumerate() {
        let two_states = model.compare.before_after && users.len() == 2;
        let has_focus = !two_states && at == model.compare.column() && users.len() > 1;
        let mark = if has_focus { "▸ " } else { "" };
        let label = match (two_states, at) {
            (true, 0) => format!("before: {}", user.label),
            (true, _) => format!("now: {}", user.label),
            (false, _) => user.label.clone(),
        };
        let label = text::fit(&format!("{mark}{}", text::inert(&label)), widths.value.saturating_sub(1));
        names.push(span(label, if has_focus { theme.selection } else { theme.strong }));
        names.push(span(" ", theme.text));
        let StateName { severity: how, glyph, word } = words::state(&user.state);
        let state = format!("{glyph} {word}, {}", text::inert(user.key.app.as_str()));
        let state = text::fit(&state, widths.value.saturating_sub(1));
        states.push(span(format!("{state} "), tone(theme, how)));
    }
    [Line::from(names), Line::from(states), Line::default()]
}

fn line(model: &Model, row: &Row, widths: &Widths) -> Line<'static> {
    let theme = &model.state.theme;
    let (name, values) = match row {
        Row::Heading(title) => return Line::from(span(*title, theme.strong)),
        Row::Field { name, values } => (name, values),
    };
    let differs = row.differs();
    let (glyph, style) = if differs { ("≠ ", theme.warn) } else { ("  ", theme.muted) };
    // The last part of a path tells most.
    let room = widths.names.saturating_sub(3);
    let name = text::fit(&text::cut_middle(&text::inert(name), room), room);
    let mut spans: Vec<Span> = vec![span(format!("{glyph}{name} "), style)];
    for value in values {
        let is_other = differs && *value != values[0];
        let style = match value {
            None => theme.muted,
            Some(_) if is_other => theme.warn,
            Some(_) => theme.text,
        };
        let shown = value.as_deref().unwrap_or("·");
        let columns = widths.value.saturating_sub(1);
        let shown = text::fit(&both_ends(&text::inert(shown), columns), columns);
        spans.push(span(format!("{shown} "), style));
    }
    Line::from(spans)
}

/// An id that is too long, with its end in sight, since ids differ there.
fn both_ends(text: &str, columns: usize) -> Cow<'_, str> {
    // ASCII has as many columns as characters.
    let is_id = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !is_id || text.len() <= columns || columns < 8 {
        return Cow::Borrowed(text);
    }
    let end = columns / 2;
    let start = columns - end - 1;
    Cow::Owned(format!("{}…{}", &text[..start], &text[text.len() - end..]))
}
