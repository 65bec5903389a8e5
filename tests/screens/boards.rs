//! The boards: clock and mailbox of a local App, the API keys of a user; and every provider's log-in.

use std::sync::Arc;

use crossterm::event::KeyCode;
use idmux::account::{
    ApiKey, ApiKeyId, ClockChange, Credentials, EmailAction, Mail, MailLink, MailPurpose, MailState,
    MailToken, NewApiKey, Provider,
};
use idmux::session::{
    self, AnyOperation, ClockView, Event, EventKind, LocalView, RequestId, Snapshot, Subject,
};
use idmux::tui::message::Message;
use idmux::tui::next_change;
use jiff::SignedDuration;
use secrecy::ExposeSecret;

use crate::driver::{LARGE, SMALL, Screen};
use crate::fixture::{after, alias, key, now, six};
use crate::scenes::Table;
use crate::{HOSTILE, failure};

const ALL: [Provider; 8] = [
    Provider::Anonymous,
    Provider::EmailPassword,
    Provider::ApiKey,
    Provider::CustomJwt,
    Provider::CustomFunction,
    Provider::Google,
    Provider::Facebook,
    Provider::Apple,
];

fn mail(id: i64, purpose: MailPurpose, email: &str, state: MailState, age: i64) -> Mail {
    let page = if purpose == MailPurpose::Confirm { "confirm" } else { "reset-password" };
    let token = format!("{id:0128x}");
    Mail {
        id,
        sent_at: after(-age),
        purpose,
        email: email.into(),
        subject: if purpose == MailPurpose::Confirm { "Confirm your address" } else { "Reset your password" }
            .into(),
        link: MailLink::new(format!(
            "http://localhost/{page}?token={token}&tokenId=6501f0c2a4b8d93e0000000{id}"
        )),
        token: MailToken { token: token.into(), id: format!("6501f0c2a4b8d93e0000000{id}") },
        delivery: "kept in the mailbox".into(),
        state,
    }
}

fn mails() -> Vec<Mail> {
    vec![
        mail(4, MailPurpose::Reset, "ada@example.com", MailState::Open, 20),
        mail(3, MailPurpose::Confirm, "margaret@example.com", MailState::Open, 300),
        mail(2, MailPurpose::Confirm, "grace.hopper@example.com", MailState::Used, 7300),
        mail(1, MailPurpose::Reset, "alan@example.com", MailState::Expired, 200_000),
    ]
}

fn local(offset: SignedDuration) -> LocalView {
    LocalView {
        providers: Some(ALL.to_vec()),
        clock: Some(ClockView { offset, frozen_at: None }),
        mails: Some(mails().into()),
    }
}

/// Six users of an App that somebody looks after, whose clock is so far ahead.
fn watched(ahead: SignedDuration) -> Snapshot {
    let mut snapshot = six();
    snapshot.apps[0].local = Some(Arc::new(local(ahead)));
    snapshot.apps[0].skew = Some(ahead).filter(|ahead| !ahead.is_zero());
    let ada = Arc::make_mut(&mut snapshot.users[0]);
    ada.api_keys = Some([("ci-runner", true), ("old-laptop", false)].map(api_key).to_vec().into());
    snapshot
}

fn api_key((name, enabled): (&str, bool)) -> ApiKey {
    let id = ApiKeyId::new(format!("6501f0c2a4b8d93e000000{:02}", name.len()));
    ApiKey { id, name: name.into(), enabled }
}

pub fn calm() -> Snapshot {
    watched(SignedDuration::ZERO)
}

/// Answers what was asked for last.
fn answer(screen: &mut Screen, kind: EventKind) {
    let request = screen.sent.as_ref().map(|(id, _)| *id);
    let subject = Subject::App { app: alias(), who: None };
    screen.event(Event { at: now(), request, subject, kind });
}

