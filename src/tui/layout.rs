//! Where everything stands: a pure function from the size of the screen.

use ratatui::layout::{Rect, Size};

use super::keymap::Context;

/// The panes of the main screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// All users.
    Users,
    /// The selected user's session.
    Session,
    /// The selected user's identities and profile.
    Identities,
    /// The selected user's custom data.
    CustomData,
    /// What happened to the selected user.
    Timeline,
}

impl Pane {
    /// All panes, in the order of Tab.
    pub const ALL: [Self; 5] =
        [Self::Users, Self::Session, Self::Identities, Self::CustomData, Self::Timeline];

    /// The title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Session => "Session",
            Self::Identities => "Identities",
            Self::CustomData => "Custom data",
            Self::Timeline => "Timeline",
        }
    }

    /// The context of its keys.
    pub fn context(self) -> Context {
        match self {
            Self::Users => Context::Users,
            Self::Session => Context::Session,
            Self::Identities => Context::Identities,
            Self::CustomData => Context::CustomData,
            Self::Timeline => Context::Timeline,
        }
    }

    /// The pane that is `by` panes further on.
    pub fn after(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// What the body of the screen shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// The panes: all users, and everything of the selected one.
    #[default]
    Board,
    /// The life of every session as a chart over time.
    Lifetimes,
    /// Users side by side.
    Compare,
    /// What happened in this run.
    Log,
}

impl View {
    /// The title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Board => "Board",
            Self::Lifetimes => "Lifetimes",
            Self::Compare => "Compare",
            Self::Log => "Log",
        }
    }
}

/// The smallest screen that holds everything.
pub const NEEDED: Size = Size { width: 80, height: 24 };

/// From this width on the panes stand in three columns, the first of which has room for renewals; on a screen that is too low
/// for panes below the users, from the smaller one.
const WIDE: u16 = 192;
const WIDE_AND_LOW: u16 = 150;

/// From this size on they stand in two, below the users; on a smaller screen one pane is shown at a time.
const MEDIUM: Size = Size { width: 100, height: 30 };

/// Rows of the Users pane that are not users: its borders and the column headers.
const USERS_FRAME: u16 = 3;

/// Rows of what is said of the selected user where the Users pane stands alone.
const USER_DETAIL: u16 = 3;

/// Rows of all of an entry below the list of the Timeline pane, and from which height on there is room for them.
const ENTRY_DETAIL: u16 = 5;
const ROOM_FOR_ENTRY: u16 = 12;

/// From this width on the Users pane has room for renewals.
const RENEWALS: u16 = 88;

/// Fewest rows of the Users pane, and of what is below it.
const FEWEST_ROWS: (u16, u16) = (USERS_FRAME + 2, 12);

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

/// How the panes stand to each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// One pane at a time, below a line of tabs.
    #[default]
    Tabs,
    /// One pane that has all the room.
    Alone,
    /// The users above two columns.
    Two,
    /// Three columns, the first of which is the users.
    Three,
}

