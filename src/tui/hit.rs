//! What is under the pointer: a pure function of the regions.

use ratatui::layout::Position;

use super::layout::Pane;
use super::layout::{Arrangement, Regions};

/// What is at a place of the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// The line of keys.
    Hints,
    /// The line of tabs.
    Tabs,
    /// The line between the Users pane and the others.
    Split,
    /// A pane.
    Pane {
        /// Which.
        pane: Pane,
        /// The row in sight, from 0; `None` on the frame.
        row: Option<usize>,
    },
    /// Anything else.
    Elsewhere,
}

/// What is at `at`.
pub fn spot(regions: &Regions, at: Position) -> Spot {
    if regions.hints.contains(at) {
        return Spot::Hints;
    }
    if regions.tabs.contains(at) {
        return Spot::Tabs;
    }
    if is_on_split(regions, at) {
        return Spot::Split;
    }
    match Pane::ALL.into_iter().find(|pane| regions.pane(*pane).contains(at)) {
        Some(pane) => Spot::Pane { pane, row: row(regions, pane, at) },
        None => Spot::Elsewhere,
    }
}

/// The frames of both sides are the line: one column or row would be hard to hit.
fn is_on_split(regions: &Regions, at: Position) -> bool {
    let users = regions.pane(Pane::Users);
    let is_on_line = match regions.arrangement {
        Arrangement::Three => at.x + 1 == users.right() || at.x == users.right(),
        Arrangement::Two => at.y + 1 == users.bottom() || at.y == users.bottom(),
        Arrangement::Tabs | Arrangement::Alone => false,
    };
    is_on_line && regions.body.contains(at)
}

fn row(regions: &Regions, pane: Pane, at: Position) -> Option<usize> {
    let list = regions.list(pane);
    (list.top()..list.bottom()).contains(&at.y).then(|| usize::from(at.y - list.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::layout::{NEEDED, Split, layout};
    use proptest::prelude::*;
    use ratatui::layout::Size;

    #[test]
    fn places_of_the_smallest_screen() {
        let of = |pane| layout(NEEDED, pane, false, 1, Split::default());
        let regions = of(Pane::Users);
        let at = |x, y| spot(&regions, Position { x, y });
        assert_eq!(at(5, 0), Spot::Elsewhere);
        assert_eq!(at(5, 1), Spot::Tabs);
        assert_eq!(at(5, 2), Spot::Pane { pane: Pane::Users, row: None });
        assert_eq!(at(5, 3), Spot::Pane { pane: Pane::Users, row: None }, "the heads of the columns");
        assert_eq!(at(5, 4), Spot::Pane { pane: Pane::Users, row: Some(0) });
        assert_eq!(at(5, 17), Spot::Pane { pane: Pane::Users, row: Some(13) });
        assert_eq!(
            at(5, 18),
            Spot::Pane { pane: Pane::Users, row: None },
            "what is said of the selected one"
        );
        assert_eq!(at(5, 23), Spot::Hints);
        let at = spot(&of(Pane::CustomData), Position { x: 70, y: 3 });
        assert_eq!(at, Spot::Pane { pane: Pane::CustomData, row: Some(0) });
    }

    #[test]
    fn the_line_below_the_users_is_hit_from_both_sides() {
        let size = Size { width: 120, height: 40 };
        let regions = layout(size, Pane::Users, false, 1, Split::default());
        let at = |x, y| spot(&regions, Position { x, y });
        let users = regions.pane(Pane::Users);
        assert_eq!(at(5, users.bottom() - 1), Spot::Split);
        assert_eq!(at(5, users.bottom()), Spot::Split);
        assert_eq!(at(5, users.bottom() + 1), Spot::Pane { pane: Pane::Session, row: Some(0) });
    }

    proptest! {
        #[test]
        fn every_row_of_a_pane_is_hit_where_it_is_drawn(
            width in 80u16..300, height in 24u16..120, x in 0u16..300, y in 0u16..120,
            focus in prop::sample::select(Pane::ALL.to_vec()), zoomed: bool,
            rows in prop::option::of(0u16..1000), columns in prop::option::of(0u16..1000),
        ) {
            let regions = layout(Size { width, height }, focus, zoomed, 1, Split { rows, columns });
            let at = Position { x, y };
            match spot(&regions, at) {
                Spot::Pane { pane, row } => {
                    prop_assert!(regions.pane(pane).contains(at));
                    prop_assert!(row.is_none_or(|row| row < regions.rows(pane)));
                }
                Spot::Split => prop_assert!(!zoomed && regions.body.contains(at)),
                Spot::Tabs => prop_assert!(regions.tabs.contains(at)),
                Spot::Hints => prop_assert!(regions.hints.contains(at)),
                Spot::Elsewhere => {
                    prop_assert!(Pane::ALL.iter().all(|pane| !regions.pane(*pane).contains(at)));
                }
            }
        }
    }
}