fn board(screen: &mut Screen, key: &str) {
    screen.keys(key);
    answer(screen, session::MailsRead(mails().into()).into());
}

fn last(screen: &Screen) -> AnyOperation {
    screen.sent.clone().expect("something was asked for").1
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("clock", calm(), |screen| board(screen, "T"));
    table.add("clock_ahead", watched(SignedDuration::from_hours(61 * 24)), |screen| {
        board(screen, "T");
        screen.keys("jjj");
    });
    table.add(
        "clock_frozen",
        {
            let mut snapshot = calm();
            let clock = ClockView { offset: SignedDuration::ZERO, frozen_at: Some(after(-77)) };
            snapshot.apps[0].stands_at = Some(after(-77));
            snapshot.apps[0].local =
                Some(Arc::new(LocalView { clock: Some(clock), ..local(SignedDuration::ZERO) }));
            snapshot
        },
        |screen| board(screen, "T"),
    );
    table.add("clock_amount", calm(), |screen| {
        board(screen, "T");
        screen.keys("a1w 2d");
    });
    table.add("clock_amount_waits", calm(), |screen| {
        board(screen, "T");
        screen.keys("a61d").press(KeyCode::Enter);
    });
    table.add("clock_amount_wrong", calm(), |screen| {
        board(screen, "T");
        screen.keys("asoon").press(KeyCode::Enter);
    });

    table.add("mailbox", calm(), |screen| board(screen, "M"));
    table.add("mailbox_second", calm(), |screen| {
        board(screen, "M");
        screen.keys("j");
    });
    table.add("mailbox_reset_password", calm(), |screen| {
        board(screen, "M");
        screen.press(KeyCode::Enter).keys("secret1");
    });
    table.add(
        "mailbox_empty",
        {
            let mut snapshot = calm();
            let view = LocalView { mails: Some([].into()), ..local(SignedDuration::ZERO) };
            snapshot.apps[0].local = Some(Arc::new(view));
            snapshot
        },
        |screen| board(screen, "M"),
    );

    table.add("api_keys", calm(), |screen| board(screen, "K"));
    let mut snapshot = calm();
    Arc::make_mut(&mut snapshot.users[0]).api_keys = Some([].into());
    table.add("api_keys_none", snapshot, |screen| board(screen, "K"));
    table.add("mailbox_used", calm(), |screen| {
        board(screen, "M");
        screen.keys("jj");
    });
    table.add("api_keys_new", calm(), |screen| {
        board(screen, "K");
        screen.keys("nci runner").press(KeyCode::Enter);
    });
    table.add("api_keys_new_waits", calm(), |screen| {
        board(screen, "K");
        screen.keys("ndeploy").press(KeyCode::Enter);
    });
    table.add("api_keys_new_failed", calm(), |screen| {
        board(screen, "K");
        screen.keys("ndeploy").press(KeyCode::Enter);
        answer(screen, failure("there are 20 keys already", "Delete one that nobody uses."));
    });
    table.add("api_keys_failed", calm(), |screen| {
        screen.keys("K");
        answer(screen, failure("http://127.0.0.1:41234 does not answer", "Start the server."));
    });
    table.add("api_keys_delete", calm(), |screen| {
        board(screen, "K");
        screen.keys("jd");
    });
    table.add("api_keys_secret", calm(), |screen| {
        board(screen, "K");
        screen.keys("ndeploy").press(KeyCode::Enter);
        let secret = "k3y".repeat(21) + "x";
        let new = NewApiKey { key: api_key(("deploy", true)), secret: secret.into() };
        answer(screen, session::ApiKeyCreated(new).into());
    });

    for (steps, name) in ["api_key", "jwt", "function", "google", "facebook", "apple"].iter().enumerate() {
        table.add(format!("dialog_log_in_by_{name}"), calm(), move |screen| {
            screen.keys("l").press(KeyCode::Up);
            for _ in 0..steps + 2 {
                screen.press(KeyCode::Right);
            }
            screen.press(KeyCode::Tab);
        });
    }
    for (steps, name) in [(5, "google"), (6, "facebook")] {
        table.add(format!("dialog_log_in_by_{name}_token"), calm(), move |screen| {
            screen.keys("l").press(KeyCode::Up);
            for _ in 0..steps {
                screen.press(KeyCode::Right);
            }
            screen.press(KeyCode::Tab).press(KeyCode::Right).press(KeyCode::Tab);
        });
    }
    table.add("dialog_log_in_by_function_wrong", calm(), |screen| {
        screen.keys("l").press(KeyCode::Up);
        for _ in 0..4 {
            screen.press(KeyCode::Right);
        }
        screen.press(KeyCode::Tab).keys("{\"name\": ");
    });
    let purposes = ["send", "reset", "confirm", "resend", "rerun", "call"];
    for (steps, name) in purposes.into_iter().enumerate() {
        table.add(format!("dialog_password_{name}"), calm(), move |screen| {
            screen.keys("P");
            for _ in 0..steps {
                screen.press(KeyCode::Right);
            }
        });
    }
    let google = LocalView { providers: Some(vec![Provider::Google]), ..local(SignedDuration::ZERO) };
    let mut snapshot = calm();
    snapshot.apps[0].local = Some(Arc::new(google));
    table.add("dialog_log_in_google_only", snapshot, |screen| _ = screen.keys("l"));
    table.add("dialog_link_by_jwt", calm(), |screen| {
        screen.keys("L").press(KeyCode::Up).press(KeyCode::Right).press(KeyCode::Tab);
    });
}

