//! The board: its panes as tabs, in two columns and in three; users of several apps, of one, and nobody; the timeline.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use idmux::account::{AppAlias, Severity, UserId};
use idmux::session::{
    self, AppView, Event, EventKind, Failure, FailureKind, SendError, Snapshot, Subject, TimelineEntry,
};
use idmux::tui::effect::Effect;
use idmux::tui::layout::Pane;
use idmux::tui::message::Message;
use idmux::tui::next_change;
use idmux::tui::update::update;
use idmux::tui::widget::list::At;
use jiff::SignedDuration;

use crate::driver::{LARGE, MEDIUM, SMALL, Screen};
use crate::fixture::{after, app, key, now, six, user, with_users};
use crate::scenes::Table;
use crate::{HOSTILE, about_ada};

/// Lets the selection rest, and answers what is asked then with entries, the oldest first.
pub fn timeline<'a>(screen: &mut Screen, entries: impl IntoIterator<Item = (i64, Severity, &'a str)>) {
    screen.rest();
    let Some((request, asked)) = screen.sent.take() else { return };
    let Some(session::ReadTimeline { user }) = asked.downcast_ref() else { return };
    let entry = |(seconds, severity, what): (i64, Severity, &str)| TimelineEntry {
        at: after(seconds),
        severity,
        what: what.into(),
        rule: "a renewed token is stored before it is used; one renewal is on the wire at a time".into(),
        refresh: None,
    };
    let subject = Subject::User { key: user.clone(), label: "ada@example.com".into() };
    let kind = session::Timeline(entries.into_iter().map(entry).collect()).into();
    screen.event(Event { at: now(), request: Some(request), subject, kind });
}

const DAY: i64 = 24 * 60 * 60;

/// What happened to Ada.
fn a_life(screen: &mut Screen) {
    timeline(
        screen,
        [
            (-2 * DAY, Severity::Good, "logged in"),
            (-2 * DAY + 40, Severity::Good, "linked anonymous"),
            (-DAY - 90, Severity::Plain, "logged out"),
            (-DAY, Severity::Good, "logged in again"),
            (-5 * 60 * 60, Severity::Good, "custom data written: address.city"),
            (-3605, Severity::Warn, "renewal put off: http://127.0.0.1:41234 does not answer"),
            (-3600, Severity::Good, "access token renewed"),
            (-330, Severity::Bad, "could not link: this identity belongs to another user of the App local"),
            (-301, Severity::Good, "access token renewed"),
        ],
    );
}

/// Three apps: one with six users, one with three, and one that still starts and has none.
fn several() -> Snapshot {
    let mut snapshot = six();
    let other = |alias: &str, url: Option<&str>| AppView {
        alias: AppAlias::new(alias),
        client_app_id: format!("{alias}-abcde"),
        base_url: url.map(|url| url.parse().unwrap()),
        current: Some(UserId::new(key(8).id.to_string())),
        kept: true,
        other_host: None,
        ..app()
    };
    let mut shop = other("shop", Some("https://services.cloud.mongodb.com"));
    shop.skew = Some(SignedDuration::from_secs(-90));
    snapshot.apps.push(shop);
    snapshot.apps.push(other("bank", None));
    for (number, name) in [(7, "linus"), (8, "margaret"), (9, "donald")] {
        let mut user = user(number, &format!("{name}@example.com"));
        user.key.app = AppAlias::new("shop");
        snapshot.users.push_back(Arc::new(user));
    }
    snapshot
}

fn selected(screen: &Screen) -> String {
    screen.model.state.selected().map(|user| user.label.clone()).unwrap_or_default()
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("board", six(), a_life);

    for (digit, name) in [("2", "session"), ("3", "identities"), ("4", "custom_data"), ("5", "timeline")] {
        table.add(format!("tab_{name}"), six(), move |screen| {
            screen.keys(digit);
            a_life(screen);
        });
        table.add(format!("zoomed_{name}"), six(), move |screen| {
            screen.keys(digit);
            a_life(screen);
            screen.keys("z");
        });
    }
    table.add("zoomed_users", six(), |screen| _ = screen.keys("z"));

    table.add("several_apps", several(), a_life);
    table.add("several_apps_filtered", several(), |screen| {
        screen.keys("/ma");
    });
    table.add("one_of_several_apps", several(), |screen| {
        screen.keys("Gf");
    });

    table.add("several_apps_nobody", Snapshot { users: Default::default(), ..several() }, |screen| {
        screen.press(KeyCode::Esc);
    });

    table.add("board_nobody", crate::fixture::nobody(), |screen| {
        screen.press(KeyCode::Esc);
    });
}

