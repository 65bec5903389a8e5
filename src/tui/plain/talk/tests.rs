use jiff::SignedDuration;
use ratatui::layout::Size;

use super::*;
use crate::account::{AppAlias, Lifetime, Profile, Provider, Severity, UserId};
use crate::data::FieldPath;
use crate::session::{
    self, AnyOperation, AppView, Failure, FailureKind, KeySource, TimelineEntry, TokenView, UserView,
};
use crate::tui::state::Look;
use crate::tui::state::Start;
use crate::tui::theme::Theme;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn user(app: &str, name: &str, state: SessionState) -> Arc<UserView> {
    let token = |seconds| {
        let expires = now() + SignedDuration::from_secs(seconds);
        let lifetime = Some(Lifetime::new(now(), expires));
        Some(TokenView { fingerprint: "abc".into(), lifetime, claims: Default::default() })
    };
    let document = bson::doc! { "theme": "dark", "cart": { "count": 2 } };
    Arc::new(UserView {
        key: UserKey { app: AppAlias::new(app), id: UserId::new(format!("id-{name}")) },
        label: format!("{name}@example.com"),
        provider: Provider::EmailPassword,
        profile: Some(Profile::default()),
        state,
        access: token(29 * 60),
        refresh: token(59 * 86_400),
        next_refresh: None,
        last_refresh: None,
        custom_data: Some(document),
        api_keys: None,
        source: None,
    })
}

fn snapshot(version: u64, users: impl IntoIterator<Item = Arc<UserView>>) -> Message {
    let app = |alias: &str| AppView {
        stands_at: None,
        alias: AppAlias::new(alias),
        client_app_id: "shop-abcde".into(),
        base_url: Some("http://127.0.0.1:1".parse().unwrap()),
        current: Some(UserId::new("id-ada")),
        skew: None,
        custom_data: Default::default(),
        kept: false,
        other_host: None,
        local: None,
    };
    Message::Snapshot(Arc::new(Snapshot {
        version,
        vault: VaultStatus::Open { key: KeySource::Memory, set_aside: vec![] },
        apps: vec![app("local"), app("shop")],
        users: users.into_iter().collect(),
    }))
}

fn event(request: Option<RequestId>, kind: EventKind) -> Event {
    let subject = Subject::App { app: AppAlias::new("local"), who: None };
    Event { at: now(), request, subject, kind }
}

/// A conversation with users, past its beginning.
fn talk(with_person: bool) -> Talk {
    let look = Look::fixed(Theme::mono());
    let size = Size { width: 200, height: 60 };
    let model = Model::new(Start { now: now(), size, look, demo: false, auto_lock: None });
    let mut talk = Talk::new(model, with_person);
    let users = [
        user("local", "ada", SessionState::Active),
        user("local", "adam", SessionState::LoggedOut),
        user("shop", "bob", SessionState::Active),
        user("local", "bob", SessionState::Active),
    ];
    talk.tell(snapshot(1, users));
    talk.hear(event(None, session::AppAdded.into()));
    talk
}

/// Answers what is asked, and carries effects as the loop does; the command that comes of it, with its request.
fn write(talk: &mut Talk, line: &str) -> Option<(RequestId, AnyOperation)> {
    let asked = talk.ask().expect("something is asked");
    let mut sent = None;
    for effect in talk.answer(&asked, line) {
        if let Effect::Send { operation, dialog } = effect {
            let id = RequestId::next();
            talk.sent(dialog, Ok(id));
            sent = Some((id, operation));
        }
    }
    sent
}

fn said(talk: &mut Talk) -> String {
    talk.take_lines().join("\n")
}

#[test]
fn users_and_changes_are_lines() {
    let mut talk = talk(true);
    let lines = said(&mut talk);
    let ada = "ada@example.com (local): active, access 29:00 left, refresh 59d 0h left, current";
    assert!(lines.contains(ada), "{lines}");
    assert!(lines.contains("adam@example.com (local): logged out"), "{lines}");
    let renewing = user("local", "ada", SessionState::Refreshing);
    talk.tell(snapshot(2, [renewing]));
    assert_eq!(said(&mut talk), "", "it is on its way");
    let offline = SessionState::RefreshDue {
        cause: "no answer".into(),
        retry_at: Some(now() + SignedDuration::from_secs(8)),
    };
    talk.tell(snapshot(3, [user("local", "ada", offline)]));
    let lines = said(&mut talk);
    assert!(lines.starts_with("ada@example.com (local): offline, no answer, next try in 0:08"), "{lines}");
}

#[test]
fn an_action_is_written_with_its_user_and_the_next_line_waits_for_it() {
    let mut talk = talk(true);
    let (id, command) = write(&mut talk, "refresh ada@example.com").unwrap();
    assert!(
        matches!(command.downcast_ref(), Some(session::Refresh { user }) if user.id.as_str() == "id-ada")
    );
    assert_eq!(talk.ask(), None, "the answer is not here");
    said(&mut talk);
    talk.hear(event(Some(id), session::Refreshed.into()));
    assert_eq!(said(&mut talk), "local: access token renewed");
    assert_eq!(talk.ask(), Some(Ask::Command));
}

