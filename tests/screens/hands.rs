//! What hands do on the board: filter, marks, batches, the palette, copies, the mouse, and keys of one's own.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use idmux::account::{AccessToken, RefreshToken, UserKey};
use idmux::session::{self, Event, EventKind, Failure, FailureKind, RequestId, Snapshot, Subject};
use idmux::tui::Keymap;
use idmux::tui::effect::Effect;
use idmux::tui::keymap::Setting;
use idmux::tui::layout::{Pane, View};
use idmux::tui::message::Message;
use idmux::tui::update::update;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::layout::Size;
use secrecy::ExposeSecret;

use crate::driver::{LARGE, MEDIUM, SMALL, Screen};
use crate::fixture::*;
use crate::scenes::{HUGE, Table};

fn many() -> Snapshot {
    with_users((0..120).map(|number| {
        let name = if number % 40 == 7 { "grace" } else { "user" };
        user(number, &format!("{name}{number}@example.com"))
    }))
}

fn ctrl(screen: &mut Screen, c: char) {
    screen.tell(Message::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)));
}

fn first_line_with(screen: &Screen, text: &str) -> String {
    let drawn = screen.draw();
    drawn
        .lines()
        .find(|line| line.contains(text))
        .unwrap_or_else(|| panic!("no {text:?} in\n{drawn}"))
        .to_owned()
}

fn listed(screen: &Screen) -> Vec<String> {
    screen.model.state.shown_users().map(|user| user.label.clone()).collect()
}

fn selected(screen: &Screen) -> Option<UserKey> {
    screen.model.state.selected().map(|user| user.key.clone())
}

/// Answers the newest command.
fn answer(screen: &mut Screen, kind: EventKind) {
    let request = screen.sent.as_ref().map(|(id, _)| *id);
    let subject = Subject::User { key: key(1), label: "ada@example.com".into() };
    screen.event(Event { at: now(), request, subject, kind });
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("filter_typed", six(), |screen| {
        screen.keys("/ex ab");
    });
    table.add("filter_kept", six(), |screen| {
        screen.keys("/ada").press(KeyCode::Enter);
    });
    table.add("filter_nobody", six(), |screen| {
        screen.keys("/zzz");
    });

    table.add("marks", six(), |screen| {
        screen.keys(" j ");
    });
    table.add("marks_hidden", six(), |screen| {
        screen.keys("v/gr").press(KeyCode::Enter);
    });
    table.add("marks_remove", six(), |screen| {
        screen.keys("vx");
    });

    table.add("marks_log_out", six(), |screen| {
        screen.keys("vo");
    });
    table.add("marks_refresh", six(), |screen| {
        screen.keys("vR");
    });

    table.add("palette", six(), |screen| {
        screen.keys(":");
    });
    table.add("palette_typed", six(), |screen| {
        screen.keys("jjjjj:tok");
    });
    table.add("palette_user", six(), |screen| {
        screen.keys(":hopper");
    });

    table.add("copy_menu", six(), |screen| {
        screen.keys("Y");
    });
}

#[test]
fn a_filter_shows_whom_it_finds_while_one_types() {
    let mut screen = Screen::with(SMALL, many());
    screen.keys("/grace");
    assert_eq!(listed(&screen), ["grace7@example.com", "grace47@example.com", "grace87@example.com"]);
    assert!(first_line_with(&screen, "▶ Users").contains("/grace  3 of 120"), "{}", screen.draw());
    screen.press(KeyCode::Down);
    assert_eq!(selected(&screen), Some(key(47)));
    // Letters that are commands elsewhere are text here.
    screen.keys("q");
    assert!(!screen.quit && listed(&screen).is_empty() && selected(&screen).is_none());
    screen.press(KeyCode::Backspace).press(KeyCode::Enter);
    assert_eq!(selected(&screen), Some(key(47)), "who was selected is hidden no more");
    screen.keys("G");
    assert_eq!(selected(&screen), Some(key(87)));
    // Another snapshot is filtered by the same text.
    screen.snapshot(with_users([user(1, "ada@example.com"), user(2, "graceful@example.com")]));
    assert_eq!(listed(&screen), ["graceful@example.com"]);
    screen.press(KeyCode::Esc);
    assert_eq!(listed(&screen).len(), 2);
    assert_eq!(selected(&screen), Some(key(2)), "the selection stays on its user");
}

