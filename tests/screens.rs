//! The screen as a person sees it, with a clock that stands still.

#[path = "screens/board.rs"]
mod board;
#[path = "screens/boards.rs"]
mod boards;
#[path = "screens/browser.rs"]
mod browser;
#[path = "screens/compare.rs"]
mod compare;
#[path = "screens/custom_data.rs"]
mod custom_data;
#[path = "screens/dialogs.rs"]
mod dialogs;
#[path = "screens/driver.rs"]
mod driver;
#[path = "screens/fixture.rs"]
mod fixture;
#[path = "screens/hands.rs"]
mod hands;
#[path = "screens/looks.rs"]
mod looks;
#[path = "screens/resize.rs"]
mod resize;
#[path = "screens/scenes.rs"]
mod scenes;
#[path = "screens/views.rs"]
mod views;

use crossterm::event::KeyCode;
use driver::{LARGE, MEDIUM, SMALL, Screen};
use fixture::*;
use idmux::account::{EndReason, Provider, SessionState, Severity};
use idmux::session::{
    self, Event, EventKind, Failure, FailureKind, KeySource, RecordName, SetAside, Snapshot, Subject,
    VaultStatus,
};
use idmux::tui::message::Message;
use idmux::tui::next_change;
use jiff::SignedDuration;
use proptest::prelude::*;
use ratatui::layout::Size;
use scenes::{SIZES, Table};

fn vault(status: VaultStatus) -> Snapshot {
    Snapshot { vault: status, apps: vec![], ..nobody() }
}

fn about_ada(kind: EventKind) -> Event {
    let subject = Subject::User { key: key(1), label: "ada@example.com".into() };
    Event { at: now(), request: None, subject, kind }
}

fn failure(message: &str, hint: &str) -> EventKind {
    EventKind::Failed(Failure {
        kind: FailureKind::Credentials,
        action: "log in",
        message: message.into(),
        hint: hint.into(),
    })
}

