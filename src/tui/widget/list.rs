//! The one list: which row is selected, what part is in sight, what keys, clicks and the wheel do, and its headings.

use ratatui::text::Line;

use super::input::{Input, is_movement, target};
use super::page::{Drawn, Spot};

/// The selected row of a list, and the first in sight.
///
/// The selection is remembered by a key, so that it stays on its item when others come and go; where rows have no identity of
/// their own the row is the key. The list holds no items: they are the worker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<K> {
    selected: Option<K>,
    /// Where it was last.
    row: usize,
    offset: usize,
}

impl<K> Default for List<K> {
    fn default() -> Self {
        Self { selected: None, row: 0, offset: 0 }
    }
}

impl<K: PartialEq> List<K> {
    /// A list with an item selected, which may still be on its way.
    pub fn on(selected: Option<K>) -> Self {
        Self { selected, ..Self::default() }
    }

    /// Selects an item, which may still be on its way.
    pub fn select(&mut self, key: K) {
        self.selected = Some(key);
    }

    /// The row of the selected one of `keys`; the first until one is selected, or where it is gone.
    pub fn row_in(&self, mut keys: impl Iterator<Item = K>) -> usize {
        let Some(selected) = &self.selected else { return 0 };
        keys.position(|key| key == *selected).unwrap_or(0)
    }

    /// Moves to a row, at most the last of `rows`.
    pub fn go_to(&mut self, row: usize, rows: usize, key: impl Fn(usize) -> K) {
        self.row = row.min(rows.saturating_sub(1));
        self.selected = (rows > 0).then(|| key(self.row));
    }

    /// What a movement, a click on a row, or the wheel does to a list of `rows` rows, `height` of which are in sight; whether
    /// it was one of them.
    pub fn handle(&mut self, input: &Input, rows: usize, height: usize, key: impl Fn(usize) -> K) -> bool {
        let row = self.row_in((0..rows).map(&key));
        match input {
            Input::Action(action) if is_movement(*action) => {
                self.go_to(target(*action, row, height), rows, key)
            }
            Input::Click(Spot::Row(clicked)) if *clicked < rows => self.go_to(*clicked, rows, key),
            Input::Wheel(by) => {
                self.offset = self.offset.saturating_add_signed(*by).min(rows.saturating_sub(height));
                let last = self.offset + height.saturating_sub(1);
                self.go_to(row.clamp(self.offset, last), rows, key);
            }
            _ => return false,
        }
        true
    }

    /// Draws the rows in sight of a list that stands in a dialog, so that the selected one is the last at most.
    pub fn draw(
        row: usize,
        rows: usize,
        height: usize,
        line: impl Fn(usize, bool) -> Line<'static>,
    ) -> Drawn {
        let mut drawn = Drawn::default();
        let height = height.min(rows);
        let first = (row + 1).saturating_sub(height);
        drawn.rows(first, (first..first + height).map(|at| line(at, at == row)));
        drawn
    }
}

impl List<usize> {
    /// The selected row.
    pub fn row(&self) -> usize {
        self.selected.unwrap_or(0)
    }

    /// The first row in sight.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Brings selection and offset in line with `rows` rows, `height` of which are in sight.
    pub fn settle(&mut self, rows: usize, height: usize) {
        let row = self.row().min(rows.saturating_sub(1));
        self.selected = Some(row);
        self.offset = in_sight(self.offset, row, rows, height);
    }
}

/// The first row to show, so that `row` is in sight and no room is wasted below the last of `rows`. What is not shown at all
/// stays where it was.
pub fn in_sight(offset: usize, row: usize, rows: usize, height: usize) -> usize {
    if height == 0 {
        return offset;
    }
    offset.min(row).max((row + 1).saturating_sub(height)).min(rows.saturating_sub(height))
}

/// The headings of a list, each by the item that it stands before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headings(Vec<usize>);

/// What stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The heading of that number.
    Heading(usize),
    /// The item of that number; the list may have ended before it.
    Item(usize),
}

impl Headings {
    /// Headings before these items, in order. Two before the same item stand one below the other; those behind the last
    /// item end the list.
    pub fn new(before: Vec<usize>) -> Self {
        debug_assert!(before.is_sorted());
        Self(before)
    }

    /// How many lines the list has.
    pub fn lines(&self, items: usize) -> usize {
        items + self.0.len()
    }

    /// The line of an item.
    pub fn line(&self, item: usize) -> usize {
        item + self.0.partition_point(|before| *before <= item)
    }

    /// What stands in a line.
    pub fn at(&self, line: usize) -> At {
        let above = self.above(line);
        // A heading of an earlier item stands in an earlier line.
        match self.0.get(above) {
            Some(before) if before + above == line => At::Heading(above),
            _ => At::Item(line - above),
        }
    }

    /// How many items stand above a line.
    pub fn items_above(&self, line: usize) -> usize {
        line - self.above(line)
    }

    /// How many headings stand above a line.
    fn above(&self, line: usize) -> usize {
        let mut below = (0, self.0.len());
        while below.0 < below.1 {
            let middle = usize::midpoint(below.0, below.1);
            if self.0[middle] + middle < line { below.0 = middle + 1 } else { below.1 = middle }
        }
        below.0
    }

