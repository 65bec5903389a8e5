//! The views that take the whole body.

use super::*;
use crate::account::EndReason;
use crate::tui::content::scale::Zoom;
use crate::tui::history::Level;
use crate::tui::layout::View;
use crate::tui::lifetimes::OrderBy;

const DAY: i64 = 24 * 60 * 60;

/// Users whose refresh tokens live for so many days.
fn living(days: &[i64]) -> Snapshot {
    let mut snapshot = snapshot(0..days.len());
    for (user, days) in snapshot.users.iter_mut().zip(days) {
        let user = Arc::make_mut(user);
        let expires = now() + SignedDuration::from_secs(days * DAY);
        let lifetime = Some(Lifetime::new(now() - SignedDuration::from_secs(DAY), expires));
        user.refresh = user.access.clone().map(|token| TokenView { lifetime, ..token });
    }
    snapshot
}

fn chart(days: &[i64]) -> Model {
    let mut model = model();
    show(&mut model, living(days));
    keys(&mut model, "6");
    model
}

fn fails(model: &mut Model, message: &str, app: &str, who: &str) {
    let subject = Subject::App { app: AppAlias::new(app), who: Some(who.into()) };
    let failure = Failure {
        kind: FailureKind::Credentials,
        action: "log in",
        message: message.into(),
        hint: "Check both.".into(),
    };
    update(model, event(None, subject, EventKind::Failed(failure)));
}

fn happens(model: &mut Model, number: usize, kind: EventKind) {
    let subject = Subject::User { key: key(number), label: format!("user{number}@example.com") };
    update(model, event(None, subject, kind));
}

/// The texts of the entries that the log shows.
fn entries(model: &Model) -> Vec<String> {
    let history = model.state.activity.history();
    model.log.rows().iter().filter_map(|row| Some(history.get(*row)?.words.clone())).collect()
}

#[test]
fn a_view_opens_by_its_key_and_closes_by_it_or_escape() {
    let mut model = with_users(0..2);
    for (key, view) in [("6", View::Lifetimes), ("8", View::Log)] {
        keys(&mut model, key);
        assert_eq!(model.state.view, view);
        keys(&mut model, key);
        assert_eq!(model.state.view, View::Board);
        keys(&mut model, key);
        press(&mut model, KeyCode::Esc);
        assert_eq!(model.state.view, View::Board);
    }
    keys(&mut model, "68");
    assert_eq!(model.state.view, View::Log, "from one view to another");
}

#[test]
fn who_has_to_log_in_comes_first_and_whose_end_is_near_next() {
    let mut snapshot = living(&[50, 5, 60, 7, 8]);
    Arc::make_mut(&mut snapshot.users[2]).state = SessionState::LogInRequired(EndReason::SessionRevoked);
    Arc::make_mut(&mut snapshot.users[3]).state = SessionState::LoggedOut;
    let mut model = model();
    show(&mut model, snapshot);
    keys(&mut model, "6");
    assert_eq!(model.lifetimes.order(), [2, 1, 4, 0, 3]);

    // Sorted by the access token, whose ends are the same, the users stand as on the board.
    keys(&mut model, "s");
    assert_eq!(model.lifetimes.order_by, OrderBy::Access);
    assert_eq!(model.lifetimes.order(), [2, 0, 1, 4, 3]);
}

#[test]
fn the_cursor_of_the_chart_is_the_selection_of_the_board() {
    let mut model = chart(&[50, 5, 60]);
    // The selected user is in the middle of the chart.
    assert_eq!((model.lifetimes.order(), model.lifetimes.cursor()), (&[1, 0, 2][..], 1));
    keys(&mut model, "k");
    assert_eq!(selected(&model), Some(key(1)));
    let (command, _) = sent(keys(&mut model, "R"));
    assert!(matches!(command.downcast_ref(), Some(session::Refresh { user }) if *user == key(1)));
    keys(&mut model, "G");
    press(&mut model, KeyCode::Enter);
    assert_eq!((model.state.view, selected(&model)), (View::Board, Some(key(2))));

    // When the order changes the cursor stays with its user.
    keys(&mut model, "6");
    show(&mut model, living(&[50, 5, 1]));
    assert_eq!((model.lifetimes.cursor(), selected(&model)), (0, Some(key(2))));
}

#[test]
fn a_refresh_token_that_ends_moves_its_user_to_the_top() {
    let mut model = chart(&[50, 3]);
    // Who was selected is not who is first.
    let end = now() + SignedDuration::from_secs(3 * DAY);
    assert_eq!(model.lifetimes.regroup_at(), Some(end));
    assert!(next_change::next_change(&model).is_some_and(|at| at <= end));
    update(&mut model, Message::Now(now() + SignedDuration::from_secs(51 * DAY)));
    assert_eq!(model.lifetimes.order(), [0, 1], "both are over; they stand as on the board");
    assert_eq!(model.lifetimes.regroup_at(), None);
}

#[test]
fn the_chart_zooms_in_steps() {
    let mut model = chart(&[50]);
    assert_eq!(model.lifetimes.zoom, Zoom::default());
    keys(&mut model, "-");
    assert_eq!(model.lifetimes.zoom, Zoom::default().farther());
    keys(&mut model, "+=");
    assert_eq!(model.lifetimes.zoom, Zoom::default().closer());
}