#[test]
fn only_what_the_app_has_is_offered() {
    let mut snapshot = calm();
    let view = LocalView { providers: Some(vec![Provider::Google]), ..local(SignedDuration::ZERO) };
    snapshot.apps[0].local = Some(Arc::new(view));
    let mut screen = Screen::with(SMALL, snapshot);
    screen.keys("K");
    assert!(screen.draw().contains("does not offer api key"), "{}", screen.draw());
    assert!(screen.model.dialogs.is_empty());
}

#[test]
fn each_method_makes_its_credentials() {
    type Check = fn(&Credentials) -> bool;
    let checks: [Check; 6] = [
        |it| matches!(it, Credentials::ApiKey(key) if key.expose_secret() == "s3cret"),
        |it| matches!(it, Credentials::CustomJwt(token) if token.expose_secret() == "s3cret"),
        |it| matches!(it, Credentials::CustomFunction(payload) if payload.0.is_empty()),
        |it| matches!(it, Credentials::Google(_)),
        |it| matches!(it, Credentials::Facebook(token) if token.expose_secret() == "s3cret"),
        |it| matches!(it, Credentials::Apple(token) if token.expose_secret() == "s3cret"),
    ];
    for (method, check) in checks.into_iter().enumerate() {
        let mut screen = Screen::with(SMALL, calm());
        screen.keys("l").press(KeyCode::Up);
        for _ in 0..method + 2 {
            screen.press(KeyCode::Right);
        }
        if method > 2 {
            // By the browser is what one need not choose.
            screen.press(KeyCode::Tab).press(KeyCode::Right).press(KeyCode::Up);
        }
        screen.press(KeyCode::BackTab);
        if method != 2 {
            screen.keys("s3cret");
        }
        screen.press(KeyCode::Enter);
        let asked = last(&screen);
        let Some(session::LogIn { credentials, .. }) = asked.downcast_ref() else { panic!("{asked:?}") };
        assert!(check(credentials), "{credentials:?}");
    }
}

