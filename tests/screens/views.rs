//! The views that take the whole body: the chart of lifetimes, the log of this run.

use std::sync::Arc;

use crossterm::event::KeyCode;
use idmux::account::{AppAlias, EndReason, Lifetime, SessionState};
use idmux::session::{self, Event, EventKind, Failure, FailureKind, Snapshot, Subject, TokenView};
use idmux::tui::message::Message;
use idmux::tui::next_change;
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::HOSTILE;
use crate::driver::Screen;
use crate::fixture::{after, key, now, six, user, with_users};
use crate::scenes::{SIZES, Table};

const DAY: i64 = 24 * 60 * 60;

/// Six users, all of whose tokens lie so far back: the clock of their App was moved.
fn six_after(by: SignedDuration) -> Snapshot {
    let mut snapshot = six();
    let back = |token: &mut Option<TokenView>| {
        if let Some(life) = token.as_mut().and_then(|token| token.lifetime.as_mut()) {
            *life = Lifetime::new(life.issued - by, life.expires - by);
        }
    };
    for user in &mut snapshot.users {
        let user = Arc::make_mut(user);
        back(&mut user.access);
        back(&mut user.refresh);
    }
    snapshot.apps[0].skew = Some(by);
    snapshot
}

fn event(seconds: i64, number: usize, label: &str, kind: EventKind) -> Event {
    let subject = Subject::User { key: key(number), label: label.into() };
    Event { at: after(seconds), request: None, subject, kind }
}

fn failed_log_in(message: &str) -> Event {
    let failure = Failure {
        kind: FailureKind::Credentials,
        action: "log in",
        message: message.into(),
        hint: "Check both, or tick “register this account first”.".into(),
    };
    let subject = Subject::App { app: AppAlias::new("local"), who: Some("eve@example.com".into()) };
    Event { at: after(-20), request: None, subject, kind: EventKind::Failed(failure) }
}

fn a_day(screen: &mut Screen) {
    let ada = "ada@example.com";
    screen.event(event(-90, 1, ada, session::Entered::LoggedIn { replaced: false }.into()));
    screen.event(event(-80, 1, ada, session::ApiKeys(Arc::from([])).into()));
    screen.event(event(-70, 2, "anonymous …000002", session::Refreshed.into()));
    let cause = "http://127.0.0.1:41234 does not answer".to_owned();
    let postponed = EventKind::RefreshPostponed { cause, retry_at: Some(after(8)) };
    screen.event(event(-30, 4, "alan@example.com", postponed));
    screen.event(failed_log_in("invalid username/password"));
    let ended = EventKind::LogInRequired(EndReason::SessionRevoked);
    screen.event(event(-10, 5, "edsger@example.com", ended));
    screen.press(KeyCode::Esc).press(KeyCode::Esc);
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("lifetimes", six(), |screen| {
        screen.keys("6");
    });
    table.add("lifetimes_hour", six(), |screen| {
        screen.keys("6+++++s");
    });
    table.add("lifetimes_year", six(), |screen| {
        screen.keys("6-j");
    });
    table.add("lifetimes_nobody", with_users([]), |screen| {
        screen.press(KeyCode::Esc).keys("6");
    });

    table.add("lifetimes_after_61_days", six_after(SignedDuration::from_hours(61 * 24)), |screen| {
        screen.keys("6");
    });

    let mut snapshot = six();
    let mut shop = snapshot.apps[0].clone();
    shop.alias = AppAlias::new("shop");
    snapshot.apps.push(shop);
    let mut eve = user(7, "eve@example.com");
    eve.key.app = AppAlias::new("shop");
    snapshot.users.push_back(Arc::new(eve));
    table.add("lifetimes_two_apps", snapshot, |screen| {
        screen.keys("6");
    });

    table.add("lifetimes_week", six(), |screen| _ = screen.keys("6++"));

    table.add("log", six(), |screen| {
        a_day(screen);
        screen.keys("8");
    });
    table.add("log_errors", six(), |screen| {
        a_day(screen);
        screen.keys("8fff");
    });
    table.add("log_of_a_user", six(), |screen| {
        a_day(screen);
        screen.keys("8u");
    });
    table.add("log_entry", six(), |screen| {
        a_day(screen);
        screen.keys("8k").press(KeyCode::Enter);
    });
    table.add("log_empty", six(), |screen| {
        screen.keys("8");
    });
}

#[test]
fn nothing_hostile_reaches_a_cell_of_a_view() {
    for size in SIZES {
        let mut hostile = user(1, HOSTILE);
        hostile.state = SessionState::AccessExpired { cause: HOSTILE.into(), retry_at: None };
        let mut screen = Screen::with(size, with_users([hostile]));
        screen.event(event(
            0,
            1,
            HOSTILE,
            EventKind::Failed(Failure {
                kind: FailureKind::Refused,
                action: "log in",
                message: HOSTILE.into(),
                hint: HOSTILE.into(),
            }),
        ));
        let mut seen = vec![screen.keys("6").draw()];
        seen.push(screen.keys("8").draw());
        seen.push(screen.keys("u").draw());
        seen.push(screen.press(KeyCode::Enter).draw());
        for drawn in seen {
            let bad = |c: &char| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{2066}".contains(*c));
            assert_eq!(drawn.chars().find(bad), None, "{drawn}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_chart_stays_the_same_until_its_next_change(
        lives in prop::collection::vec((-2 * DAY..70 * DAY, -60i64..4000), 1..4),
        zoom in 0usize..8, by_access: bool, skip in 0i64..4_000_000,
    ) {
        let users = lives.iter().enumerate().map(|(number, (refresh, access))| {
            let mut user = user(number, "ada@example.com");
            user.refresh.as_mut().unwrap().lifetime =
                Some(Lifetime::new(after(-2 * DAY), after(*refresh)));
            user.access.as_mut().unwrap().lifetime =
                Some(Lifetime::new(after(-60), after(*access)));
            user
        });
        let mut screen = Screen::with(SIZES[0], with_users(users));
        screen.keys("6-").keys(&"+".repeat(zoom)).keys(if by_access { "s" } else { "" });
        screen.tell(Message::Now(now() + SignedDuration::from_secs(skip)));
        for _ in 0..5 {
            let before = screen.draw();
            let Some(change) = next_change::next_change(&screen.model) else {
                screen.tell(Message::Now(screen.model.state.now + SignedDuration::from_hours(100_000)));
                prop_assert_eq!(screen.draw(), before);
                return Ok(());
            };
            prop_assert!(change > screen.model.state.now);
            screen.tell(Message::Now(change - SignedDuration::from_nanos(1)));
            prop_assert_eq!(screen.draw(), before);
            screen.tell(Message::Now(change + SignedDuration::from_nanos(999_999_999)));
        }
    }
}