#[test]
fn a_user_is_meant_by_what_is_unique() {
    let mut talk = talk(true);
    said(&mut talk);
    for (line, meant) in [
        ("refresh shop/bob", "shop"),
        ("refresh local/bob@example.com", "local"),
        ("refresh id-ada", "local"),
    ] {
        let (id, command) = write(&mut talk, line).unwrap();
        assert!(
            matches!(command.downcast_ref(), Some(session::Refresh { user }) if user.app.as_str() == meant),
            "{line}"
        );
        talk.hear(event(Some(id), session::Refreshed.into()));
    }
    said(&mut talk);
    assert!(write(&mut talk, "refresh ad").is_none());
    let lines = said(&mut talk);
    assert!(lines.contains("may be local/ada@example.com") && lines.contains("local/adam"), "{lines}");
    assert!(write(&mut talk, "refresh nobody").is_none());
    assert!(said(&mut talk).contains("nobody is called nobody"));
    assert!(write(&mut talk, "refresh adam").is_none());
    assert!(said(&mut talk).contains("is logged out"), "what the screen says");
}

#[test]
fn a_dialog_is_asked_field_by_field_and_keeps_what_was_typed_when_it_fails() {
    let mut talk = talk(true);
    assert!(write(&mut talk, "register").is_none());
    assert!(write(&mut talk, "eve@example.com").is_none());
    assert!(talk.ask().unwrap().is_secret());
    let (id, command) = write(&mut talk, "secret1").unwrap();
    assert!(
        matches!(command.downcast_ref(), Some(session::Register { email, .. }) if email == "eve@example.com")
    );
    assert!(!said(&mut talk).contains("secret1"));
    let failure = Failure {
        kind: FailureKind::Refused,
        action: "register",
        message: "the name is taken".into(),
        hint: "Log in instead.".into(),
    };
    talk.hear(event(Some(id), EventKind::Failed(failure)));
    assert_eq!(said(&mut talk), "it failed: the name is taken. Log in instead.");
    let Some(Ask::Field { prompt, .. }) = talk.ask() else { panic!("it is asked again") };
    assert_eq!(prompt, "E-mail [eve@example.com]: ");
    write(&mut talk, "/cancel");
    assert_eq!(talk.ask(), Some(Ask::Command));
}

#[test]
fn a_field_that_is_refused_is_asked_again_alone() {
    let mut talk = talk(true);
    write(&mut talk, "register");
    write(&mut talk, "eve@example.com");
    assert!(write(&mut talk, "short").is_none());
    assert!(said(&mut talk).contains("Password: "));
    assert!(talk.ask().unwrap().is_secret());
    assert!(write(&mut talk, "long enough").is_some());
}

#[test]
fn a_pipe_is_not_asked_again() {
    let mut talk = talk(false);
    write(&mut talk, "register");
    write(&mut talk, "eve@example.com");
    assert!(write(&mut talk, "short").is_none());
    assert_eq!(talk.ask(), Some(Ask::Command), "the next line is the next command");
}

/// Begins an edit in the Custom data pane, which reads the source when it gets the focus.
fn begin_edit(talk: &mut Talk, line: &str) {
    if let Some((id, order)) = write(talk, line) {
        assert!(order.downcast_ref::<session::ReadCustomData>().is_some(), "{order:?}");
        talk.hear(event(Some(id), session::CustomDataRead(None).into()));
    }
}

#[test]
fn custom_data_is_edited_by_its_path() {
    let mut talk = talk(true);
    for (line, path) in [("edit ada@example.com cart.count", "cart.count"), ("edit theme", "theme")] {
        begin_edit(&mut talk, line);
        let (id, command) = write(&mut talk, "7").unwrap();
        let Some(session::EditCustomData { edit, .. }) = command.downcast_ref() else {
            panic!("{command:?}")
        };
        let changed: Vec<_> = edit.changes.iter().map(|change| change.path.to_string()).collect();
        assert_eq!(changed, [path]);
        talk.hear(event(
            Some(id),
            session::CustomDataChange::Set(FieldPath::parse_writable(path).unwrap()).into(),
        ));
    }
    said(&mut talk);
    write(&mut talk, "custom-data ada@example.com");
    let lines = said(&mut talk);
    assert!(lines.contains("theme: dark (string)") && lines.contains("cart.count: 2 (int32)"), "{lines}");
    write(&mut talk, "edit ada@example.com nothing");
    assert!(said(&mut talk).contains("there is no field nothing"));
}

/// An edit of the theme, which somebody else has made light meanwhile.
fn meet(talk: &mut Talk) {
    begin_edit(talk, "edit ada@example.com theme");
    let (id, _) = write(talk, "7").unwrap();
    said(talk);
    let theirs = Some(bson::doc! { "theme": "light", "cart": { "count": 2 } });
    talk.hear(event(Some(id), session::CustomDataChange::Conflict(theirs).into()));
}