#[test]
fn a_pane_has_the_whole_screen_and_gives_it_back() {
    for size in [SMALL, LARGE] {
        let mut screen = Screen::with(size, six());
        screen.keys("5");
        a_life(&mut screen);
        let before = screen.draw();
        screen.keys("z");
        assert_eq!(screen.model.state.regions().pane(Pane::Timeline), screen.model.state.regions().body);
        assert_eq!(screen.model.state.regions().body.height, size.height - 3, "all but three lines");
        screen.press(KeyCode::Esc);
        assert_eq!(screen.draw(), before);
    }
}

#[test]
fn headings_are_passed_by_and_never_selected() {
    let mut screen = Screen::with(SMALL, several());
    assert_eq!(screen.model.state.users.lines(&screen.model.state.snapshot), 9 + 3);
    let mut seen = vec![selected(&screen)];
    for _ in 0..8 {
        screen.keys("j");
        seen.push(selected(&screen));
    }
    assert_eq!(seen.len(), 9);
    assert!(seen[5].starts_with("barbara") && seen[6].starts_with("linus"), "{seen:?}");
    let at_the_end = screen.keys("j").draw();
    assert!(at_the_end.contains("▸  ● donald"), "{at_the_end}");
    screen.keys("gG");
    assert!(selected(&screen).starts_with("donald"));
}

#[test]
fn a_click_hits_the_row_that_is_drawn_there() {
    let mut screen = Screen::with(SMALL, several());
    let drawn = screen.draw();
    for (row, line) in drawn.lines().enumerate() {
        let before = selected(&screen);
        let event = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 20,
            row: row as u16,
            modifiers: KeyModifiers::NONE,
        };
        let at = now() + SignedDuration::from_secs(row as i64);
        let is_user =
            line.contains("@example.com") && line.contains("9d 23h") || line.contains("anonymous …");
        let is_of_list = (4..18).contains(&row);
        if row > 1 && row < 22 {
            screen.tell(Message::Mouse { event, at });
            match is_user && is_of_list {
                true => assert!(line.contains(&selected(&screen)), "{row}: {line}"),
                false if line.contains("── ") => assert_eq!(selected(&screen), before, "{row}: {line}"),
                false => {}
            }
        }
    }
}

#[test]
fn the_wheel_scrolls_over_headings() {
    // Two apps of twenty users each.
    let mut snapshot = several();
    snapshot.users.clear();
    for number in 0..40 {
        let mut user = user(number, &format!("user{number}@example.com"));
        user.key.app = AppAlias::new(if number < 20 { "local" } else { "shop" });
        snapshot.users.push_back(Arc::new(user));
    }
    let mut screen = Screen::with(SMALL, snapshot);
    let wheel = |screen: &mut Screen, kind| {
        let event = MouseEvent { kind, column: 10, row: 8, modifiers: KeyModifiers::NONE };
        screen.tell(Message::Mouse { event, at: now() });
        let rows = screen.model.state.regions().rows(Pane::Users);
        let in_sight = screen.model.state.users.rows_in_sight(rows, &screen.model.state.snapshot);
        assert!(in_sight.contains(&screen.model.state.users.index()), "the selection stays in sight");
    };
    for _ in 0..20 {
        wheel(&mut screen, MouseEventKind::ScrollDown);
    }
    let drawn = screen.draw();
    assert!(drawn.contains("user39@example.com") && drawn.contains("── bank"), "{drawn}");
    for _ in 0..20 {
        wheel(&mut screen, MouseEventKind::ScrollUp);
    }
    let drawn = screen.draw();
    assert!(drawn.contains("user0@example.com") && drawn.contains("── local"), "{drawn}");
    assert!(drawn.contains(" 1-13 of 40 "), "users are counted, not headings\n{drawn}");
}