/// The scenes.
pub fn first_scenes(table: &mut Table) {
    table.add("first_run", nobody(), |_| {});

    table.add("log_in_again", six(), |screen| {
        screen.keys("jjjj");
        screen.event(about_ada(EventKind::LogInRequired(EndReason::SessionRevoked)));
    });

    table.add("offline", six(), |screen| {
        screen.keys("jjj");
    });

    table.add("custom_data", six(), |screen| {
        screen.keys("4Gkkkh");
    });

    table.add("help", six(), |screen| {
        screen.keys("?");
    });

    table.add("dialog_log_in", six(), |screen| {
        screen.keys("lada@example.com").press(KeyCode::Tab).keys("hunter2");
    });
    table.add("dialog_log_in_anonymously", six(), |screen| {
        screen.keys("l").press(KeyCode::Up).press(KeyCode::Right);
    });
    table.add("dialog_log_in_again", six(), |screen| {
        screen.keys("jjjjl");
    });
    table.add("dialog_log_in_waits", six(), |screen| {
        screen.keys("lada@example.com").press(KeyCode::Tab).keys("hunter2").press(KeyCode::Enter);
    });
    table.add("dialog_log_in_failed", six(), |screen| {
        screen.keys("lada@example.com").press(KeyCode::Tab).keys("hunter2").press(KeyCode::Enter);
        let request = screen.sent.as_ref().map(|(id, _)| *id);
        let kind = failure("invalid username/password", "Check both, or tick “register this account first”.");
        screen.event(Event { request, ..about_ada(kind) });
    });

    table.add("dialog_register_refused", six(), |screen| {
        screen.keys("rada@example.com").press(KeyCode::Tab).keys("short").press(KeyCode::Enter);
    });

    table.add("dialog_remove", six(), |screen| {
        screen.keys("x");
    });
    table.add("dialog_remove_field", six(), |screen| {
        screen.keys("4Gd");
    });

    table.add("dialog_edit", six(), |screen| {
        screen.keys("4je");
    });
    table.add("dialog_edit_invalid", six(), |screen| {
        screen.keys("4Ge").keys("]");
        for _ in 0..10 {
            screen.press(KeyCode::Backspace);
        }
        screen.keys("{\"a\": ");
    });
    table.add("dialog_add", six(), |screen| {
        screen.keys("4Ga").keys("2").press(KeyCode::Tab).keys("true");
    });

    let why = "no Secret Service on the session bus".to_owned();
    table.add("vault_opening", vault(VaultStatus::Opening), |_| {});
    table.add("vault_choose_key", vault(VaultStatus::ChooseKey { why: why.clone() }), |screen| {
        screen
            .press(KeyCode::Tab)
            .keys("correct horse")
            .press(KeyCode::Tab)
            .keys("battery")
            .press(KeyCode::Enter);
    });
    table.add("vault_choose_key_file", vault(VaultStatus::ChooseKey { why: why.clone() }), |screen| {
        screen.press(KeyCode::Down);
    });
    let locked =
        VaultStatus::Locked { key: KeySource::Passphrase, why: Some("the passphrase is wrong".into()) };
    table.add("vault_locked", vault(locked), |_| {});
    let locked =
        VaultStatus::Locked { key: KeySource::Keyring, why: Some("it did not answer within 3 s".into()) };
    table.add("vault_locked_keyring", vault(locked), |_| {});
    let failed =
        VaultStatus::Failed { why: "/home/ada/.local/share/idmux/vault.db is newer than this idmux.".into() };
    table.add("vault_failed", vault(failed), |_| {});
    let locked = VaultStatus::Locked { key: KeySource::Passphrase, why: None };
    table.add("vault_opens", vault(locked), |screen| {
        screen.keys("correct horse").press(KeyCode::Enter);
    });

    table.add("set_aside", six(), |screen| {
        let mut snapshot = six();
        let set_aside = vec![SetAside {
            record: RecordName::User(key(9)),
            why: "the record was changed outside of idmux".into(),
        }];
        snapshot.vault = VaultStatus::Open { key: KeySource::Keyring, set_aside };
        screen.snapshot(snapshot);
        screen.event(about_ada(failure(
            "http://127.0.0.1:41234 does not answer: connection refused (os error 111)",
            "Start the server, or check the address of the App local.",
        )));
        screen.event(about_ada(session::Refreshed.into()));
    });

    table.add_at("too_small", Size { width: 60, height: 20 }, six(), |_| {});

    let mut wide = user(1, "山田太郎@例え.テスト");
    wide.custom_data = Some(bson::doc! { "名前": "山田太郎", "🚀": "👍🏽", "zoë": "e\u{301}" });
    table.add("wide_glyphs", with_users([wide, user(2, "ولید@example.com")]), |_| {});

    table.add("hostile_text", hostile(), |_| {});
}

const HOSTILE: &str = "\x1b[2J\u{202e}evil\u{200b}\u{7}\u{9b}31m\r\n\u{e0041}";

/// A user whose every text is hostile.
fn hostile() -> Snapshot {
    let mut user = user(1, HOSTILE);
    user.provider = Provider::Other(HOSTILE.into());
    user.state = SessionState::RefreshDue { cause: HOSTILE.into(), retry_at: Some(after(8)) };
    for token in [&mut user.access, &mut user.refresh].into_iter().flatten() {
        token.claims = [(HOSTILE.to_owned(), HOSTILE.into())].into_iter().collect();
        token.fingerprint = HOSTILE.into();
    }
    let profile = user.profile.as_mut().unwrap();
    profile.user_type = HOSTILE.into();
    profile.identities[0].provider = Provider::Other(HOSTILE.into());
    profile.identities[0].id = HOSTILE.into();
    profile.data = [(HOSTILE.to_owned(), HOSTILE.into())].into_iter().collect();
    user.custom_data = Some(bson::doc! { HOSTILE: HOSTILE, "inner": { HOSTILE: HOSTILE } });
    let mut snapshot = with_users([user, fixture::user(2, "mallory@example.com")]);
    snapshot.apps[0].client_app_id = HOSTILE.into();
    let set_aside = vec![SetAside { record: RecordName::User(key(9)), why: HOSTILE.into() }];
    snapshot.vault = VaultStatus::Open { key: KeySource::Keyring, set_aside };
    snapshot
}