#[test]
fn a_chart_of_what_is_far_away_wakes_nobody_soon() {
    let mut snapshot = living(&[50]);
    Arc::make_mut(&mut snapshot.users[0]).access = None;
    let mut model = model();
    show(&mut model, snapshot);
    keys(&mut model, "6+++++");
    update(&mut model, Message::Now(now() + SignedDuration::from_secs(1)));
    // At this zoom a cell is a minute and more; the end is not in sight, and the text changes by the hour.
    let change = next_change::next_change(&model).unwrap();
    assert!(change >= now() + SignedDuration::from_mins(59), "{change}");
}

#[test]
fn the_log_has_every_event_and_follows() {
    let mut model = with_users(0..2);
    happens(&mut model, 0, session::Refreshed.into());
    fails(&mut model, "invalid username/password", "local", "ada@example.com");
    keys(&mut model, "8");
    assert_eq!(entries(&model).len(), 2);
    assert_eq!(model.log.cursor(), 1);
    happens(&mut model, 1, session::Refreshed.into());
    assert_eq!(model.log.cursor(), 2, "it follows");
    keys(&mut model, "k");
    happens(&mut model, 1, session::LoggedOut.into());
    assert_eq!(model.log.cursor(), 1, "one who looks is not led away");
    keys(&mut model, "G");
    assert!(model.log.follows());
}

#[test]
fn the_log_is_filtered_by_level_user_and_app() {
    let mut model = with_users(0..2);
    happens(&mut model, 0, session::Refreshed.into());
    happens(&mut model, 1, EventKind::AccessRefused { action: "read" });
    happens(&mut model, 0, session::ApiKeys(Arc::from([])).into());
    fails(&mut model, "wrong", "local", "user0@example.com");
    fails(&mut model, "wrong", "shop", "eve@example.com");
    keys(&mut model, "8");
    let mut counts = vec![entries(&model).len()];
    for _ in 0..4 {
        keys(&mut model, "f");
        counts.push(entries(&model).len());
    }
    assert_eq!(counts, [5, 4, 3, 2, 5], "all, info, warn, errors, all");

    // A log-in that failed is the user's by name.
    keys(&mut model, "u");
    assert_eq!(entries(&model).len(), 3);
    keys(&mut model, "u");
    keys(&mut model, "a");
    assert_eq!(model.log.filter().app, Some(AppAlias::new("local")));
    assert_eq!(entries(&model).len(), 4);
    keys(&mut model, "a");
    assert_eq!((model.log.filter().app.clone(), entries(&model).len()), (None, 5));
}

#[test]
fn all_of_an_entry_is_shown_and_copied() {
    let mut model = with_users(0..1);
    fails(&mut model, "invalid username/password", "local", "ada@example.com");
    keys(&mut model, "8");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.log.open(), Some(0));
    let body = model.state.regions().body;
    let lines = model.log.lines(&model.state, body);
    let has = |name, value| lines.contains(&(name, String::from(value)));
    assert!(has("level", "error") && has("user", "ada@example.com") && has("next", "Check both."));
    assert!(has("failure", "wrong credentials") && has("what", "invalid username/password"), "{lines:?}");
    match keys(&mut model, "y").as_slice() {
        [Effect::Copy { text, .. }] => assert!(text.expose_secret().contains("next: Check both.")),
        other => panic!("a copy is expected: {other:?}"),
    }
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.log.open(), model.state.view), (None, View::Log));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.state.view, View::Board);
}

#[test]
fn an_error_of_the_screen_itself_is_in_the_log_once() {
    let mut model = with_users(0..1);
    update(&mut model, Message::WorkerStopped);
    keys(&mut model, "8");
    assert_eq!(entries(&model).len(), 1);
    assert_eq!(model.log.current(&model.state).map(|entry| entry.level), Some(Level::Error));
}

#[test]
fn the_log_stays_in_order_when_the_oldest_entries_make_way() {
    let mut model = with_users(0..1);
    keys(&mut model, "8");
    for _ in 0..10 {
        happens(&mut model, 0, session::Refreshed.into());
    }
    keys(&mut model, "g");
    for _ in 0..crate::tui::history::MOST {
        happens(&mut model, 0, session::LoggedOut.into());
    }
    assert_eq!(model.log.rows().len(), crate::tui::history::MOST);
    assert_eq!(model.log.cursor(), 0, "the selected entry is gone, the oldest one takes its place");
    assert!(model.log.current(&model.state).is_some_and(|entry| entry.words == "logged out"));
}

#[test]
fn before_a_renewal_is_before_it_began() {
    let mut model = model();
    let mut state = |state: SessionState, fingerprint: &str| {
        let mut snapshot = snapshot(0..1);
        let user = Arc::make_mut(&mut snapshot.users[0]);
        user.state = state;
        user.access.as_mut().unwrap().fingerprint = fingerprint.into();
        show(&mut model, snapshot);
        let former = model.compare.former(&key(0)).cloned();
        former.map(|former| (former.state.clone(), former.access.as_ref().unwrap().fingerprint.clone()))
    };
    assert_eq!(state(SessionState::Active, "first"), None);
    assert_eq!(state(SessionState::Refreshing, "first"), None);
    let first = Some((SessionState::Active, "first".to_owned()));
    assert_eq!(state(SessionState::Active, "second"), first);
    // One that came to nothing changes nothing.
    assert_eq!(state(SessionState::Refreshing, "second"), first);
    assert_eq!(state(SessionState::Active, "second"), first);
    assert_eq!(state(SessionState::Active, "third"), Some((SessionState::Active, "second".to_owned())));
}