#[test]
fn one_app_alone_and_back() {
    let mut screen = Screen::with(SMALL, several());
    screen.keys("Gf");
    assert_eq!(screen.model.state.shown_users().count(), 3);
    assert!(selected(&screen).starts_with("donald"), "the selection stays");
    assert!(matches!(screen.model.state.users.at(0), At::Item(0)), "one app needs no heading");
    // A text is looked for in it alone.
    screen.keys("/grace").press(KeyCode::Enter);
    assert_eq!(screen.model.state.shown_users().count(), 0);
    screen.press(KeyCode::Esc);
    assert_eq!(screen.model.state.shown_users().count(), 3, "one thing at a time");
    screen.press(KeyCode::Esc);
    assert_eq!(screen.model.state.shown_users().count(), 9);
    screen.keys("ff");
    assert_eq!(screen.model.state.shown_users().count(), 9);
    // The palette finds users of the others.
    screen.keys("f:ada@").press(KeyCode::Enter);
    assert_eq!(
        (selected(&screen).as_str(), screen.model.state.shown_users().count()),
        ("ada@example.com", 9)
    );
    // Where the app goes, everybody is shown again.
    screen.keys("Gf").snapshot(six());
    assert_eq!(screen.model.state.shown_users().count(), 6);
    screen.keys("f");
    assert!(screen.draw().contains("only one App is known"));
}

#[test]
fn an_app_without_users_is_where_one_logs_in_to_it() {
    let mut snapshot = several();
    snapshot.apps[2].base_url = Some("http://127.0.0.1:9090".parse().unwrap());
    let mut screen = Screen::with(SMALL, snapshot);
    screen.keys(":bank");
    while !screen.draw().contains("▸ bank") {
        let before = screen.draw();
        screen.press(KeyCode::Down);
        assert_ne!(before, screen.draw(), "the app is listed");
    }
    screen.press(KeyCode::Enter);
    assert!(screen.draw().contains("Nobody is logged in. Press l to log in"), "{}", screen.draw());
    screen.keys("l");
    assert!(screen.draw().contains("Log in to bank"), "{}", screen.draw());
}

#[test]
fn each_app_has_its_current_user() {
    let screen = Screen::with(LARGE, several());
    let drawn = screen.draw();
    let current: Vec<_> = drawn.lines().filter(|line| line.contains("* ●")).collect();
    assert!(current[0].contains("ada@example.com") && current[1].contains("margaret@example.com"), "{drawn}");
    assert_eq!(current.len(), 2);
}

#[test]
fn a_timeline_is_read_when_the_selection_rests_and_once() {
    let users = (0..50).map(|number| user(number, &format!("user{number}@example.com")));
    let mut screen = Screen::with(LARGE, with_users(users));
    for _ in 0..30 {
        screen.keys("j");
        assert!(screen.sent.is_none(), "nothing is read while the selection runs");
    }
    screen.rest();
    assert!(matches!(screen.asked(), Some(session::ReadTimeline { user }) if *user == key(30)));
    screen.sent = None;
    screen.snapshot((*screen.model.state.snapshot).clone());
    screen.tell(Message::Now(after(5)));
    screen.rest();
    assert!(screen.sent.is_none() && !screen.rests, "once");
}

#[test]
fn a_timeline_out_of_sight_is_not_read() {
    let mut screen = Screen::with(SMALL, six());
    screen.keys("jj");
    assert!(!screen.rests, "it is behind another tab");
    screen.keys("5");
    assert!(screen.rests);
    screen.keys("1").rest();
    assert!(screen.sent.is_none(), "nobody looks at it any more");
    screen.keys("8");
    screen.keys("5").rest();
    assert!(matches!(screen.asked(), Some(session::ReadTimeline { user }) if *user == key(3)));
}