#[test]
fn a_filter_finds_by_app_provider_and_id() {
    let mut screen = Screen::with(SMALL, six());
    for (text, found) in [("anon", 2), ("local", 6), ("email hopper", 1), ("00000003", 1), ("a4b8d93e", 6)] {
        screen.keys("/").keys(text);
        assert_eq!(listed(&screen).len(), found, "{text}: {:?}", listed(&screen));
        screen.press(KeyCode::Esc);
    }
}

#[test]
fn marks_concern_what_is_shown() {
    let mut screen = Screen::with(SMALL, many());
    screen.keys("  /grace").press(KeyCode::Enter).keys("v");
    assert_eq!(screen.model.state.marked.len(), 5);
    assert_eq!(screen.model.state.marked_shown, 3);
    screen.keys("x");
    assert!(screen.draw().contains("3 marked users are logged out"), "{}", screen.draw());
    // The harmless answer has the focus.
    screen.press(KeyCode::Enter);
    assert!(screen.sent.is_none() && screen.model.dialogs.is_empty());
    screen.press(KeyCode::Esc);
    assert!(
        screen.model.state.marked.is_empty() && screen.model.state.users.filter.is_on(),
        "one thing at a time"
    );
    screen.press(KeyCode::Esc);
    assert!(!screen.model.state.users.filter.is_on());
    // A mark goes with its user.
    screen.keys("v").snapshot(with_users([user(3, "c@example.com")]));
    assert_eq!(screen.model.state.marked.len(), 1);
}

#[test]
fn a_batch_goes_a_few_at_a_time_and_tells_its_results_together() {
    let mut screen = Screen::with(SMALL, many());
    screen.keys("v");
    let mut waiting: Vec<(RequestId, UserKey)> = Vec::new();
    let (mut sent, mut most) = (0, 0);
    let mut effects = update(&mut screen.model, Message::Key(KeyEvent::from(KeyCode::Char('R'))));
    loop {
        while let Some(effect) = effects.pop() {
            let Effect::Send { operation, dialog } = effect else { panic!("{effect:?}") };
            let Some(session::Refresh { user }) = operation.downcast_ref() else { panic!("{operation:?}") };
            let id = RequestId::next();
            (sent, most) = (sent + 1, most.max(waiting.len() + 1));
            waiting.push((id, user.clone()));
            effects.extend(update(&mut screen.model, Message::Sent { dialog, result: Ok(id) }));
        }
        let Some((id, key)) = waiting.pop() else { break };
        let kind = if key.id.as_str().ends_with("05") {
            EventKind::Failed(Failure {
                kind: FailureKind::Unreachable,
                action: "renew the access token",
                message: "no answer".into(),
                hint: String::new(),
            })
        } else {
            session::Refreshed.into()
        };
        let subject = Subject::User { key, label: "eve@example.com".into() };
        let event = Event { at: now(), request: Some(id), subject, kind };
        effects.extend(update(&mut screen.model, Message::Event(event)));
    }
    assert_eq!((sent, screen.model.batch.is_none()), (120, true));
    assert!(most <= 16, "{most} at once");
    let said = &screen.model.state.activity.shown().unwrap().text;
    assert_eq!(said, "refreshed 119 of 120 users, 1 failed: eve@example.com: no answer");
}

#[test]
fn a_batch_can_be_stopped() {
    let mut screen = Screen::with(SMALL, many());
    screen.keys("vR");
    assert!(screen.draw().contains("refreshing 120 users: 0 of 120"), "{}", screen.draw());
    screen.press(KeyCode::Esc);
    assert!(screen.draw().contains("what was not begun is cancelled"));
    assert!(!screen.model.state.marked.is_empty(), "the marks are there for another try");
}

