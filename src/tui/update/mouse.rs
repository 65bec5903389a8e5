//! The mouse: clicks, the wheel, and drags of the split.

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Position;

use super::{perform, views};
use crate::tui::content::{hints, tabs};
use crate::tui::effect::Effect;
use crate::tui::headings::At;
use crate::tui::hit::{Spot, spot};
use crate::tui::keymap::Action;
use crate::tui::layout::{self, Arrangement};
use crate::tui::model::{Model, Pane, View};
use crate::tui::needs;

/// Rows that one notch of the wheel goes.
const NOTCH: isize = 3;

/// Two clicks on one spot within this time are a double click.
const DOUBLE: SignedDuration = SignedDuration::from_millis(400);

/// What the mouse did that a later event needs to know.
#[derive(Debug, Default)]
pub struct Mouse {
    /// Whether the split is being dragged.
    dragging: bool,
    /// Where and when it was clicked last.
    clicked: Option<(Position, Timestamp)>,
}

/// Does what the mouse asks for.
pub fn act(model: &mut Model, event: MouseEvent, at: Timestamp) -> Vec<Effect> {
    if !layout::fits(model.size) {
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
    let regions = model.regions();
    let spot = spot(&regions, place);
    let before = model.mouse.clicked.replace((place, at));
    if spot == Spot::Hints {
        let hints = hints::hints(model, regions.hints.width);
        let hint = hints.into_iter().find(|hint| hint.columns.contains(&place.x));
        return hint.map_or_else(Vec::new, |hint| perform(model, Some(hint.action), no_key()));
    }
    if !model.dialogs.is_empty() || !needs::on_board(model) {
        return vec![];
    }
    match spot {
        Spot::Split => model.mouse.dragging = true,
        Spot::Tabs => {
            let tab = tabs::tabs(model).into_iter().find(|tab| tab.columns.contains(&place.x));
            return tab.map_or_else(Vec::new, |tab| perform(model, Some(tabs::action(tab.pane)), no_key()));
        }
        Spot::Pane { pane, row } => {
            model.users.filter.typing = false;
            model.focus = pane;
            if !row.is_some_and(|row| select(model, pane, row)) {
                return vec![];
            }
            let is_double =
                before.is_some_and(|(there, then)| there == place && at.duration_since(then).abs() <= DOUBLE);
            if is_double {
                model.mouse.clicked = None;
                return enter(model);
            }
        }
        Spot::Hints | Spot::Elsewhere => {}
    }
    vec![]
}

/// Selects a row in sight; whether there is one.
fn select(model: &mut Model, pane: Pane, row: usize) -> bool {
    let detail = &mut model.detail;
    match pane {
        Pane::Users => {
            let snapshot = model.snapshot.clone();
            match model.users.at(model.users.offset() + row) {
                At::Item(row) if row < model.users.len(&snapshot) => {
                    model.users.go_to(row, &snapshot);
                    true
                }
                At::Item(_) | At::Heading(_) => false,
            }
        }
        Pane::Timeline => match model.timeline.at(model.timeline.offset() + row) {
            At::Item(number) if number < model.timeline.entries().len() => {
                model.timeline.go_to(number);
                true
            }
            At::Item(_) | At::Heading(_) => false,
        },
        Pane::Session => {
            detail.session_cursor = detail.session_offset + row;
            true
        }
        Pane::Identities => {
            detail.identities_cursor = detail.identities_offset + row;
            true
        }
        Pane::CustomData => {
            let row = detail.tree_offset + row;
            let there = row < detail.tree.rows().len();
            if there {
                detail.tree.go_to(row);
            }
            there
        }
    }
}

/// What Enter means where the focus is, whatever keys it has.
fn enter(model: &mut Model) -> Vec<Effect> {
    let action = model.keymap.action(model.context(), &KeyEvent::from(KeyCode::Enter));
    action.map_or_else(Vec::new, |action| views::act(model, action))
}

/// Scrolls what is under the pointer: the topmost dialog, the view, or a pane, whether it has the focus or not.
fn wheel(model: &mut Model, place: Position, by: isize) -> Vec<Effect> {
    if model.dialogs.is_empty() && needs::on_board(model) {
        if let Spot::Pane { pane, .. } = spot(&model.regions(), place) {
            model.scroll(pane, by);
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
        if self.view != View::Board {
            return;
        }
        let regions = self.regions();
        let body = regions.body;
        if regions.arrangement == Arrangement::Three {
            self.split.columns = Some(layout::share(place.x.saturating_sub(body.x) + 1, body.width));
        } else {
            self.split.rows = Some(layout::share(place.y.saturating_sub(body.y) + 1, body.height));
        }
    }
}
