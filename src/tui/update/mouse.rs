//! The mouse: clicks, the wheel, and drags of the split.

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Position;

use super::{dialogs, perform, views};
use crate::tui::component::Input;
use crate::tui::effect::Effect;
use crate::tui::hit::{self, spot};
use crate::tui::keymap::Action;
use crate::tui::layout::{self, Arrangement};
use crate::tui::layout::{Pane, View};
use crate::tui::model::Model;
use crate::tui::widget::page::Spot;
use crate::tui::{hints, tabs};
use crate::tui::{lifetimes, view};

/// Rows that one notch of the wheel goes.
const NOTCH: isize = 3;

/// Two clicks on one spot within this time are a double click.
const DOUBLE: SignedDuration = SignedDuration::from_millis(400);

/// Does what the mouse asks for.
pub fn act(model: &mut Model, event: MouseEvent, at: Timestamp) -> Vec<Effect> {
    if !layout::fits(model.state.size) {
        return vec![];
    }
    let place = Position { x: event.column, y: event.row };
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => click(model, place, at),
        MouseEventKind::Drag(MouseButton::Left) if model.mouse.dragging => {
            model.drag_split(place);
            vec![]
        }
        MouseEventKind::Up(MouseButton::Left) => {
            model.mouse.dragging = false;
            vec![]
        }
        MouseEventKind::ScrollDown => wheel(model, place, NOTCH),
        MouseEventKind::ScrollUp => wheel(model, place, -NOTCH),
        _ => vec![],
    }
}

fn click(model: &mut Model, place: Position, at: Timestamp) -> Vec<Effect> {
    let regions = model.state.regions();
    let spot = spot(&regions, place);
    let before = model.mouse.clicked.replace((place, at));
    if spot == hit::Spot::Hints {
        let hints = hints::hints(model, regions.hints.width);
        let hint = hints.into_iter().find(|hint| hint.columns.contains(&place.x));
        return hint.map_or_else(Vec::new, |hint| perform(model, Some(hint.action), no_key()));
    }
    let is_double =
        before.is_some_and(|(there, then)| there == place && at.duration_since(then).abs() <= DOUBLE);
    if !model.dialogs.is_empty() {
        return in_dialog(model, place, is_double);
    }
    if model.state.view != View::Board {
        return if in_view(model, place) && is_double { enter(model) } else { vec![] };
    }
    match spot {
        hit::Spot::Split => model.mouse.dragging = true,
        hit::Spot::Tabs => {
            let tab = tabs::tabs(model).into_iter().find(|tab| tab.columns.contains(&place.x));
            return tab.map_or_else(Vec::new, |tab| perform(model, Some(tabs::action(tab.pane)), no_key()));
        }
        hit::Spot::Pane { pane, row } => {
            model.state.users.filter.typing = false;
            model.state.focus = pane;
            if !row.is_some_and(|row| select(model, pane, row)) {
                return vec![];
            }
            if is_double {
                model.mouse.clicked = None;
                return enter(model);
            }
        }
        hit::Spot::Hints | hit::Spot::Elsewhere => {}
    }
    vec![]
}

/// A click while a dialog is open. One that hits nothing of it does nothing.
fn in_dialog(model: &mut Model, place: Position, is_double: bool) -> Vec<Effect> {
    let Some(spot) = model.dialog().and_then(|dialog| dialog.under(&model.state, place)) else {
        return vec![];
    };
    let Some(dialog) = model.dialogs.last_mut() else { return vec![] };
    if dialog.is_waiting() && !dialog.body.is_panel() {
        return vec![];
    }
    dialog.leaving = None;
    let mut effects = dialogs::handle_on_top(model, &Input::Click(spot));
    if is_double && matches!(spot, Spot::Row(_)) {
        model.mouse.clicked = None;
        let submit = model.state.keymap.action(model.context(), &KeyEvent::from(KeyCode::Enter));
        effects.extend(perform(model, submit, no_key()));
    }
    effects
}

/// A click into the chart, the comparison or the log: it selects a row, or a column; whether there is one.
fn in_view(model: &mut Model, place: Position) -> bool {
    let body = model.state.regions().body;
    let inside = layout::inside(body);
    if !inside.contains(place) {
        return false;
    }
    let line = usize::from(place.y - inside.y);
    match model.state.view {
        View::Lifetimes => {
            // The axis is above the rows.
            let row = line.checked_sub(1).filter(|row| *row < lifetimes::rows(body));
            let row = row.map(|row| model.lifetimes.offset() + row);
            let row = row.filter(|row| *row < model.lifetimes.order().len());
            row.inspect(|row| model.lifetimes.go_to(*row, &mut model.state)).is_some()
        }
        View::Log if model.log.open().is_none() => {
            // So are the heads of the columns.
            let row = line.checked_sub(1).map(|row| model.log.offset() + row);
            let row = row.filter(|row| *row < model.log.rows().len());
            row.inspect(|row| model.log.go_to(*row)).is_some()
        }
        View::Compare => {
            let column = view::compared_column(model, place.x - inside.x);
            column.inspect(|column| model.compare.select(*column)).is_some()
        }
        View::Log | View::Board => false,
    }
}

/// Selects a row in sight; whether there is one.
fn select(model: &mut Model, pane: Pane, row: usize) -> bool {
    let (panel, state) = model.panel_mut(pane);
    panel.handle(&Input::Click(Spot::Row(row)), state).is_some()
}

/// What Enter means where the focus is, whatever keys it has.
fn enter(model: &mut Model) -> Vec<Effect> {
    let action = model.state.keymap.action(model.context(), &KeyEvent::from(KeyCode::Enter));
    action.map_or_else(Vec::new, |action| views::act(model, action))
}

/// Scrolls what is under the pointer: the topmost dialog, the view, or a pane, whether it has the focus or not.
fn wheel(model: &mut Model, place: Position, by: isize) -> Vec<Effect> {
    if model.dialogs.is_empty() && model.state.view == View::Board {
        if let hit::Spot::Pane { pane, .. } = spot(&model.state.regions(), place) {
            let (panel, state) = model.panel_mut(pane);
            panel.handle(&Input::Wheel(by), state);
        }
        return vec![];
    }
    let action = if by > 0 { Action::Down } else { Action::Up };
    let times = by.unsigned_abs();
    (0..times).flat_map(|_| perform(model, Some(action), no_key())).collect()
}

fn no_key() -> KeyEvent {
    KeyEvent::from(KeyCode::Null)
}

impl Model {
    /// Moves the split to where the pointer is; the layout holds it inside.
    fn drag_split(&mut self, place: Position) {
        if self.state.view != View::Board {
            return;
        }
        let regions = self.state.regions();
        let body = regions.body;
        if regions.arrangement == Arrangement::Three {
            self.state.split.columns = Some(layout::share(place.x.saturating_sub(body.x) + 1, body.width));
        } else {
            self.state.split.rows = Some(layout::share(place.y.saturating_sub(body.y) + 1, body.height));
        }
    }
}