#[test]
fn nothing_hostile_reaches_a_cell() {
    type Step = fn(&mut Screen);
    let steps: [Step; 9] = [
        |_| {},
        |screen| _ = screen.keys("x"),
        |screen| _ = screen.keys("D"),
        |screen| _ = screen.keys("L"),
        |screen| _ = screen.keys("4e"),
        |screen| _ = screen.keys("4jja"),
        |screen| _ = screen.keys("4d"),
        |screen| screen.event(about_ada(failure(HOSTILE, HOSTILE))),
        |screen| {
            screen.keys("l\u{202e}x").press(KeyCode::Tab).keys("hunter2").press(KeyCode::Enter);
            let request = screen.sent.as_ref().map(|(id, _)| *id);
            screen.event(Event { request, ..about_ada(failure(HOSTILE, HOSTILE)) });
        },
    ];
    for size in [SMALL, LARGE] {
        for step in steps {
            let mut screen = Screen::with(size, hostile());
            step(&mut screen);
            let shown = screen.draw();
            let evil =
                |c: &char| c.is_control() && *c != '\n' || "\u{202e}\u{200b}\u{9b}\u{e0041}".contains(*c);
            assert_eq!(shown.chars().find(evil), None, "{shown}");
        }
    }
}

#[test]
fn selection_and_focus_differ_in_style() {
    let mut screen = Screen::with(MEDIUM, six());
    let users_focused = screen.buffer();
    let (selected, other) = (&users_focused[(10, 3)], &users_focused[(10, 4)]);
    assert_ne!(selected.style(), other.style());
    screen.press(KeyCode::Tab);
    let session_focused = screen.buffer();
    assert_ne!(users_focused[(10, 3)].style(), session_focused[(10, 3)].style(), "selection");
    assert_ne!(session_focused[(10, 3)].style(), session_focused[(10, 4)].style(), "selection without focus");
    assert_ne!(users_focused[(0, 1)].style(), session_focused[(0, 1)].style(), "border");
    assert_ne!(users_focused[(0, 1)].symbol(), session_focused[(0, 1)].symbol(), "border without colour");
}

/// A user whose tokens have lived for a while.
fn any_user() -> impl Strategy<Value = idmux::session::UserView> {
    let length = prop_oneof![1i64..120, 60i64..7200, 3600i64..6_000_000];
    let token =
        (length, 0.0..1.05f64).prop_map(|(length, age)| (length, length - (length as f64 * age) as i64));
    (token.clone(), token, 0i64..4000, any::<bool>()).prop_map(|(access, refresh, planned, offline)| {
        let mut user = user(1, "ada@example.com");
        user.access = Some(token_of("access", access));
        user.refresh = Some(token_of("refresh", refresh));
        user.next_refresh = Some(after(planned));
        if offline {
            user.state =
                SessionState::RefreshDue { cause: "no answer".into(), retry_at: Some(after(planned)) };
        }
        user
    })
}

fn token_of(kind: &str, (length, left): (i64, i64)) -> idmux::session::TokenView {
    fixture::token(kind, 1, length, left)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_screen_stays_the_same_until_its_next_change(
        user in any_user(), (size, keys) in prop::sample::select(vec![
            (SMALL, "1"), (SMALL, "2"), (SMALL, "5"), (MEDIUM, "1"), (LARGE, "1"), (LARGE, "z"),
        ]),
        ages in prop::collection::vec(0i64..200_000, 0..12),
    ) {
        let mut screen = Screen::with(size, with_users([user]));
        screen.keys(keys);
        board::timeline(&mut screen, ages.into_iter().rev().map(|age| (-age, Severity::Good, "logged in")));
        for _ in 0..4 {
            let before = screen.draw();
            let Some(change) = next_change::next_change(&screen.model) else {
                screen.tell(Message::Now(screen.model.state.now + SignedDuration::from_hours(100_000)));
                prop_assert_eq!(screen.draw(), before);
                return Ok(());
            };
            screen.tell(Message::Now(change - SignedDuration::from_nanos(1)));
            prop_assert_eq!(screen.draw(), before.clone());
            // The model knows whole seconds only.
            screen.tell(Message::Now(change + SignedDuration::from_nanos(999_999_999)));
            prop_assert_ne!(screen.draw(), before);
        }
    }
}