    /// The item that the cursor goes to where the list was scrolled, so that it is in one of `height` lines from `first` on:
    /// the nearest one.
    pub fn nearest(&self, item: usize, first: usize, height: usize, items: usize) -> usize {
        let last = first + height.saturating_sub(1);
        let line = self.line(item);
        let item = match self.at(line.clamp(first, last.max(first))) {
            At::Item(item) => item,
            At::Heading(heading) if line < first => self.0[heading],
            At::Heading(heading) => self.0[heading].saturating_sub(1),
        };
        item.min(items.saturating_sub(1))
    }

    /// The first line to show, so that `item` is in sight with the headings right above it, as far as there is room.
    pub fn in_sight(&self, offset: usize, item: usize, items: usize, height: usize) -> usize {
        let lines = self.lines(items);
        if items == 0 {
            return offset.min(lines.saturating_sub(height));
        }
        let line = self.line(item);
        let own = self.0.iter().rev().skip_while(|before| **before > item);
        let own = own.take_while(|before| **before == item).count();
        // Nothing selects the headings that end the list: they are in sight with the last item.
        let ends = if item + 1 == items { lines - 1 - line } else { 0 };
        let offset = in_sight(offset, line + ends.min(height.saturating_sub(1)), lines, height);
        let offset = in_sight(offset, line - own.min(height.saturating_sub(1)), lines, height);
        in_sight(offset, line, lines, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::Action;
    use proptest::prelude::*;

    /// The lines one after another.
    fn written(headings: &Headings, items: usize) -> Vec<At> {
        let mut lines = Vec::new();
        for item in 0..=items {
            let own = headings.0.iter().enumerate().filter(|(_, before)| **before == item);
            lines.extend(own.map(|(number, _)| At::Heading(number)));
            if item < items {
                lines.push(At::Item(item));
            }
        }
        lines
    }

    fn list() -> impl Strategy<Value = (Headings, usize)> {
        (0usize..30).prop_flat_map(|items| {
            let headings = prop::collection::vec(0..=items, 0..8).prop_map(|mut before| {
                before.sort_unstable();
                Headings::new(before)
            });
            (headings, Just(items))
        })
    }

    #[test]
    fn the_first_item_is_shown_with_its_heading() {
        let headings = Headings::new(vec![0, 5]);
        assert_eq!(headings.in_sight(9, 0, 20, 4), 0);
        assert_eq!(headings.in_sight(9, 5, 20, 4), 6, "the heading of the second group");
        assert_eq!(headings.in_sight(0, 5, 20, 4), 4, "no further than it needs to");
    }

    #[test]
    fn headings_without_items_are_in_sight_at_the_end() {
        let headings = Headings::new(vec![0, 3, 3]);
        assert_eq!(headings.in_sight(0, 2, 3, 4), 2);
    }

    /// Kind: what is selected stays selected while others come and go.
    #[test]
    fn the_selection_stays_on_its_item() {
        let mut list = List::default();
        let letters = ["a", "b", "c"];
        assert!(list.handle(&Input::Action(Action::Down), 3, 3, |row| letters[row]));
        assert_eq!(list.row_in(letters.into_iter()), 1);
        assert_eq!(list.row_in(["new", "a", "b", "c"].into_iter()), 2);
        assert_eq!(list.row_in(["a", "c"].into_iter()), 0, "the first where it is gone");
        assert!(!list.handle(&Input::Click(Spot::Row(3)), 3, 3, |row| letters[row]), "there is no such row");
        assert!(!list.handle(&Input::Action(Action::Copy), 3, 3, |row| letters[row]));
    }

    #[test]
    fn the_wheel_takes_the_selection_along_and_stops_at_the_end() {
        let mut list = List::default();
        assert!(list.handle(&Input::Wheel(3), 10, 4, |row| row));
        assert_eq!((list.offset(), list.row()), (3, 3));
        list.handle(&Input::Wheel(100), 10, 4, |row| row);
        assert_eq!((list.offset(), list.row()), (6, 6));
        list.settle(5, 4);
        assert_eq!((list.offset(), list.row()), (1, 4));
    }

    proptest! {
        #[test]
        fn every_line_is_where_it_would_be_written((headings, items) in list()) {
            let lines = written(&headings, items);
            prop_assert_eq!(headings.lines(items), lines.len());
            for (line, at) in lines.iter().enumerate() {
                prop_assert_eq!(headings.at(line), *at);
                if let At::Item(item) = at {
                    prop_assert_eq!(headings.line(*item), line);
                }
                let above = lines[..line].iter().filter(|at| matches!(at, At::Item(_))).count();
                prop_assert_eq!(headings.items_above(line), above);
            }
        }

        #[test]
        fn the_selected_item_is_always_in_sight(
            (headings, items) in list(), offset in 0usize..50, item in 0usize..30, height in 1usize..20,
        ) {
            prop_assume!(item < items);
            let first = headings.in_sight(offset, item, items, height);
            prop_assert!((first..first + height).contains(&headings.line(item)));
            prop_assert!(first == 0 || first + height <= headings.lines(items), "no room is wasted");
            prop_assert_eq!(headings.in_sight(first, item, items, height), first, "it settles at once");
        }

        #[test]
        fn a_cursor_that_is_scrolled_away_comes_along(
            (headings, items) in list(), first in 0usize..40, item in 0usize..30, height in 1usize..20,
        ) {
            prop_assume!(item < items);
            let nearest = headings.nearest(item, first, height, items);
            prop_assert!(nearest < items);
            let here = |item| (first..first + height).contains(&headings.line(item));
            prop_assert!(!here(item) || nearest == item);
        }
    }
}