/// The regions of the main screen. A pane that is not shown has no area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Regions {
    /// How the panes stand.
    pub arrangement: Arrangement,
    /// The line at the top.
    pub header: Rect,
    /// The line of tabs; without area where there is none.
    pub tabs: Rect,
    /// What is between the lines: the panes, or whatever view is open.
    pub body: Rect,
    /// The panes, in the order of [`Pane::ALL`].
    panes: [Rect; 5],
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

    /// The area of a pane's rows, the ones that scroll: without the heads of columns, and what is said below.
    pub fn list(&self, pane: Pane) -> Rect {
        let inside = self.inside(pane);
        let (above, below) = match pane {
            Pane::Users => (1, self.user_detail()),
            Pane::Timeline if inside.height >= ROOM_FOR_ENTRY => (0, ENTRY_DETAIL),
            _ => (0, 0),
        };
        let above = above.min(inside.height);
        Rect { y: inside.y + above, height: inside.height.saturating_sub(above + below), ..inside }
    }

    /// How many rows a pane shows at once.
    pub fn rows(&self, pane: Pane) -> usize {
        usize::from(self.list(pane).height)
    }

    /// Rows below the users that say more of the selected one: there where no other pane does.
    pub fn user_detail(&self) -> u16 {
        let is_alone = self.pane(Pane::Session).area() == 0;
        if is_alone && self.pane(Pane::Users).height >= USERS_FRAME + 2 * USER_DETAIL {
            USER_DETAIL
        } else {
            0
        }
    }

    /// Whether the Users pane shows the next renewal of each user, and how the last one went.
    pub fn shows_renewals(&self) -> bool {
        self.inside(Pane::Users).width >= RENEWALS
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

/// Lays the main screen out. Where one pane is shown at a time, or one is zoomed, it is the one with the `focus`; `activity`
/// is how many lines the activity needs.
pub fn layout(size: Size, focus: Pane, zoomed: bool, activity: u16, split: Split) -> Regions {
    if !fits(size) {
        return Regions::default();
    }
    let arrangement = match size {
        _ if zoomed => Arrangement::Alone,
        Size { width: WIDE.., .. } => Arrangement::Three,
        Size { width: WIDE_AND_LOW.., height } if height < MEDIUM.height => Arrangement::Three,
        Size { width, height } if width >= MEDIUM.width && height >= MEDIUM.height => Arrangement::Two,
        _ => Arrangement::Tabs,
    };
    let line = |y, height| Rect { x: 0, y, width: size.width, height };
    let tabs = u16::from(arrangement == Arrangement::Tabs);
    let body = line(1 + tabs, size.height - 2 - tabs - activity);
    let panes = match arrangement {
        Arrangement::Three => three(body, split),
        Arrangement::Two => two(body, split),
        Arrangement::Tabs | Arrangement::Alone => {
            let mut panes = [Rect::default(); 5];
            panes[focus as usize] = body;
            panes
        }
    };
    Regions {
        arrangement,
        header: line(0, 1),
        tabs: line(1, tabs),
        body,
        panes,
        activity: line(size.height - 1 - activity, activity),
        hints: line(size.height - 1, 1),
    }
}

/// Users | Session over Timeline | Identities over Custom data.
fn three(body: Rect, split: Split) -> [Rect; 5] {
    let left = part(split.columns, body.width, body.width * 12 / 25, FEWEST_COLUMNS);
    let (users, rest) = columns(body, left);
    let (middle, right) = columns(rest, rest.width * 14 / 25);
    let (session, timeline) = rows(middle, middle.height * 3 / 5);
    let (identities, data) = rows(right, (right.height / 3).max(6));
    [users, session, identities, data, timeline]
}

/// Users over two columns: Session over Timeline | Identities over Custom data.
fn two(body: Rect, split: Split) -> [Rect; 5] {
    let (users, rest) = rows(body, part(split.rows, body.height, body.height * 9 / 21, FEWEST_ROWS));
    let (left, right) = columns(rest, rest.width * 21 / 40);
    let (session, timeline) = rows(left, left.height * 11 / 20);
    let (identities, data) = rows(right, (right.height * 5 / 12).max(4));
    [users, session, identities, data, timeline]
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
    fn the_arrangement_follows_the_size() {
        let at = |width, height| layout(Size { width, height }, Pane::Users, false, 1, Split::default());
        for (size, arrangement) in [
            ((80, 24), Arrangement::Tabs),
            ((99, 60), Arrangement::Tabs),
            ((149, 29), Arrangement::Tabs),
            ((100, 30), Arrangement::Two),
            ((191, 60), Arrangement::Two),
            ((150, 29), Arrangement::Three),
            ((150, 30), Arrangement::Two),
            ((192, 30), Arrangement::Three),
        ] {
            assert_eq!(at(size.0, size.1).arrangement, arrangement, "{size:?}");
        }
        let zoomed = layout(NEEDED, Pane::Timeline, true, 1, Split::default());
        assert_eq!((zoomed.arrangement, zoomed.tabs.area()), (Arrangement::Alone, 0), "the whole screen");
        assert_eq!(zoomed.pane(Pane::Timeline), zoomed.body);
    }

    #[test]
    fn a_dozen_users_are_in_sight_on_the_smallest_screen_and_more_is_said_of_one() {
        let regions = layout(NEEDED, Pane::Users, false, 1, Split::default());
        assert_eq!((regions.rows(Pane::Users), regions.user_detail()), (14, USER_DETAIL));
        let wide = layout(Size { width: 160, height: 45 }, Pane::Users, false, 1, Split::default());
        assert_eq!(wide.user_detail(), 0, "the Session pane says it");
    }

    #[test]
    fn renewals_are_in_sight_wherever_several_panes_are_unless_the_screen_is_low() {
        for width in 100..300 {
            let regions = layout(Size { width, height: 40 }, Pane::Users, false, 1, Split::default());
            assert!(regions.shows_renewals(), "{width}");
        }
    }

    #[test]
    fn a_dragged_split_stands_where_it_was_dropped_and_keeps_both_sides() {
        for (size, body) in [(MEDIUM, 27), (Size { width: 120, height: 50 }, 47)] {
            for rows in 0..=body {
                let split = Split { rows: Some(share(rows, body)), columns: None };
                let height = layout(size, Pane::Users, false, 1, split).pane(Pane::Users).height;
                assert_eq!(height, rows.clamp(FEWEST_ROWS.0, body - FEWEST_ROWS.1), "{rows} of {body}");
            }
        }
        for columns in 0..=200 {
            let split = Split { rows: None, columns: Some(share(columns, 200)) };
            let size = Size { width: 200, height: 45 };
            let width = layout(size, Pane::Users, false, 1, split).pane(Pane::Users).width;
            assert_eq!(width, columns.clamp(FEWEST_COLUMNS.0, 200 - FEWEST_COLUMNS.1), "{columns}");
        }
    }

    proptest! {
        #[test]
        fn regions_stay_on_the_screen_and_apart(
            width in 0u16..300, height in 0u16..120, activity in 1u16..4,
            focus in prop::sample::select(Pane::ALL.to_vec()), zoomed: bool,
            rows in prop::option::of(any::<u16>()), columns in prop::option::of(any::<u16>()),
        ) {
            let regions = layout(Size { width, height }, focus, zoomed, activity, Split { rows, columns });
            let screen = Rect { x: 0, y: 0, width, height };
            let lines = [regions.header, regions.tabs, regions.activity, regions.hints];
            let all: Vec<Rect> = lines.into_iter().chain(regions.panes).collect();
            for (at, one) in all.iter().enumerate() {
                prop_assert_eq!(screen.intersection(*one).area(), one.area());
                for other in &all[at + 1..] {
                    prop_assert_eq!(one.intersection(*other).area(), 0);
                }
            }
            let covered: u32 = all.iter().map(|area| area.area()).sum();
            prop_assert_eq!(covered, if fits(screen.as_size()) { screen.area() } else { 0 });
            if !fits(screen.as_size()) {
                return Ok(());
            }
            // Whatever is shown has room for a row, and for a column of it.
            let shown = Pane::ALL.into_iter().filter(|pane| regions.pane(*pane).area() > 0);
            for pane in shown.clone() {
                let list = regions.list(pane);
                prop_assert!(list.height > 0 && list.width > 20, "{:?} {:?}", pane, list);
                prop_assert_eq!(regions.inside(pane).intersection(list), list);
            }
            let several = matches!(regions.arrangement, Arrangement::Two | Arrangement::Three);
            prop_assert_eq!(shown.count(), if several { Pane::ALL.len() } else { 1 });
            prop_assert!(regions.pane(focus).area() > 0, "the pane with the focus is in sight");
        }
    }
}