#[test]
fn the_palette_runs_what_it_finds() {
    let mut screen = Screen::with(SMALL, six());
    ctrl(&mut screen, 'p');
    screen.keys("renew access").press(KeyCode::Enter);
    assert!(matches!(screen.sent.as_ref().unwrap().1.downcast_ref(), Some(session::Refresh { .. })));
    // An action of another pane, and one with a dialog of its own.
    screen.press(KeyCode::Tab).keys(":log in another").press(KeyCode::Enter);
    assert!(screen.draw().contains("Log in to local"), "{}", screen.draw());
    screen.press(KeyCode::Esc);
    // A user by name; nothing is typed into the panes behind.
    screen.keys(":grace").press(KeyCode::Enter);
    assert_eq!((selected(&screen), screen.model.state.focus), (Some(key(3)), Pane::Users));
    // The app: its current user.
    screen.keys(":local").press(KeyCode::Enter);
    // Why something is not offered.
    screen.keys("G:").keys("renew the access");
    assert!(screen.draw().contains("barbara@example.com is logged out"), "{}", screen.draw());
    screen.press(KeyCode::Esc).keys(":quit").press(KeyCode::Enter);
    assert!(screen.quit);
}

/// Kind: a thing that is there and is not found by its name, or by the name that other programs give it.
#[test]
fn the_palette_knows_things_by_their_names() {
    for (typed, name) in [
        ("log out", "log out"),
        ("sign out", "log out"),
        ("switch", "make current"),
        ("lock", "lock"),
        ("theme", "theme ansi"),
        ("copy access token", "copy access token"),
        ("forget", "remove"),
    ] {
        let mut screen = Screen::with(SMALL, six());
        screen.keys(":").keys(typed);
        let first = first_line_with(&screen, "┃ ▸ ");
        assert!(first.contains(&format!("┃ ▸ {name} ")), "{typed}: {first}");
    }
    let run = |typed: &str| {
        let mut screen = Screen::with(SMALL, six());
        screen.keys("j:").keys(typed).press(KeyCode::Enter);
        screen
    };
    assert!(run("lock").asked::<session::Lock>().is_some());
    assert!(matches!(run("switch").sent.unwrap().1.downcast_ref(), Some(session::MakeCurrent { .. })));
    assert!(matches!(run("copy access token").sent.unwrap().1.downcast_ref(), Some(session::Token { .. })));
    assert_eq!(
        run("copy user id").copied.map(|id| id.expose_secret().to_owned()),
        Some(key(2).id.to_string())
    );
    let before = Screen::with(SMALL, six()).model.state.theme;
    assert_ne!(run("theme high-contrast").model.state.theme, before);
}

#[test]
fn the_palette_leads_to_an_app() {
    let mut screen = Screen::with(SMALL, six());
    screen.keys("G:local");
    while !first_line_with(&screen, "▸ ").contains(" app ") {
        let before = screen.draw();
        screen.press(KeyCode::Down);
        assert_ne!(before, screen.draw(), "an app is listed");
    }
    screen.press(KeyCode::Enter);
    assert_eq!(selected(&screen), Some(key(1)), "its current user");
}

fn copied(screen: &mut Screen, keys: &str) -> String {
    screen.copied = None;
    screen.keys(keys);
    screen.copied.as_ref().map(|text| text.expose_secret().to_owned()).unwrap_or_default()
}

