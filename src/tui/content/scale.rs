//! Time along a row of cells: the present stands still, and everything else moves past it.

use jiff::{SignedDuration, Timestamp};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How far ahead one can look, from minutes to months.
const ZOOMS: [(i64, &str); 8] = [
    (10 * MINUTE, "10 minutes"),
    (HOUR, "hour"),
    (6 * HOUR, "6 hours"),
    (DAY, "day"),
    (7 * DAY, "7 days"),
    (30 * DAY, "30 days"),
    (90 * DAY, "90 days"),
    (365 * DAY, "year"),
];

/// Distances that ticks may have.
const STEPS: [i64; 17] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    15 * DAY,
    30 * DAY,
    90 * DAY,
];

/// Cells from one tick to the next, at least: the longest label and a blank.
const TICK: i64 = 10;

/// How far ahead one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zoom(usize);

impl Default for Zoom {
    /// A usual refresh token, 60 days, from end to end.
    fn default() -> Self {
        Self(6)
    }
}

impl Zoom {
    /// A shorter time in more detail.
    pub fn closer(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// A longer time in less detail.
    pub fn farther(self) -> Self {
        Self((self.0 + 1).min(ZOOMS.len() - 1))
    }

    /// In words: `90 days`.
    pub fn name(self) -> &'static str {
        ZOOMS[self.0].1
    }

    fn seconds(self) -> i64 {
        ZOOMS[self.0].0
    }
}

/// Where a moment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Too long ago to be in sight.
    Before,
    /// In that cell.
    At(usize),
    /// Too far ahead to be in sight.
    After,
}

/// The cells of a row: how many, which of them is the present, and how much time one stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    columns: usize,
    now: usize,
    /// In seconds.
    cell: i64,
}

impl Scale {
    /// A scale of `columns` cells, an eighth of them for the past.
    pub fn new(zoom: Zoom, columns: usize) -> Self {
        let now = columns / 8;
        let ahead = (columns - now).max(1) as i64;
        Self { columns, now, cell: (zoom.seconds() + ahead - 1) / ahead }
    }

    /// How many cells there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The cell of the present.
    pub fn now(&self) -> usize {
        self.now
    }

    /// The cell of a moment.
    pub fn place(&self, at: Timestamp, now: Timestamp) -> Place {
        let cell = self.now as i128 + self.cells_ahead(at, now);
        match usize::try_from(cell) {
            Err(_) => Place::Before,
            Ok(cell) if cell < self.columns => Place::At(cell),
            Ok(_) => Place::After,
        }
    }

    /// The first moment after `now` at which [`place`](Self::place) gives another place; `None` where it never does.
    pub fn next_change(&self, at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let (first, end) = (-(self.now as i128), (self.columns - self.now) as i128);
        let ahead = self.cells_ahead(at, now);
        if ahead < first {
            return None;
        }
        let left = ahead.min(end) * self.cell_nanoseconds() - 1;
        at.checked_sub(SignedDuration::try_from_nanos_i128(left)?).ok()
    }

    /// The ticks, from left to right: their cells and labels.
    pub fn ticks(&self) -> Vec<(usize, String)> {
        let apart = |step: &&i64| **step >= TICK * self.cell;
        let step = STEPS.iter().find(apart).or(STEPS.last()).copied().unwrap_or(DAY);
        let first = -(self.now as i64 * self.cell) / step;
        (first..)
            .map(|number| number * step)
            .map(|seconds| (self.now as i64 + seconds.div_euclid(self.cell), seconds))
            .take_while(|(cell, _)| *cell < self.columns as i64)
            .filter_map(|(cell, seconds)| Some((usize::try_from(cell).ok()?, label(seconds))))
            .collect()
    }

    fn cells_ahead(&self, at: Timestamp, now: Timestamp) -> i128 {
        at.duration_since(now).as_nanos().div_euclid(self.cell_nanoseconds())
    }

    fn cell_nanoseconds(&self) -> i128 {
        i128::from(self.cell) * 1_000_000_000
    }
}

/// `now`, `+30 min`, `+1 d`.
fn label(seconds: i64) -> String {
    match seconds {
        0 => "now".into(),
        _ if seconds % DAY == 0 => format!("{:+} d", seconds / DAY),
        _ if seconds % HOUR == 0 => format!("{:+} h", seconds / HOUR),
        _ => format!("{:+} min", seconds / MINUTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn every_zoom() -> impl Iterator<Item = Zoom> {
        (0..ZOOMS.len()).map(Zoom)
    }

    #[test]
    fn ticks_have_labels_in_a_persons_terms_at_every_zoom() {
        for columns in [40, 80, 150] {
            for zoom in every_zoom() {
                let scale = Scale::new(zoom, columns);
                let ticks = scale.ticks();
                assert!(ticks.iter().any(|(cell, label)| *cell == scale.now() && label == "now"));
                assert!(ticks.len() >= 3, "{columns} {zoom:?}: {ticks:?}");
                for pair in ticks.windows(2) {
                    let room = pair[1].0 - pair[0].0;
                    assert!(room > pair[0].1.len(), "{columns} {zoom:?}: {ticks:?}");
                }
            }
        }
        let labels = |zoom| -> Vec<String> {
            Scale::new(Zoom(zoom), 60).ticks().into_iter().map(|(_, label)| label).collect()
        };
        assert_eq!(labels(0), ["now", "+2 min", "+4 min", "+6 min", "+8 min", "+10 min"]);
        assert_eq!(labels(6), ["now", "+30 d", "+60 d", "+90 d"]);
    }

    #[test]
    fn the_zoom_ends_at_both_ends() {
        let mut zoom = Zoom::default();
        for _ in 0..20 {
            zoom = zoom.closer();
        }
        assert_eq!(zoom.name(), "10 minutes");
        for _ in 0..20 {
            zoom = zoom.farther();
        }
        assert_eq!(zoom.name(), "year");
    }

    #[test]
    fn a_moment_is_left_of_the_chart_in_it_or_right_of_it() {
        let scale = Scale::new(Zoom(0), 80);
        assert_eq!(scale.place(at(0), at(0)), Place::At(scale.now()));
        assert_eq!(scale.place(at(-1), at(0)), Place::At(scale.now() - 1));
        assert_eq!(scale.place(at(-DAY), at(0)), Place::Before);
        assert_eq!(scale.place(at(DAY), at(0)), Place::After);
    }

    proptest! {
        #[test]
        fn a_place_is_the_same_until_its_next_change(
            zoom in 0..ZOOMS.len(), columns in 1usize..200,
            ahead in prop_oneof![-4000i64..4000, -20_000_000i64..40_000_000], nanos in 0i64..1_000_000_000,
        ) {
            let scale = Scale::new(Zoom(zoom), columns);
            let (moment, now) = (at(ahead) + SignedDuration::from_nanos(nanos), at(0));
            let Some(change) = scale.next_change(moment, now) else {
                prop_assert_eq!(scale.place(moment, now), Place::Before);
                return Ok(());
            };
            prop_assert!(change > now);
            let just_before = change - SignedDuration::from_nanos(1);
            prop_assert_eq!(scale.place(moment, now), scale.place(moment, just_before));
            prop_assert_ne!(scale.place(moment, now), scale.place(moment, change));
        }
    }
}
