//! What the mouse did that a later event needs to know.

use jiff::Timestamp;
use ratatui::layout::Position;

/// What the mouse did that a later event needs to know.
#[derive(Debug, Default)]
pub struct Mouse {
    /// Whether the split is being dragged.
    pub(super) dragging: bool,
    /// Where and when it was clicked last.
    pub(super) clicked: Option<(Position, Timestamp)>,
}