#[test]
fn what_is_under_the_cursor_is_copied_and_not_said() {
    let mut screen = Screen::with(LARGE, six());
    let id = key(1).id.to_string();
    assert_eq!(copied(&mut screen, "y"), id);
    assert!(first_line_with(&screen, "is copied").contains("the user id is copied"));
    assert!(!first_line_with(&screen, "is copied").contains(&id));
    // Session: the state, then the user's id; in the end the claims.
    assert_eq!(copied(&mut screen, "2jy"), id);
    assert!(copied(&mut screen, "Gy").contains("local-userpass"));
    assert_eq!(copied(&mut screen, "3gy"), "6501f0c2a4b8d93e00001d01");
    assert_eq!(copied(&mut screen, "Gy"), "Ada Lovelace");
    assert_eq!(copied(&mut screen, "4gy"), "6501f0c2a4b8d93e0000da7a");
    assert_eq!(copied(&mut screen, "jy"), "dark");
    assert_eq!(copied(&mut screen, "jy"), "42");
}

#[test]
fn tokens_are_asked_for_and_go_to_the_terminal_only() {
    let mut screen = Screen::with(LARGE, six());
    screen.keys("Y").press(KeyCode::Down).press(KeyCode::Enter);
    assert!(
        matches!(screen.sent.as_ref().unwrap().1.downcast_ref(), Some(session::Token { user, .. }) if *user == key(1))
    );
    answer(
        &mut screen,
        session::TokenRead { access: AccessToken::new("acc.ess.token"), expires: None }.into(),
    );
    assert_eq!(screen.copied.as_ref().unwrap().expose_secret(), "acc.ess.token");
    assert!(screen.model.dialogs.is_empty());
    assert!(first_line_with(&screen, "is copied").contains("the access token is copied"));

    screen.keys("Yr");
    assert!(
        matches!(screen.sent.as_ref().unwrap().1.downcast_ref(), Some(session::ReadRefreshToken { user }) if *user == key(1))
    );
    answer(&mut screen, session::RefreshTokenRead(RefreshToken::new("ref.resh.token")).into());
    assert_eq!(screen.copied.as_ref().unwrap().expose_secret(), "ref.resh.token");
    let whole = format!("{:?}{}", screen.model, screen.draw());
    assert!(!whole.contains("ref.resh.token") && !whole.contains("acc.ess.token"));

    let profile = copied(&mut screen, "Yp");
    assert!(
        profile.contains("\"email\": \"ada@example.com\"") && profile.contains("local-userpass"),
        "{profile}"
    );

    // Whoever closed the menu gets nothing.
    screen.copied = None;
    screen.keys("Ya").press(KeyCode::Esc);
    answer(
        &mut screen,
        session::TokenRead { access: AccessToken::new("acc.ess.token"), expires: None }.into(),
    );
    assert!(screen.copied.is_none());
}

#[test]
fn digits_lead_to_panes() {
    let mut screen = Screen::with(SMALL, six());
    for (digit, pane) in [
        ("2", Pane::Session),
        ("4", Pane::CustomData),
        ("3", Pane::Identities),
        ("5", Pane::Timeline),
        ("1", Pane::Users),
    ] {
        screen.keys(digit);
        assert_eq!(screen.model.state.focus, pane);
    }
    // Also from the views, which have digits of their own.
    for (digit, view) in [("6", View::Lifetimes), ("7", View::Compare), ("8", View::Log)] {
        screen.keys(digit);
        assert_eq!(screen.model.state.view, view);
        screen.keys("3");
        assert_eq!((screen.model.state.view, screen.model.state.focus), (View::Board, Pane::Identities));
    }
}

fn mouse(screen: &mut Screen, kind: MouseEventKind, (column, row): (u16, u16), at: Timestamp) {
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    screen.tell(Message::Mouse { event, at });
}

fn click(screen: &mut Screen, at: (u16, u16), ms: i64) {
    let when = now() + SignedDuration::from_millis(ms);
    mouse(screen, MouseEventKind::Down(MouseButton::Left), at, when);
    mouse(screen, MouseEventKind::Up(MouseButton::Left), at, when);
}

