//! The timeline of the selected user: what was read of it, and what has happened since.

use std::collections::VecDeque;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::effect::DialogId;
use super::headings::{At, Headings};
use super::words;
use crate::account::UserKey;
use crate::session::TimelineEntry;

/// Entries that are kept, as many as the vault keeps.
const MOST: usize = 200;

/// How far the reading has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reading {
    /// Nobody looked at it yet.
    #[default]
    Unread,
    /// Somebody looks at it; it is asked for when the selection rests.
    Due,
    /// It was asked for, under that name.
    Asked(DialogId),
    /// It is there.
    Done,
    /// Why it is not there.
    Failed(String),
}

/// The timeline.
#[derive(Debug, Default)]
pub struct Timeline {
    user: Option<UserKey>,
    reading: Reading,
    /// The newest first.
    entries: VecDeque<TimelineEntry>,
    /// A heading for each day.
    days: Vec<Date>,
    headings: Headings,
    cursor: usize,
    /// The first line in sight.
    offset: usize,
}

impl Timeline {
    /// How far the reading has come.
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// What happened, the newest first.
    pub fn entries(&self) -> &VecDeque<TimelineEntry> {
        &self.entries
    }

    /// How many lines it has: its entries, and a heading for each day.
    pub fn lines(&self) -> usize {
        self.headings.lines(self.entries.len())
    }

    /// What stands in a line: the heading of a day, or an entry.
    pub fn at(&self, line: usize) -> At {
        self.headings.at(line)
    }

    /// The day of a heading.
    pub fn day(&self, number: usize) -> Option<Date> {
        self.days.get(number).copied()
    }

    /// The entries in sight, where `height` lines are.
    pub fn in_sight(&self, height: usize) -> impl Iterator<Item = &TimelineEntry> {
        let (first, end) =
            (self.headings.items_above(self.offset), self.headings.items_above(self.offset + height));
        self.entries.iter().take(end).skip(first)
    }

    /// How many entries are above the first line in sight, and above the first line below.
    pub fn range_in_sight(&self, height: usize) -> (usize, usize) {
        let above = |line| self.headings.items_above(line).min(self.entries.len());
        (above(self.offset), above(self.offset + height))
    }

    /// The number of the entry under the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The entry under the cursor.
    pub fn current(&self) -> Option<&TimelineEntry> {
        self.entries.get(self.cursor)
    }

    /// The first line in sight.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What a copy of the entry under the cursor is.
    pub fn copied(&self) -> Option<(String, String)> {
        let TimelineEntry { at, what, rule, .. } = self.current()?;
        Some((format!("{} {what} ({rule})", words::moment(*at)), "the entry of the timeline".into()))
    }

    /// Is about this user from now on.
    pub(super) fn show(&mut self, user: Option<&UserKey>) {
        if self.user.as_ref() != user {
            *self = Self { user: user.cloned(), ..Self::default() };
        }
    }

    pub(super) fn set_reading(&mut self, reading: Reading) {
        self.reading = reading;
    }

    /// Takes what was read, the oldest first. What has happened since is kept.
    pub(super) fn take(&mut self, user: &UserKey, read: Vec<TimelineEntry>) {
        if self.user.as_ref() != Some(user) {
            return;
        }
        let is_since = |entry: &TimelineEntry| read.last().is_none_or(|last| entry.at >= last.at);
        let since = self.entries.drain(..).filter(|entry| is_since(entry) && !read.contains(entry));
        let since: Vec<_> = since.collect();
        self.entries = since.into_iter().chain(read.into_iter().rev()).take(MOST).collect();
        self.reading = Reading::Done;
        self.find_days();
    }

    /// Takes what happens, if it is this user's. What happens before somebody looks is read later.
    pub(super) fn hear(&mut self, user: &UserKey, entry: TimelineEntry) {
        let looks = !matches!(self.reading, Reading::Unread | Reading::Due);
        if self.user.as_ref() != Some(user) || !looks {
            return;
        }
        // Whoever looks at the newest goes on to; whoever reads another keeps it under the cursor.
        let is_new_day = self.days.first() != Some(&day(&entry));
        if self.cursor > 0 {
            self.cursor += 1;
        }
        if self.offset > 0 {
            self.offset += 1 + usize::from(is_new_day);
        }
        self.entries.push_front(entry);
        self.entries.truncate(MOST);
        self.find_days();
    }

    fn find_days(&mut self) {
        let mut before = Vec::new();
        self.days.clear();
        for (number, entry) in self.entries.iter().enumerate() {
            let day = day(entry);
            if self.days.last() != Some(&day) {
                self.days.push(day);
                before.push(number);
            }
        }
        self.headings = Headings::new(before);
    }