#[test]
fn a_timeline_that_the_worker_has_no_time_for_is_asked_for_again() {
    let mut screen = Screen::with(LARGE, six());
    screen.rests = false;
    let effects = update(&mut screen.model, Message::Rested);
    let [Effect::Send { dialog, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    screen.tell(Message::Sent { dialog: *dialog, result: Err(SendError::Busy) });
    assert_eq!(screen.model.state.activity.unread(), 0, "nobody asked for it");
    screen.rest();
    assert!(screen.asked::<session::ReadTimeline>().is_some());
}

#[test]
fn a_timeline_follows_what_happens() {
    let mut screen = Screen::with(SMALL, six());
    screen.keys("5");
    a_life(&mut screen);
    screen.keys("z");
    assert_eq!(next_change::next_change(&screen.model), Some(after(30)), "ages, by the minute");
    screen.keys("z");
    screen.event(about_ada(session::Refreshed.into()));
    let drawn = screen.draw();
    let first = drawn.lines().position(|line| line.contains("21:40:03    now ✓ access token renewed"));
    assert_eq!(first, Some(4), "{drawn}");
    // What somebody else does is not hers, and what is read is no event.
    let before = screen.model.timeline.entries().len();
    let subject = Subject::User { key: key(2), label: "anonymous".into() };
    screen.event(Event { at: now(), request: None, subject, kind: session::LoggedOut.into() });
    screen.event(about_ada(session::MadeCurrent.into()));
    assert_eq!(screen.model.timeline.entries().len(), before);
    assert!(!screen.keys("8").draw().contains("timeline"), "the log has what happened, not what was read");
}

#[test]
fn what_another_process_noted_is_read_again() {
    let mut screen = Screen::with(SMALL, six());
    screen.keys("5");
    a_life(&mut screen);
    screen.event(about_ada(EventKind::ChangedElsewhere));
    assert!(screen.draw().contains("changed by another idmux"), "what is there stays in sight");
    screen.rest();
    assert!(matches!(screen.asked(), Some(session::ReadTimeline { user }) if *user == key(1)));
}

#[test]
fn a_timeline_that_cannot_be_read_says_so_in_its_place() {
    let mut screen = Screen::with(SMALL, six());
    screen.keys("5").rest();
    let (request, _) = screen.sent.take().unwrap();
    let failure = Failure {
        kind: FailureKind::Vault,
        action: "read the timeline",
        message: "the vault is closed".into(),
        hint: String::new(),
    };
    screen.event(Event { request: Some(request), ..about_ada(EventKind::Failed(failure)) });
    assert!(screen.draw().contains("✗ The timeline was not read: the vault is closed"), "{}", screen.draw());
    assert_eq!(screen.model.state.activity.unread(), 0);
}

#[test]
fn an_entry_is_copied_with_its_rule() {
    let mut screen = Screen::with(SMALL, six());
    screen.keys("5");
    a_life(&mut screen);
    screen.keys("jy");
    use secrecy::ExposeSecret;
    let copied = screen.copied.as_ref().unwrap().expose_secret();
    assert!(copied.starts_with("2026-11-22 21:34:33Z could not link") && copied.contains("(a renewed token"));
}

#[test]
fn nothing_hostile_reaches_a_cell_of_the_board() {
    for size in [SMALL, MEDIUM, LARGE] {
        let mut snapshot = several();
        for app in &mut snapshot.apps {
            app.client_app_id = HOSTILE.into();
        }
        let mut mallory = (*snapshot.users[0]).clone();
        mallory.label = HOSTILE.into();
        snapshot.users.set(0, Arc::new(mallory));
        snapshot.apps[2].alias = AppAlias::new(HOSTILE);
        let mut screen = Screen::with(size, snapshot);
        for key in ["1", "5"] {
            screen.keys(key);
            timeline(&mut screen, [(-5, Severity::Bad, HOSTILE)]);
            let drawn = screen.draw();
            let bad = |c: &char| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{e0041}".contains(*c));
            assert_eq!(drawn.chars().find(bad), None, "{drawn}");
        }
    }
}
