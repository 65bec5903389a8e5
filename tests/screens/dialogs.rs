//! Dialogs that change what this device knows, or what a user is: Apps, deleting, linking, undoing.

use std::sync::Arc;

use crossterm::event::KeyCode;
use idmux::account::{AppAlias, Mail, MailLink, MailPurpose, MailState, MailToken};
use idmux::data::FieldPath;
use idmux::session::{self, AppView, Event, EventKind, Failure, FailureKind, LocalView, Snapshot};

use crate::driver::Screen;
use crate::fixture::{app, now, six};
use crate::scenes::Table;
use crate::{about_ada, failure};

/// Two Apps beside the one of the users: one that is kept, and one on a server with a long name.
fn three_apps() -> Snapshot {
    let mut snapshot = six();
    let kept = |alias: &str, url: &str, id: &str| AppView {
        alias: AppAlias::new(alias),
        base_url: Some(url.parse().unwrap()),
        client_app_id: id.into(),
        kept: true,
        other_host: None,
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

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("apps", three_apps(), |screen| {
        screen.keys("Aj");
    });

    table.add("app_add", three_apps(), |screen| {
        screen.keys("An");
    });
    table.add("app_add_wrong", three_apps(), |screen| {
        screen.keys("Anshop").press(KeyCode::Tab).keys("ftp://x").press(KeyCode::Enter);
    });

    table.add("app_add_waits", three_apps(), |screen| {
        screen
            .keys("Anbank")
            .press(KeyCode::Tab)
            .keys("http://localhost:1")
            .press(KeyCode::Tab)
            .keys("bank-abcde");
        screen.press(KeyCode::Enter);
    });
    table.add("app_edit", three_apps(), |screen| {
        screen.keys("Aje");
    });
    table.add("app_edit_with_users", kept(), |screen| {
        screen.keys("Ae");
    });

    table.add("app_forget", kept(), |screen| {
        screen.keys("Ad");
    });

    let mut elsewhere = six();
    elsewhere.apps[0].other_host = Some("eu.shop.example".into());
    table.add("other_host", elsewhere, |_| {});

    table.add("lost_log_out", six(), |screen| {
        screen.keys("jo");
    });
    table.add("lost_remove", six(), |screen| {
        screen.keys("jx");
    });

    table.add("delete", six(), |screen| {
        screen.keys("D");
    });
    table.add("delete_wrong_name", six(), |screen| {
        screen.keys("Dbob").press(KeyCode::Enter);
    });
    table.add("delete_agreed", six(), |screen| {
        screen.keys("Dada@example.com");
    });

    table.add("delete_waits", six(), |screen| {
        screen.keys("Dada@example.com").press(KeyCode::Enter);
    });
    table.add("delete_failed", six(), |screen| {
        screen.keys("Dada@example.com").press(KeyCode::Enter);
        answer(
            screen,
            failure("http://127.0.0.1:41234 does not answer", "Start the server, then try again."),
        );
    });

    table.add("permanent_fields", six(), |screen| {
        screen.keys("jL");
    });
    table.add("permanent_preview", six(), link);

    table.add("link_preview", six(), |screen| {
        screen.keys("L").press(KeyCode::Up).press(KeyCode::Right).press(KeyCode::Tab);
        screen.keys("eyJ.a.b").press(KeyCode::Enter);
    });
    table.add("link_collision", six(), |screen| {
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

    table.add("undo", six(), |screen| {
        screen.keys("4je");
        for _ in 0..4 {
            screen.press(KeyCode::Backspace);
        }
        screen.keys("light").press(KeyCode::Enter);
        let path = FieldPath::parse_writable("theme").unwrap();
        answer(screen, session::CustomDataChange::Set(path).into());
        screen.keys("u");
    });

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
    table.add("mailbox_to_empty", snapshot(), move |screen| {
        screen.keys("M");
        answer(screen, session::MailsRead(vec![mail(1), mail(2)].into()).into());
        screen.keys("X");
    });

    table.add("typed_text", six(), |screen| {
        screen.keys("lada@example.com").press(KeyCode::Esc);
    });
}