#[test]
fn a_click_focuses_and_selects_and_two_are_enter() {
    let mut screen = Screen::with(SMALL, six());
    click(&mut screen, (10, 6), 0);
    assert_eq!((selected(&screen), screen.model.state.focus), (Some(key(3)), Pane::Users));
    click(&mut screen, (10, 6), 2000);
    assert_eq!(screen.model.state.focus, Pane::Users, "too late for a double click");
    click(&mut screen, (10, 6), 2200);
    assert_eq!(screen.model.state.focus, Pane::Session, "as Enter in Users");
    // A row of the custom data, beside other panes.
    screen.tell(Message::Resize(MEDIUM));
    let data = screen.model.state.regions().inside(Pane::CustomData);
    screen.keys("1g4G");
    let rows = screen.model.custom_data.tree.rows().len();
    click(&mut screen, (data.x + 2, data.y), 9000);
    assert_eq!(screen.model.state.focus, Pane::CustomData);
    assert_eq!(screen.model.custom_data.tree.cursor(), screen.model.custom_data.list.offset());
    screen.keys("G");
    assert_eq!(screen.model.custom_data.tree.cursor(), rows - 1);
}

#[test]
fn a_click_on_a_tab_opens_it() {
    let mut screen = Screen::with(SMALL, six());
    for pane in [Pane::Timeline, Pane::Session, Pane::CustomData, Pane::Identities, Pane::Users] {
        let tabs = screen.draw().lines().nth(1).unwrap().trim_matches('"').to_owned();
        let column = tabs[..tabs.find(pane.title()).unwrap()].chars().count() as u16;
        click(&mut screen, (column, 1), 0);
        assert_eq!(screen.model.state.focus, pane);
        let drawn = screen.draw();
        assert!(drawn.contains(&format!("▶ {}", pane.title())), "{drawn}");
        let tabs = drawn.lines().nth(1).unwrap();
        assert!(tabs.contains(&format!("▸{} {}", pane as usize + 1, pane.title())), "{tabs}");
    }
    // Behind the last one there is nothing, and a dialog keeps its own.
    click(&mut screen, (79, 1), 1000);
    assert_eq!(screen.model.state.focus, Pane::Users);
    screen.keys("D");
    click(&mut screen, (14, 1), 2000);
    assert_eq!((screen.model.state.focus, screen.model.dialogs.len()), (Pane::Users, 1));
}

#[test]
fn a_click_on_a_hint_does_it() {
    let mut screen = Screen::with(SMALL, six());
    let hints = screen.draw().lines().last().unwrap().to_owned();
    let column = |words: &str| hints[..hints.find(words).unwrap()].chars().count() as u16 - 1;
    click(&mut screen, (column("log in"), 23), 0);
    assert!(screen.draw().contains("Log in to local"));
    // In the dialog its own hints count, and the panes behind it are out of reach.
    click(&mut screen, (10, 5), 100);
    assert_eq!(selected(&screen), Some(key(1)));
    let hints = screen.draw().lines().last().unwrap().to_owned();
    let cancel = hints[..hints.find("cancel").unwrap()].chars().count() as u16 - 1;
    click(&mut screen, (cancel, 23), 200);
    assert!(screen.model.dialogs.is_empty());
}

#[test]
fn the_wheel_scrolls_what_is_under_the_pointer() {
    let mut screen = Screen::with(MEDIUM, many());
    screen.keys("2");
    mouse(&mut screen, MouseEventKind::ScrollDown, (10, 5), now());
    assert_eq!((screen.model.state.users.offset(), screen.model.state.focus), (3, Pane::Session));
    assert_eq!(selected(&screen), Some(key(3)), "the selection stays in sight");
    mouse(&mut screen, MouseEventKind::ScrollUp, (10, 5), now());
    assert_eq!((screen.model.state.users.offset(), selected(&screen)), (0, Some(key(3))));
    let session = screen.model.state.regions().inside(Pane::Session);
    mouse(&mut screen, MouseEventKind::ScrollDown, (session.x, session.y), now());
    assert_eq!(screen.model.session.list.offset(), 3);
}

