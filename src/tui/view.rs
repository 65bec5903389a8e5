//! Drawing. Reads the model, changes nothing.

mod ascii;
mod chrome;
mod compare;
mod lifetimes;
mod log;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::layout;
use super::layout::{Pane, View};
use super::model::Model;
use super::theme::Theme;
use super::widget::line::{lines, put, span, tone};

/// Draws the screen.
pub fn view(model: &Model, frame: &mut Frame) {
    if layout::fits(model.state.size) {
        whole(model, frame);
    } else {
        chrome::too_small(model, frame.area(), frame.buffer_mut());
    }
    paint_behind(&model.state.theme, frame.buffer_mut());
    if model.state.look.ascii {
        ascii::only(frame.buffer_mut());
    }
}

/// A theme with a background of its own has it behind everything: in the gaps between texts the terminal's would show.
fn paint_behind(theme: &Theme, buffer: &mut Buffer) {
    let Some(behind) = theme.text.bg else { return };
    for cell in buffer.content.iter_mut().filter(|cell| cell.bg == Color::Reset) {
        cell.bg = behind;
        if let (Color::Reset, Some(front)) = (cell.fg, theme.text.fg) {
            cell.fg = front;
        }
    }
}

fn whole(model: &Model, frame: &mut Frame) {
    let regions = model.state.regions();
    let buffer = frame.buffer_mut();
    chrome::header(model, regions.header, buffer);
    match model.state.view {
        View::Board => {
            let screen = model.screen(&regions);
            let draw = |pane| model.panel(pane).draw(&model.state, &screen, buffer);
            let cursor = Pane::ALL.map(draw).into_iter().flatten().next();
            chrome::tabs(model, regions.tabs, buffer);
            if let Some(cursor) = cursor {
                frame.set_cursor_position(cursor);
            }
        }
        View::Lifetimes => lifetimes::draw(model, regions.body, buffer),
        View::Log => log::draw(model, regions.body, buffer),
        View::Compare => compare::draw(model, regions.body, buffer),
    }
    let buffer = frame.buffer_mut();
    chrome::activity(model, regions.activity, buffer);
    chrome::hints(model, regions.hints, buffer);
    for dialog in model.dialogs_in_sight() {
        let cursor = dialog.draw(&model.state, frame.buffer_mut());
        if let Some(cursor) = cursor {
            frame.set_cursor_position(cursor);
        }
    }
}

/// Whose column of the comparison is at a column of its inside.
pub fn compared_column(model: &Model, column: u16) -> Option<usize> {
    compare::column_at(model, usize::from(column))
}