#[test]
fn the_keys_of_the_clock_ask_for_its_changes() {
    let day = SignedDuration::from_hours(24);
    for (keys, change) in [
        ("m", ClockChange::Advance(SignedDuration::from_mins(30))),
        ("h", ClockChange::Advance(SignedDuration::from_hours(1))),
        ("d", ClockChange::Advance(day)),
        ("e", ClockChange::Advance(day * 61)),
        ("f", ClockChange::Freeze(true)),
        ("r", ClockChange::Reset),
    ] {
        let mut screen = Screen::with(SMALL, calm());
        board(&mut screen, "T");
        screen.keys(keys);
        assert_eq!(clock_change(&screen), change, "{keys}");
        // The board stays, and the row under the cursor does the same as its key.
        answer(&mut screen, session::MailsCleared.into());
        screen.keys("G").press(KeyCode::Enter);
        assert_eq!(clock_change(&screen), ClockChange::Reset);
    }
    let mut screen = Screen::with(SMALL, calm());
    board(&mut screen, "T");
    screen.keys("a-2d").press(KeyCode::Enter);
    assert_eq!(clock_change(&screen), ClockChange::Advance(day * -2));
}

fn clock_change(screen: &Screen) -> ClockChange {
    let asked = last(screen);
    asked.downcast_ref::<session::ChangeClock>().unwrap_or_else(|| panic!("{asked:?}")).change
}

