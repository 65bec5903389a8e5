//! Dialogs that change what this device knows, or what a user is: Apps, deleting, linking, undoing.

use std::sync::Arc;

use crossterm::event::KeyCode;
use idmux::account::{AppAlias, FieldPath, Mail, MailLink, MailPurpose, MailState, MailToken};
use idmux::session::{AppView, Event, EventKind, Failure, FailureKind, LocalView, Snapshot};

use crate::driver::Screen;
use crate::fixture::{app, now, six};
use crate::{about_ada, at_every_size};

/// Two Apps beside the one of the users: one that is kept, and one on a server with a long name.
fn three_apps() -> Snapshot {
    let mut snapshot = six();
    let kept = |alias: &str, url: &str, id: &str| AppView {
        alias: AppAlias::new(alias),
        base_url: Some(url.parse().unwrap()),
        client_app_id: id.into(),
        kept: true,
        ..app()
    };
    snapshot
        .apps
        .push(AppView { local: Some(Arc::default()), ..kept("shop", "http://127.0.0.1:4000", "shop-abcde") });
    let long = "https://services.cloud.example.com/a/base/that/is/rather/long";
    snapshot.apps.push(kept("the-other-shop", long, "the-other-shop-fghij"));
    snapshot
}

/// The six users' App, as one that is kept.
fn kept() -> Snapshot {
    let mut snapshot = six();
    snapshot.apps[0].kept = true;
    snapshot
}

fn answer(screen: &mut Screen, kind: EventKind) {
    let request = screen.sent.as_ref().map(|(id, _)| *id);
    screen.event(Event { request, ..about_ada(kind) });
}

fn link(screen: &mut Screen) {
    screen.keys("jLada@example.com").press(KeyCode::Tab).keys("secret1").press(KeyCode::Enter);
}

#[test]
fn apps() {
    at_every_size("apps", three_apps, |screen| {
        screen.keys("Aj");
    });
}

#[test]
fn an_app_to_add() {
    at_every_size("app_add", three_apps, |screen| {
        screen.keys("An");
    });
    at_every_size("app_add_wrong", three_apps, |screen| {
        screen.keys("Anshop").press(KeyCode::Tab).keys("ftp://x").press(KeyCode::Enter);
    });
}

#[test]
fn an_app_to_change() {
    at_every_size("app_edit", three_apps, |screen| {
        screen.keys("Aje");
    });
    at_every_size("app_edit_with_users", kept, |screen| {
        screen.keys("Ae");
    });
}

#[test]
fn an_app_to_forget() {
    at_every_size("app_forget", kept, |screen| {
        screen.keys("Ad");
    });
}

#[test]
fn an_account_to_delete() {
    at_every_size("delete", six, |screen| {
        screen.keys("D");
    });
    at_every_size("delete_wrong_name", six, |screen| {
        screen.keys("Dbob").press(KeyCode::Enter);
    });
    at_every_size("delete_agreed", six, |screen| {
        screen.keys("Dada@example.com");
    });
}

#[test]
fn an_anonymous_user_to_make_permanent() {
    at_every_size("permanent_fields", six, |screen| {
        screen.keys("jL");
    });
    at_every_size("permanent_preview", six, link);
}

#[test]
fn an_identity_to_link() {
    at_every_size("link_preview", six, |screen| {
        screen.keys("L").press(KeyCode::Up).press(KeyCode::Right).press(KeyCode::Tab);
        screen.keys("eyJ.a.b").press(KeyCode::Enter);
    });
    at_every_size("link_collision", six, |screen| {
        link(screen);
        screen.press(KeyCode::Enter);
        answer(
            screen,
            EventKind::Failed(Failure {
                kind: FailureKind::Refused,
                action: "link an identity",
                message: "this identity belongs to another user of the App, and stays there".into(),
                hint: "to use that user, log in by this identity; for this user, link another one".into(),
            }),
        );
    });
}

#[test]
fn a_change_to_undo() {
    at_every_size("undo", six, |screen| {
        screen.press(KeyCode::BackTab).keys("jje");
        for _ in 0..4 {
            screen.press(KeyCode::Backspace);
        }
        screen.keys("light").press(KeyCode::Enter);
        let path = FieldPath::parse("theme").unwrap();
        answer(screen, EventKind::CustomDataSet { path });
        screen.keys("u");
    });
}

#[test]
fn a_mailbox_to_empty() {
    let mail = |id: i64| Mail {
        id,
        sent_at: now(),
        purpose: MailPurpose::Confirm,
        email: "ada@example.com".into(),
        subject: "Confirm your address".into(),
        link: MailLink::new(format!("http://localhost/confirm?token={id}&tokenId={id}")),
        token: MailToken { token: id.to_string().into(), id: id.to_string() },
        delivery: "kept in the mailbox".into(),
        state: MailState::Open,
    };
    let snapshot = || {
        let mut snapshot = six();
        let mails = Some(vec![mail(1), mail(2)].into());
        snapshot.apps[0].local = Some(Arc::new(LocalView { mails, ..LocalView::default() }));
        snapshot
    };
    at_every_size("mailbox_to_empty", snapshot, |screen| {
        screen.keys("M");
        answer(screen, EventKind::MailsRead(vec![mail(1), mail(2)].into()));
        screen.keys("X");
    });
}

#[test]
fn typed_text_is_not_dropped_unasked() {
    at_every_size("typed_text", six, |screen| {
        screen.keys("lada@example.com").press(KeyCode::Esc);
    });
}