#[test]
fn of_an_edit_that_meets_another_both_are_said_and_a_person_decides() {
    for (answer, writes) in [("yes", true), ("no", false), ("", false)] {
        let mut talk = talk(true);
        meet(&mut talk);
        assert!(matches!(talk.ask(), Some(Ask::Agreement { answer: "Write yours over theirs", .. })));
        let lines = said(&mut talk);
        assert!(lines.contains("theme: before \"dark\", theirs \"light\", yours 7"), "{lines}");
        let (_, command) = write(&mut talk, answer).unwrap();
        assert_eq!(command.downcast_ref::<session::EditCustomData>().is_some(), writes, "{command:?}");
        assert_eq!(command.downcast_ref::<session::Refresh>().is_some(), !writes, "{command:?}");
        assert_eq!(said(&mut talk).contains("theirs stands"), !writes);
    }
}

#[test]
fn in_a_pipe_an_edit_that_meets_another_writes_nothing_and_says_so() {
    let mut talk = talk(false);
    meet(&mut talk);
    assert!(said(&mut talk).contains("nothing was written: somebody else changed it"));
    assert_eq!(talk.ask(), Some(Ask::Command));
}

#[test]
fn what_cannot_be_undone_is_asked_and_no_is_the_answer_to_nothing() {
    let mut talk = talk(true);
    write(&mut talk, "delete ada@example.com");
    assert!(matches!(talk.ask(), Some(Ask::Field { name: FieldName::Label, .. })));
    assert!(said(&mut talk).contains("cannot be undone"));
    assert!(write(&mut talk, "").is_none());
    assert_eq!(talk.ask(), Some(Ask::Command));
    write(&mut talk, "delete");
    assert!(write(&mut talk, "yes").is_none());
    assert!(said(&mut talk).contains("as it stands above"));
    assert!(write(&mut talk, "ada@example.com").unwrap().1.downcast_ref::<session::Delete>().is_some());
}

#[test]
fn the_end_of_input_waits_for_what_is_on_its_way() {
    let mut talk = talk(false);
    let (id, _) = write(&mut talk, "refresh ada@example.com").unwrap();
    assert!(talk.end_of_input().is_empty());
    let effects = talk.hear(event(Some(id), session::Refreshed.into()));
    assert!(matches!(effects[..], [Effect::Quit]));
}

/// The answer to the question for a timeline of one entry.
fn timeline(request: RequestId, name: &str, what: &str) -> Event {
    let key = UserKey { app: AppAlias::new("local"), id: UserId::new(format!("id-{name}")) };
    let entry = TimelineEntry {
        at: now(),
        severity: Severity::Bad,
        what: what.into(),
        rule: "a failed request changes nothing".into(),
        refresh: None,
    };
    let subject = Subject::User { key, label: name.into() };
    Event { at: now(), request: Some(request), subject, kind: session::Timeline(vec![entry]).into() }
}

#[test]
fn a_timeline_is_read_when_it_is_asked_for_and_said_when_it_is_there() {
    let mut talk = talk(true);
    said(&mut talk);
    let (id, command) = write(&mut talk, "timeline ada@example.com").unwrap();
    assert!(
        matches!(command.downcast_ref(), Some(session::ReadTimeline { user }) if user.id.as_str() == "id-ada")
    );
    assert_eq!(said(&mut talk), "");
    talk.hear(timeline(id, "ada", "could not write"));
    let lines = said(&mut talk);
    assert!(lines.starts_with("Timeline of ada@example.com:\n"), "{lines}");
    assert!(lines.ends_with("Z: could not write; a failed request changes nothing"), "{lines}");
    assert_eq!(talk.ask(), Some(Ask::Command));
}

#[test]
fn nothing_that_is_said_acts_on_a_terminal() {
    let mut talk = talk(true);
    let mut hostile = (*user("local", "eve", SessionState::Active)).clone();
    hostile.label = "\u{1b}[2Jeve\u{202e}\n".into();
    hostile.custom_data = Some(bson::doc! { "\u{7}a": "\u{1b}]0;owned\u{7}" });
    talk.tell(snapshot(2, [Arc::new(hostile)]));
    let (id, _) = write(&mut talk, "show").expect("the timeline is read");
    talk.hear(timeline(id, "eve", "could not \u{1b}[2J\u{202e}"));
    write(&mut talk, "log-in");
    talk.ask();
    let lines = talk.take_lines();
    assert!(lines.iter().any(|line| line.contains("␛[2Jeve")), "{lines:?}");
    assert!(
        lines.iter().all(|line| !line.contains(|c: char| c.is_control() || c == '\u{202e}')),
        "{lines:?}"
    );
}

#[test]
fn a_link_is_told_before_it_is_sent() {
    let mut talk = talk(true);
    for line in ["link ada@example.com", "1", "new@example.com", "secret1", "yes"] {
        assert!(write(&mut talk, line).is_none(), "{line}");
    }
    assert!(matches!(talk.ask(), Some(Ask::Agreement { answer: "Link", .. })));
    assert!(said(&mut talk).contains("no unlinking"));
    assert!(matches!(
        write(&mut talk, "yes").unwrap().1.downcast_ref(),
        Some(session::Link { register: true, .. })
    ));
}
