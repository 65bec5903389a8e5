//! Where everything stands: a pure function from the size of the screen.

use ratatui::layout::{Rect, Size};

use super::model::Pane;

/// The smallest screen that holds everything.
pub const NEEDED: Size = Size { width: 80, height: 24 };

/// From this width on the panes stand in three columns.
const WIDE: u16 = 150;

/// Rows of the Users pane that are not users: its borders and the column headers.
const USERS_FRAME: u16 = 3;

/// Fewest rows of the Users pane, and of what is below it.
const FEWEST_ROWS: (u16, u16) = (USERS_FRAME + 2, 9);

/// Fewest columns of the Users pane, and of what is right of it.
const FEWEST_COLUMNS: (u16, u16) = (46, 64);

/// How much of the screen a person gave to the Users pane, in thousandths, for each of the two layouts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Split {
    /// Of the rows, where it is above the others.
    pub rows: Option<u16>,
    /// Of the columns, where it is left of them.
    pub columns: Option<u16>,
}

/// The share of `part` in `whole`, in thousandths.
pub fn share(part: u16, whole: u16) -> u16 {
    let (part, whole) = (u32::from(part.min(whole)), u32::from(whole.max(1)));
    (part * 1000).div_ceil(whole) as u16
}

/// The part of `whole` that a share makes, where both sides keep their fewest.
fn part(share: Option<u16>, whole: u16, usual: u16, (first, second): (u16, u16)) -> u16 {
    let wanted = share.map_or(usual, |share| (u32::from(whole) * u32::from(share) / 1000) as u16);
    if share.is_some() { wanted.max(first).min(whole.saturating_sub(second)) } else { wanted }
}

/// The regions of the main screen. A pane that is not shown has no area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Regions {
    /// The line at the top.
    pub header: Rect,
    /// What is between the lines: the panes, or whatever view is open.
    pub body: Rect,
    /// The panes, in the order of [`Pane::ALL`].
    panes: [Rect; 4],
    /// The line, or lines, on what happened.
    pub activity: Rect,
    /// The line of keys.
    pub hints: Rect,
}

impl Regions {
    /// The area of a pane with its border.
    pub fn pane(&self, pane: Pane) -> Rect {
        self.panes[pane as usize]
    }

    /// The area inside a pane's border.
    pub fn inside(&self, pane: Pane) -> Rect {
        inside(self.pane(pane))
    }

    /// Whether the panes stand side by side in three columns.
    pub fn is_wide(&self) -> bool {
        self.header.width >= WIDE
    }

    /// How many users the Users pane shows at once.
    pub fn user_rows(&self) -> usize {
        usize::from(self.pane(Pane::Users).height.saturating_sub(USERS_FRAME))
    }
}

/// The area inside a border, with a column of air at both sides.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 2.min(area.width),
        y: area.y + 1.min(area.height),
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    }
}

/// Whether the screen is large enough.
pub fn fits(size: Size) -> bool {
    size.width >= NEEDED.width && size.height >= NEEDED.height
}

/// Lays the main screen out. `zoomed` is the only pane to show; `activity` is how many lines the activity needs.
pub fn layout(size: Size, zoomed: Option<Pane>, activity: u16, split: Split) -> Regions {
    if !fits(size) {
        return Regions::default();
    }
    let line = |y, height| Rect { x: 0, y, width: size.width, height };
    let body = line(1, size.height - 2 - activity);
    let panes = match zoomed {
        Some(pane) => {
            let mut panes = [Rect::default(); 4];
            panes[pane as usize] = body;
            panes
        }
        None if size.width >= WIDE => wide(body, split),
        None => narrow(body, split),
    };
    Regions {
        header: line(0, 1),
        body,
        panes,
        activity: line(size.height - 1 - activity, activity),
        hints: line(size.height - 1, 1),
    }
}

/// Users | Session | Identities over Custom data.
fn wide(body: Rect, split: Split) -> [Rect; 4] {
    let left = part(split.columns, body.width, body.width * 37 / 80, FEWEST_COLUMNS);
    let (users, rest) = columns(body, left);
    let (session, right) = columns(rest, rest.width * 14 / 25);
    let (identities, data) = rows(right, (right.height / 3).max(6));
    [users, session, identities, data]
}

/// Users over Session | Identities over Custom data.
fn narrow(body: Rect, split: Split) -> [Rect; 4] {
    let usual = (body.height * 9 / 21).max(USERS_FRAME + 4);
    let (users, rest) = rows(body, part(split.rows, body.height, usual, FEWEST_ROWS));
    let (session, right) = columns(rest, rest.width * 21 / 40);
    let (identities, data) = rows(right, (right.height * 5 / 12).max(4));
    [users, session, identities, data]
}

fn columns(area: Rect, left: u16) -> (Rect, Rect) {
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}

fn rows(area: Rect, top: u16) -> (Rect, Rect) {
    (Rect { height: top, ..area }, Rect { y: area.y + top, height: area.height - top, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn six_users_are_in_sight_on_the_smallest_screen() {
        assert_eq!(layout(NEEDED, None, 1, Split::default()).user_rows(), 6);
    }

    #[test]
    fn a_dragged_split_stands_where_it_was_dropped_and_keeps_both_sides() {
        for (size, body) in [(NEEDED, 21), (Size { width: 120, height: 50 }, 47)] {
            for rows in 0..=body {
                let split = Split { rows: Some(share(rows, body)), columns: None };
                let height = layout(size, None, 1, split).pane(Pane::Users).height;
                assert_eq!(height, rows.clamp(FEWEST_ROWS.0, body - FEWEST_ROWS.1), "{rows} of {body}");
            }
        }
        for columns in 0..=160 {
            let split = Split { rows: None, columns: Some(share(columns, 160)) };
            let width = layout(Size { width: 160, height: 45 }, None, 1, split).pane(Pane::Users).width;
            assert_eq!(width, columns.clamp(FEWEST_COLUMNS.0, 160 - FEWEST_COLUMNS.1), "{columns}");
        }
    }

    proptest! {
        #[test]
        fn regions_stay_on_the_screen_and_apart(
            width in 0u16..300, height in 0u16..120, activity in 1u16..4,
            zoomed in prop::option::of(prop::sample::select(Pane::ALL.to_vec())),
            rows in prop::option::of(any::<u16>()), columns in prop::option::of(any::<u16>()),
        ) {
            let regions = layout(Size { width, height }, zoomed, activity, Split { rows, columns });
            let screen = Rect { x: 0, y: 0, width, height };
            let all: Vec<Rect> =
                [regions.header, regions.activity, regions.hints].into_iter().chain(regions.panes).collect();
            for (at, one) in all.iter().enumerate() {
                prop_assert_eq!(screen.intersection(*one).area(), one.area());
                for other in &all[at + 1..] {
                    prop_assert_eq!(one.intersection(*other).area(), 0);
                }
            }
            let covered: u32 = all.iter().map(|area| area.area()).sum();
            prop_assert_eq!(covered, if fits(screen.as_size()) { screen.area() } else { 0 });
        }
    }
}
