//! The Timeline pane: what happened to the selected user, a line an entry below the heading of its day, the newest first;
//! where there is room, all of the entry under the cursor.
//!
//! It is read once, when somebody looks at it and the selection rests; what happens afterwards comes by itself.

use std::collections::VecDeque;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{Input, Panel, Reaction, State, is_movement, target};
use crate::account::UserKey;
use crate::format;
use crate::session::{TimelineEntry, UserView};
use crate::text;
use crate::tui::effect::DialogId;
use crate::tui::frame::{self, Screen};
use crate::tui::layout::Pane;
use crate::tui::widget::line::{self, lines, put, span};
use crate::tui::widget::list::{At, Headings};
use crate::tui::widget::page::Spot;
use crate::tui::words;

/// From this width on there is room for the seconds.
const ROOMY: usize = 56;

/// Columns of how long ago it was.
const AGE: usize = 6;

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

    /// Is about this user from now on.
    fn be_about(&mut self, user: Option<&UserKey>) {
        if self.user.as_ref() != user {
            *self = Self { user: user.cloned(), ..Self::default() };
        }
    }

    pub fn set_reading(&mut self, reading: Reading) {
        self.reading = reading;
    }

    /// Takes what was read, the oldest first. What has happened since is kept.
    pub fn take(&mut self, user: &UserKey, read: Vec<TimelineEntry>) {
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
    pub fn hear(&mut self, user: &UserKey, entry: TimelineEntry) {
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

    fn settle_in(&mut self, height: usize) {
        self.go_to(self.cursor);
        self.offset = self.headings.in_sight(self.offset, self.cursor, self.entries.len(), height);
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
    pub fn go_to(&mut self, number: usize) {
        self.cursor = number.min(self.entries.len().saturating_sub(1));
    }

    /// Scrolls by lines; the cursor comes along.
    pub fn scroll(&mut self, by: isize, height: usize) {
        self.offset = self.offset.saturating_add_signed(by).min(self.lines().saturating_sub(height));
        self.go_to(self.headings.nearest(self.cursor, self.offset, height, self.entries.len()));
    }
}

fn day(entry: &TimelineEntry) -> Date {
    entry.at.to_zoned(TimeZone::UTC).date()
}

impl Panel for Timeline {
    fn handle(&mut self, input: &Input, state: &mut State) -> Option<Vec<Reaction>> {
        let height = state.regions().rows(Pane::Timeline);
        match input {
            Input::Action(action) if is_movement(*action) => self.go_to(target(*action, self.cursor, height)),
            Input::Click(Spot::Row(row)) => match self.at(self.offset + row) {
                At::Item(number) if number < self.entries.len() => self.go_to(number),
                At::Item(_) | At::Heading(_) => return None,
            },
            Input::Wheel(by) => self.scroll(*by, height),
            _ => return None,
        }
        Some(vec![])
    }

    fn draw(&self, state: &State, screen: &Screen, buffer: &mut Buffer) -> Option<Position> {
        let area = screen.regions.pane(Pane::Timeline);
        if area.area() == 0 {
            return None;
        }
        let timeline = self;
        let list = screen.regions.list(Pane::Timeline);
        let height = usize::from(list.height);
        let block = frame::frame(state, screen, Pane::Timeline);
        let (first, end) = timeline.range_in_sight(height);
        frame::with_position(&state.theme, block, first, end - first, timeline.entries().len())
            .render(area, buffer);
        if timeline.entries().is_empty() {
            frame::empty(&state.theme, list, buffer, &nothing(state, &self.reading));
            return None;
        }
        for (line, row) in (timeline.offset()..timeline.lines()).zip(list.rows()) {
            match timeline.at(line) {
                At::Heading(number) => {
                    let day = timeline.day(number).map(|day| format!("── {day} UTC ")).unwrap_or_default();
                    put(&Line::from(span(day, state.theme.muted)), row, buffer);
                }
                At::Item(number) => {
                    let Some(entry) = timeline.entries().get(number) else { break };
                    let line = entry_line(state, entry, usize::from(list.width));
                    frame::row(state, screen, Pane::Timeline, line, number == timeline.cursor(), row, buffer);
                }
            }
        }
        let inside = screen.regions.inside(Pane::Timeline);
        let below =
            Rect { y: list.bottom(), height: inside.bottom().saturating_sub(list.bottom()), ..inside };
        if let Some(entry) = timeline.current().filter(|_| below.height > 0) {
            lines(below, buffer, whole(state, entry, below));
        }
        None
    }

    fn next_change(&self, state: &State) -> Option<Timestamp> {
        let entries = self.in_sight(state.regions().rows(Pane::Timeline));
        entries.map(|entry| words::next_age_change(entry.at, state.now)).min()
    }

    fn show(&mut self, user: Option<&UserView>, is_another: bool) {
        if is_another {
            self.be_about(user.map(|user| &user.key));
        }
    }

    fn settle(&mut self, state: &State) {
        self.settle_in(state.regions().rows(Pane::Timeline));
    }

    fn copied(&self, _state: &State) -> Option<(String, String)> {
        let TimelineEntry { at, what, rule, .. } = self.current()?;
        Some((format!("{} {what} ({rule})", words::moment(*at)), "the entry of the timeline".into()))
    }
}

fn nothing(state: &State, reading: &Reading) -> String {
    match (state.selected(), reading) {
        (None, _) => words::no_user(&state.keymap, state.is_locked()),
        (Some(_), Reading::Failed(why)) => format!("✗ The timeline was not read: {}", text::inert(why)),
        (Some(_), Reading::Done) => {
            "Nothing was noted yet. What happens to the session is noted here.".into()
        }
        (Some(_), _) => "reading…".into(),
    }
}

fn entry_line(state: &State, entry: &TimelineEntry, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let (how, glyph) = (entry.severity, format::glyph(entry.severity));
    let time = entry.at.strftime(if columns < ROOMY { "%H:%M" } else { "%H:%M:%S" });
    let when = format!("{time} {} ", text::fit_right(&words::age(entry.at, state.now), AGE));
    let what = text::inert(&entry.what);
    let what = text::cut(&what, columns.saturating_sub(when.len() + 2)).into_owned();
    Line::from(vec![
        span(when, theme.muted),
        span(format!("{glyph} "), line::tone(theme, how)),
        span(what, theme.text),
    ])
}

/// All of an entry: when, what, and the rule that decided.
fn whole(state: &State, entry: &TimelineEntry, area: Rect) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let columns = usize::from(area.width);
    let (how, glyph) = (entry.severity, format::glyph(entry.severity));
    let what = text::inert(&entry.what).into_owned();
    let rule = text::wrap(&text::inert(&entry.rule), columns);
    // The rule is short; what happened may be a server's long sentence.
    let room = usize::from(area.height).saturating_sub(1 + rule.len()).max(1);
    let mut what = text::wrap(&format!("{glyph} {what}"), columns);
    if what.len() > room {
        what.truncate(room);
        if let Some(last) = what.last_mut() {
            *last = text::cut(&format!("{last}…"), columns).into_owned();
        }
    }
    std::iter::once(frame::rule(theme, vec![span(words::moment(entry.at), theme.muted)], columns))
        .chain(what.into_iter().map(|line| Line::from(span(line, line::tone(theme, how)))))
        .chain(rule.into_iter().map(|line| Line::from(span(line, theme.muted))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Severity;
    use crate::account::{AppAlias, UserId};
    use jiff::{SignedDuration, Timestamp};

    fn user(id: &str) -> UserKey {
        UserKey { app: AppAlias::new("local"), id: UserId::new(id) }
    }

    fn entry(hours: i64, what: &str) -> TimelineEntry {
        let at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        TimelineEntry {
            at,
            severity: Severity::Good,
            what: what.into(),
            rule: "because".into(),
            refresh: None,
        }
    }

    fn read(entries: &[(i64, &str)]) -> Timeline {
        let mut timeline = Timeline::default();
        timeline.be_about(Some(&user("1")));
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
        timeline.be_about(Some(&user("1")));
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
        timeline.settle_in(2);
        let (line, offset) = (timeline.headings.line(2), timeline.offset());
        timeline.hear(&user("1"), entry(30, "another day"));
        timeline.settle_in(2);
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
        timeline.be_about(Some(&user("1")));
        assert_eq!(whats(&timeline), ["a"]);
        timeline.be_about(Some(&user("2")));
        assert_eq!((whats(&timeline).len(), timeline.reading()), (0, &Reading::Unread));
    }
}