#[test]
fn a_mail_is_used_copied_and_kept_under_the_cursor() {
    let mut screen = Screen::with(SMALL, calm());
    board(&mut screen, "M");
    screen.keys("jc");
    assert!(matches!(last(&screen).downcast_ref(), Some(session::ConfirmMail { mail: 3, .. })));
    // Another mail comes: the cursor stays with its own.
    answer(&mut screen, session::MailConfirmed { email: "margaret@example.com".into() }.into());
    let mut snapshot = calm();
    let mut more = mails();
    more.insert(0, mail(5, MailPurpose::Confirm, "zoe@example.com", MailState::Open, 1));
    let view = LocalView { mails: Some(more.into()), ..local(SignedDuration::ZERO) };
    snapshot.apps[0].local = Some(Arc::new(view));
    screen.snapshot(snapshot);
    screen.keys("y");
    assert_eq!(screen.copied.as_ref().unwrap().expose_secret(), mails()[1].link.expose());

    // A mail that was used is not used again.
    let before = screen.sent.as_ref().map(|(id, _)| *id);
    screen.keys("jc");
    assert_eq!(screen.sent.as_ref().map(|(id, _)| *id), before);

    // A reset mail opens the dialog with its link.
    screen.keys("gjc").keys("secret1").press(KeyCode::Enter);
    match last(&screen).downcast_ref() {
        Some(session::AccountAction { action: EmailAction::Reset { token, password }, .. }) => {
            assert_eq!((token, password.expose_secret()), (&mails()[0].token, "secret1"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_toggled_and_its_secret_is_shown_once() {
    let mut screen = Screen::with(SMALL, calm());
    board(&mut screen, "K");
    let switches = |screen: &Screen, of: &ApiKey, to: bool| {
        matches!(last(screen).downcast_ref(), Some(session::SwitchApiKey { user, key: id, enabled })
            if (user, id, *enabled) == (&key(1), &of.id, to))
    };
    screen.keys("e");
    assert!(switches(&screen, &api_key(("ci-runner", true)), false));
    answer(&mut screen, session::ApiKeySwitched { name: "ci-runner".into(), enabled: false }.into());
    screen.keys("j ");
    assert!(switches(&screen, &api_key(("old-laptop", false)), true));
    answer(&mut screen, session::ApiKeySwitched { name: "old-laptop".into(), enabled: true }.into());

    screen.keys("ndeploy").press(KeyCode::Enter);
    assert!(
        matches!(last(&screen).downcast_ref(), Some(session::CreateApiKey { name, .. }) if name == "deploy")
    );
    let new = NewApiKey { key: api_key(("deploy", true)), secret: "s3cret-of-the-key".into() };
    answer(&mut screen, session::ApiKeyCreated(new).into());
    assert!(screen.draw().contains("s3cret-of-the-key"));
    screen.keys("y");
    assert_eq!(screen.copied.take().unwrap().expose_secret(), "s3cret-of-the-key");
    assert!(!format!("{:?}", screen.model).contains("s3cret"), "the model does not print it");
    screen.press(KeyCode::Esc);
    let shown = screen.draw();
    assert!(!shown.contains("s3cret") && shown.contains("old-laptop"), "{shown}");
}

#[test]
fn a_board_that_is_not_offered_says_why() {
    let mut screen = Screen::with(LARGE, six());
    for (key, why) in
        [("T", "does not look after"), ("M", "does not look after"), ("jK", "anonymous user has no API keys")]
    {
        screen.keys(key);
        assert!(screen.draw().contains(why), "{key}: {}", screen.draw());
        assert!(screen.model.dialogs.is_empty());
    }
    assert_eq!(screen.sent.as_ref().map(|(id, _)| *id), None::<RequestId>);
}

#[test]
fn a_frozen_clock_stops_every_countdown_of_its_app() {
    let mut snapshot = calm();
    let clock = ClockView { offset: SignedDuration::ZERO, frozen_at: Some(now()) };
    snapshot.apps[0].stands_at = Some(now());
    snapshot.apps[0].local = Some(Arc::new(LocalView { clock: Some(clock), ..local(SignedDuration::ZERO) }));
    let mut screen = Screen::with(SMALL, snapshot);
    let countdowns = |screen: &Screen| screen.draw().lines().nth(4).unwrap().to_owned();
    let before = countdowns(&screen);
    screen.tell(Message::Now(after(600)));
    assert_eq!(countdowns(&screen), before);
    assert!(before.contains("24:59"), "{before}");
}

#[test]
fn boards_wake_only_for_what_they_show() {
    let mut screen = Screen::with(SMALL, calm());
    board(&mut screen, "T");
    assert_eq!(next_change::next_change(&screen.model), Some(after(1)), "a clock shows its seconds");
}

#[test]
fn nothing_hostile_reaches_a_cell_of_a_board() {
    let mut snapshot = calm();
    let mut bad = mail(1, MailPurpose::Reset, HOSTILE, MailState::Open, 5);
    (bad.subject, bad.delivery, bad.link) = (HOSTILE.into(), HOSTILE.into(), MailLink::new(HOSTILE));
    let view = LocalView { mails: Some([bad].into()), ..local(SignedDuration::ZERO) };
    snapshot.apps[0].local = Some(Arc::new(view));
    let evil_key = ApiKey { id: ApiKeyId::new(HOSTILE), name: HOSTILE.into(), enabled: true };
    let ada = Arc::make_mut(&mut snapshot.users[0]);
    ada.label = HOSTILE.into();
    ada.api_keys = Some([evil_key.clone()].into());
    type Step = fn(&mut Screen, NewApiKey);
    let steps: [Step; 5] = [
        |screen, _| board(screen, "M"),
        |screen, _| {
            board(screen, "M");
            screen.keys("c");
        },
        |screen, _| board(screen, "K"),
        |screen, _| {
            board(screen, "K");
            screen.keys("d");
        },
        |screen, new| {
            board(screen, "K");
            screen.keys("nci").press(KeyCode::Enter);
            answer(screen, session::ApiKeyCreated(new).into());
        },
    ];
    for size in [SMALL, LARGE] {
        for step in steps {
            let mut screen = Screen::with(size, snapshot.clone());
            step(&mut screen, NewApiKey { key: evil_key.clone(), secret: HOSTILE.into() });
            let shown = screen.draw();
            let evil =
                |c: &char| c.is_control() && *c != '\n' || "\u{202e}\u{200b}\u{9b}\u{e0041}".contains(*c);
            assert_eq!(shown.chars().find(evil), None, "{shown}");
        }
    }
}