    /// Moves the cursor to an entry, at most the last.
    pub(super) fn go_to(&mut self, number: usize) {
        self.cursor = number.min(self.entries.len().saturating_sub(1));
    }

    /// Scrolls by lines; the cursor comes along.
    pub(super) fn scroll(&mut self, by: isize, height: usize) {
        self.offset = self.offset.saturating_add_signed(by).min(self.lines().saturating_sub(height));
        self.go_to(self.headings.nearest(self.cursor, self.offset, height, self.entries.len()));
    }

    pub(super) fn settle(&mut self, height: usize) {
        self.go_to(self.cursor);
        self.offset = self.headings.in_sight(self.offset, self.cursor, self.entries.len(), height);
    }
}

fn day(entry: &TimelineEntry) -> Date {
    entry.at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{AppAlias, UserId};
    use crate::session::Standing;
    use jiff::{SignedDuration, Timestamp};

    fn user(id: &str) -> UserKey {
        UserKey { app: AppAlias::new("local"), id: UserId::new(id) }
    }

    fn entry(hours: i64, what: &str) -> TimelineEntry {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        TimelineEntry {
            at,
            standing: Standing::Good,
            what: what.into(),
            rule: "because".into(),
            refresh: None,
        }
    }

    fn read(entries: &[(i64, &str)]) -> Timeline {
        let mut timeline = Timeline::default();
        timeline.show(Some(&user("1")));
        timeline.set_reading(Reading::Asked(DialogId::default()));
        timeline.take(&user("1"), entries.iter().map(|(hours, what)| entry(*hours, what)).collect());
        timeline
    }

    fn whats(timeline: &Timeline) -> Vec<&str> {
        timeline.entries().iter().map(|entry| entry.what.as_str()).collect()
    }

    #[test]
    fn what_happens_while_it_is_read_is_there_once() {
        let mut timeline = Timeline::default();
        timeline.show(Some(&user("1")));
        timeline.hear(&user("1"), entry(0, "before it was asked for"));
        timeline.set_reading(Reading::Asked(DialogId::default()));
        timeline.hear(&user("1"), entry(1, "read already"));
        timeline.hear(&user("1"), entry(2, "too late to be read"));
        timeline.hear(&user("2"), entry(2, "somebody else"));
        let stored = vec![entry(0, "before it was asked for"), entry(1, "read already")];
        timeline.take(&user("2"), vec![]);
        assert_ne!(*timeline.reading(), Reading::Done, "the answer is about somebody else");
        timeline.take(&user("1"), stored);
        assert_eq!(whats(&timeline), ["too late to be read", "read already", "before it was asked for"]);
    }

    #[test]
    fn what_is_read_again_is_in_its_place() {
        let mut timeline = read(&[(1, "gone meanwhile"), (2, "mine")]);
        timeline
            .take(&user("1"), vec![entry(2, "mine"), entry(3, "of another process"), entry(4, "mine too")]);
        assert_eq!(whats(&timeline), ["mine too", "of another process", "mine"]);
    }

    #[test]
    fn each_day_has_a_heading() {
        let timeline = read(&[(1, "a"), (2, "b"), (30, "c")]);
        let lines: Vec<_> = (0..timeline.lines()).map(|line| timeline.at(line)).collect();
        assert_eq!(lines, [At::Heading(0), At::Item(0), At::Heading(1), At::Item(1), At::Item(2)]);
        assert_eq!(timeline.day(0).unwrap().to_string(), "1970-01-02");
    }

    #[test]
    fn who_reads_is_not_led_away_and_who_looks_at_the_newest_follows() {
        let mut timeline = read(&[(1, "a"), (2, "b"), (3, "c")]);
        timeline.hear(&user("1"), entry(4, "d"));
        assert_eq!(timeline.current().unwrap().what, "d");
        timeline.go_to(2);
        timeline.settle(2);
        let (line, offset) = (timeline.headings.line(2), timeline.offset());
        timeline.hear(&user("1"), entry(30, "another day"));
        timeline.settle(2);
        assert_eq!(timeline.current().unwrap().what, "b");
        assert_eq!(timeline.headings.line(3) - timeline.offset(), line - offset, "it stands where it stood");
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut timeline = read(&[(0, "the first")]);
        for number in 0..MOST as i64 {
            timeline.hear(&user("1"), entry(number, "more"));
        }
        assert_eq!(timeline.entries().len(), MOST);
        assert!(!whats(&timeline).contains(&"the first"));
    }

    #[test]
    fn another_user_has_another_timeline() {
        let mut timeline = read(&[(1, "a")]);
        timeline.show(Some(&user("1")));
        assert_eq!(whats(&timeline), ["a"]);
        timeline.show(Some(&user("2")));
        assert_eq!((whats(&timeline).len(), timeline.reading()), (0, &Reading::Unread));
    }
}