#[test]
fn the_split_is_dragged_and_bounded() {
    for (size, is_wide) in [(MEDIUM, false), (HUGE, true)] {
        let mut screen = Screen::with(size, six());
        let users = screen.model.state.regions().pane(Pane::Users);
        let place = |by: i32| {
            let (x, y) = (i32::from(users.right()) - 1, i32::from(users.bottom()) - 1);
            if is_wide { ((x + by).max(0) as u16, 10) } else { (10, (y + by).max(0) as u16) }
        };
        let extent = |screen: &Screen| {
            let users = screen.model.state.regions().pane(Pane::Users);
            if is_wide { users.width } else { users.height }
        };
        let before = extent(&screen);
        // Without the button held on the line, a movement means nothing.
        mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), place(2), now());
        assert_eq!(extent(&screen), before);
        mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), place(0), now());
        mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), place(2), now());
        assert_eq!(extent(&screen), before + 2);
        for far in [-500, 500] {
            mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), place(far), now());
            for pane in Pane::ALL {
                assert!(screen.model.state.regions().inside(pane).height > 0, "{pane:?} at {far}");
            }
        }
        mouse(&mut screen, MouseEventKind::Up(MouseButton::Left), place(500), now());
        let dropped = extent(&screen);
        mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), place(0), now());
        assert_eq!(extent(&screen), dropped);
    }
}

#[test]
fn keys_of_ones_own_are_hinted_listed_and_obeyed() {
    let setting = |action: &str, keys: &[&str]| Setting {
        line: 1,
        place: None,
        action: action.into(),
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
    };
    let mut screen = Screen::with(LARGE, six());
    screen.model.state.keymap =
        Keymap::remapped(&[setting("refresh", &["f5"]), setting("delete", &["<none>"])]).unwrap();
    assert!(screen.draw().lines().last().unwrap().contains("F5 refresh"), "{}", screen.draw());
    screen.keys("RD");
    assert!(screen.sent.is_none() && screen.model.dialogs.is_empty());
    screen.press(KeyCode::F(5));
    assert!(matches!(screen.sent.as_ref().unwrap().1.downcast_ref(), Some(session::Refresh { .. })));
    screen.keys("?");
    let help = screen.draw();
    assert!(help.contains("F5"), "{help}");
    assert!(!help.contains("delete the account at the server"), "{help}");
}

/// `docs/keys.md` is what the program says. `UPDATE=1` writes it.
#[test]
fn the_documentation_of_keys_is_up_to_date() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let page = Keymap::default().markdown();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/keys.md is out of date: run the tests with UPDATE=1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is typed, clicked and scrolled, the selection is a user that is listed, and everything can be drawn.
    #[test]
    fn hands_break_nothing(
        width in 80u16..180, height in 24u16..50,
        steps in prop::collection::vec((0usize..9, 0u16..180, 0u16..50, "[a-z/ :1-5AvyYzGgj]"), 1..40),
    ) {
        let mut screen = Screen::with(Size { width, height }, six());
        for (kind, column, row, text) in steps {
            let button = MouseButton::Left;
            match kind {
                0 => mouse(&mut screen, MouseEventKind::ScrollDown, (column, row), now()),
                1 => mouse(&mut screen, MouseEventKind::ScrollUp, (column, row), now()),
                2 => mouse(&mut screen, MouseEventKind::Drag(button), (column, row), now()),
                3 | 4 => click(&mut screen, (column, row), i64::from(column)),
                5 => { screen.press(KeyCode::Esc); }
                6 => screen.snapshot(if row % 2 == 0 { six() } else { with_users([user(2, "b@example.com")]) }),
                _ => { screen.keys(&text); }
            }
            let model = &screen.model;
            let listed = model.state.users.get(model.state.users.index(), &model.state.snapshot);
            prop_assert_eq!(model.state.selected(), listed);
            prop_assert!(model.state.marked_shown <= model.state.marked.len());
            screen.draw();
        }
    }
}
