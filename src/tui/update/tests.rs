mod dialogs;
mod vault;
mod views;

use std::sync::Arc;
use std::time::Duration;

use bson::{bson, doc};
use crossterm::event::{KeyCode, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use ratatui::layout::Size;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::*;
use crate::account::{
    AppAlias, Claims, Credentials, EndReason, Lifetime, Profile, Provider, SessionState, UserId, UserKey,
};
use crate::session::{
    self, AnyOperation, AppView, Event, EventKind, Failure, FailureKind, KeyChoice, KeySource, RequestId,
    SendError, Snapshot, Subject, TokenView, UserView, VaultStatus,
};
use crate::tui::component::confirm::Confirm;
use crate::tui::component::copy_menu::CopyMenu;
use crate::tui::component::credentials::CredentialsForm;
use crate::tui::component::edit::EditForm;
use crate::tui::component::help::Help;
use crate::tui::component::palette::Palette;
use crate::tui::component::vault::VaultForm;
use crate::tui::dialog::Progress;
use crate::tui::effect::DialogId;
use crate::tui::form::FieldName;
use crate::tui::layout::Pane;
use crate::tui::next_change;
use crate::tui::state::Look;
use crate::tui::state::Start;
use crate::tui::theme::Theme;

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn start() -> Start {
    let size = Size { width: 80, height: 24 };
    Start { now: now(), size, look: Look::fixed(Theme::mono()), demo: false, auto_lock: None }
}

fn model() -> Model {
    Model::new(start())
}

fn key(number: usize) -> UserKey {
    UserKey { app: AppAlias::new("local"), id: UserId::new(number.to_string()) }
}

fn user(number: usize) -> UserView {
    let life = Lifetime::new(now(), now() + SignedDuration::from_secs(1800));
    let token = TokenView { fingerprint: "f".into(), lifetime: Some(life), claims: Claims::new() };
    UserView {
        key: key(number),
        label: format!("user{number}@example.com"),
        provider: Provider::EmailPassword,
        profile: Some(Profile::default()),
        state: SessionState::Active,
        access: Some(token),
        refresh: None,
        next_refresh: None,
        last_refresh: None,
        custom_data: Some(doc! { "theme": "dark", "a.b": 1, "list": [1] }),
        api_keys: None,
        source: None,
    }
}

fn snapshot(users: impl IntoIterator<Item = usize>) -> Snapshot {
    Snapshot {
        version: 1,
        vault: VaultStatus::Open { key: KeySource::Keyring, set_aside: vec![] },
        apps: vec![AppView {
            stands_at: None,
            alias: AppAlias::new("local"),
            client_app_id: "local-abcde".into(),
            base_url: Some("http://127.0.0.1:1".parse().unwrap()),
            current: None,
            skew: None,
            custom_data: Default::default(),
            kept: false,
            other_host: None,
            local: None,
        }],
        users: users.into_iter().map(|number| Arc::new(user(number))).collect(),
    }
}

fn with_users(users: impl IntoIterator<Item = usize>) -> Model {
    let mut model = model();
    show(&mut model, snapshot(users));
    model
}

fn show(model: &mut Model, snapshot: Snapshot) {
    update(model, Message::Snapshot(Arc::new(snapshot)));
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Presses the keys of a text; what the last one asked for.
fn keys(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().map(|c| press(model, KeyCode::Char(c))).last().unwrap_or_default()
}

/// The operation that was asked for, and the dialog that waits for it.
fn sent(effects: Vec<Effect>) -> (AnyOperation, Option<DialogId>) {
    match <[Effect; 1]>::try_from(effects) {
        Ok([Effect::Send { operation, dialog }]) => (operation, dialog),
        other => panic!("one operation expected: {other:?}"),
    }
}

fn event(request: Option<RequestId>, subject: Subject, kind: EventKind) -> Message {
    Message::Event(Event { at: now(), request, subject, kind })
}

fn failure() -> EventKind {
    EventKind::Failed(Failure {
        kind: FailureKind::Credentials,
        action: "log in",
        message: "invalid username/password".into(),
        hint: "Check both.".into(),
    })
}

fn selected(model: &Model) -> Option<UserKey> {
    model.state.selected().map(|user| user.key.clone())
}

/// Types credentials into the log-in dialog and submits them; the id of the request.
fn log_in(model: &mut Model) -> (AnyOperation, RequestId) {
    keys(model, "l");
    keys(model, "ada@example.com");
    press(model, KeyCode::Tab);
    keys(model, "hunter2");
    let (command, dialog) = sent(press(model, KeyCode::Enter));
    let id = RequestId::next();
    update(model, Message::Sent { dialog, result: Ok(id) });
    (command, id)
}

#[test]
fn the_focus_goes_round() {
    let mut model = with_users([1]);
    for pane in [Pane::Session, Pane::Identities, Pane::CustomData, Pane::Timeline, Pane::Users] {
        press(&mut model, KeyCode::Tab);
        assert_eq!(model.state.focus, pane);
    }
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.state.focus, Pane::Timeline);
}

#[test]
fn left_and_right_lead_between_panes() {
    let mut model = with_users([1]);
    press(&mut model, KeyCode::Right);
    keys(&mut model, "ll");
    assert_eq!(model.state.focus, Pane::CustomData);
    press(&mut model, KeyCode::BackTab);
    keys(&mut model, "hh");
    assert_eq!(model.state.focus, Pane::Users);
    // The last tab; in columns it stands below the session, between the users and the custom data.
    keys(&mut model, "5lh");
    assert_eq!(model.state.focus, Pane::CustomData);
    update(&mut model, Message::Resize(Size { width: 160, height: 45 }));
    keys(&mut model, "5h");
    assert_eq!(model.state.focus, Pane::Users);
    keys(&mut model, "5l");
    assert_eq!(model.state.focus, Pane::CustomData);
}

#[test]
fn the_selection_follows_its_user() {
    let mut model = with_users([1, 2, 3]);
    keys(&mut model, "jj");
    assert_eq!(selected(&model), Some(key(3)));
    show(&mut model, snapshot([7, 8, 3, 9]));
    assert_eq!((selected(&model), model.state.users.index()), (Some(key(3)), 2));
    show(&mut model, snapshot([3, 9]));
    assert_eq!((selected(&model), model.state.users.index()), (Some(key(3)), 0));
}

#[test]
fn when_the_selected_user_goes_its_neighbour_is_selected() {
    let mut model = with_users([1, 2, 3]);
    keys(&mut model, "G");
    show(&mut model, snapshot([1, 2]));
    assert_eq!(selected(&model), Some(key(2)));
    show(&mut model, snapshot([]));
    assert_eq!(selected(&model), None);
    show(&mut model, snapshot([5]));
    assert_eq!(selected(&model), Some(key(5)));
}

#[test]
fn the_selected_row_is_always_in_sight() {
    let mut model = with_users(0..100);
    let rows = model.state.regions().rows(Pane::Users);
    for (text, index) in [("G", 99), ("k", 98), ("g", 0), ("jjjjjjj", 7)] {
        keys(&mut model, text);
        assert_eq!(model.state.users.index(), index);
        assert!((model.state.users.offset()..model.state.users.offset() + rows).contains(&index));
    }
    press(&mut model, KeyCode::PageDown);
    assert_eq!(model.state.users.index(), 7 + rows - 1);
}

#[test]
fn a_log_in_closes_its_dialog_and_selects_the_user() {
    let mut model = with_users([1]);
    let (command, id) = log_in(&mut model);
    let Some(session::LogIn { credentials: Credentials::EmailPassword { email, password }, .. }) =
        command.downcast_ref()
    else {
        panic!("{command:?}");
    };
    assert_eq!((email.as_str(), password.expose_secret()), ("ada@example.com", "hunter2"));
    let subject = Subject::User { key: key(2), label: "ada@example.com".into() };
    update(&mut model, event(Some(id), subject, session::Entered::LoggedIn { replaced: false }.into()));
    assert!(model.dialogs.is_empty());
    show(&mut model, snapshot([1, 2]));
    assert_eq!(selected(&model), Some(key(2)), "as soon as the worker shows the user");
}

#[test]
fn the_answer_to_another_request_changes_no_dialog() {
    let mut model = with_users([1]);
    log_in(&mut model);
    let subject = Subject::User { key: key(2), label: "ada".into() };
    update(
        &mut model,
        event(Some(RequestId::next()), subject, session::Entered::LoggedIn { replaced: false }.into()),
    );
    assert!(model.dialog().unwrap().is_waiting());
}

#[test]
fn what_is_wrong_with_a_new_account_is_said_while_it_is_typed() {
    let mut model = with_users([1]);
    let error =
        |model: &Model, name| model.dialog().unwrap().body.form().unwrap().field(name).unwrap().error.clone();
    keys(&mut model, "rada");
    assert!(error(&model, FieldName::Email).unwrap().contains("an e-mail address"));
    keys(&mut model, "@example.com");
    assert_eq!(error(&model, FieldName::Email), None);
    press(&mut model, KeyCode::Tab);
    assert_eq!(error(&model, FieldName::Password), None, "nothing was typed yet");
    keys(&mut model, "short");
    assert!(error(&model, FieldName::Password).unwrap().contains("6 to 128"));
    keys(&mut model, "er");
    assert_eq!(error(&model, FieldName::Password), None);
    // An account that is there may have any password.
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "lada");
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "x");
    assert_eq!((error(&model, FieldName::Email), error(&model, FieldName::Password)), (None, None));
}

#[test]
fn a_failure_loses_nothing_and_a_password_is_typed_over() {
    let mut model = with_users([1]);
    let (_, id) = log_in(&mut model);
    update(&mut model, event(Some(id), Subject::Device, failure()));
    let dialog = model.dialog().expect("the dialog stays");
    let form = dialog.body.form().unwrap();
    assert_eq!(form.text(FieldName::Email), "ada@example.com");
    assert_eq!(form.secret(FieldName::Password), "hunter2", "to be sent again");
    assert!(form.is_focused(FieldName::Password));
    assert!(matches!(&dialog.progress, Progress::Failed { message, .. } if message.contains("invalid")));
    assert_eq!(model.state.activity.unread(), 0, "the dialog shows it already");
    keys(&mut model, "new");
    assert_eq!(model.dialog().unwrap().body.form().unwrap().secret(FieldName::Password), "new");
}

#[test]
fn a_full_channel_is_said_where_the_person_looks() {
    let mut model = with_users([1]);
    keys(&mut model, "ladax@y");
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "hunter2");
    let (_, dialog) = sent(press(&mut model, KeyCode::Enter));
    update(&mut model, Message::Sent { dialog, result: Err(SendError::Busy) });
    assert!(matches!(&model.dialog().unwrap().progress, Progress::Failed { .. }));
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Esc);

    let (_, dialog) = sent(keys(&mut model, "R"));
    update(&mut model, Message::Sent { dialog, result: Err(SendError::Busy) });
    assert_eq!(model.state.activity.unread(), 1);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.state.activity.unread(), 0);
}

#[test]
fn a_cancelled_dialog_ignores_its_late_answer() {
    let mut model = with_users([1]);
    let (_, id) = log_in(&mut model);
    press(&mut model, KeyCode::Esc);
    assert!(model.dialogs.is_empty());
    keys(&mut model, "?");
    update(&mut model, event(Some(id), Subject::Device, failure()));
    assert!(model.dialog().unwrap().is::<Help>());
    assert_eq!(model.state.activity.unread(), 1, "it is an event like any other");
}

#[test]
fn a_log_in_that_is_closed_while_it_waits_is_given_up() {
    let mut model = with_users([1]);
    let (_, id) = log_in(&mut model);
    let (command, dialog) = sent(press(&mut model, KeyCode::Esc));
    assert!(matches!(command.downcast_ref(), Some(session::CancelLogIn { request }) if *request == id));
    assert_eq!(dialog, None, "nobody waits for it");
    assert!(model.dialogs.is_empty());
    // What is not on its way has nothing to give up.
    keys(&mut model, "l");
    assert!(press(&mut model, KeyCode::Esc).is_empty());
}

#[test]
fn something_turns_only_while_a_dialog_waits() {
    let mut model = with_users([]);
    press(&mut model, KeyCode::Esc);
    assert_eq!(next_change::next_change(&model), None);
    log_in(&mut model);
    let second = SignedDuration::from_secs(1);
    assert_eq!(next_change::next_change(&model), Some(model.state.now + second));
    press(&mut model, KeyCode::Esc);
    assert_eq!(next_change::next_change(&model), None);
}

#[test]
fn a_session_that_ends_by_itself_is_a_notification_once() {
    let mut model = with_users([1]);
    let ended = || {
        let subject = Subject::User { key: key(1), label: "\u{1b}ada".into() };
        event(None, subject, EventKind::LogInRequired(EndReason::RefreshTokenExpired))
    };
    let effects = update(&mut model, ended());
    let [Effect::Notify(words)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(words.contains("has to log in again"), "{words}");
    assert!(update(&mut model, ended()).is_empty());
}

#[test]
fn ctrl_z_suspends_from_everywhere() {
    let suspend = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
    for open in ["", "l", "D", "?"] {
        let mut model = with_users([1]);
        keys(&mut model, open);
        assert!(matches!(update(&mut model, Message::Key(suspend))[..], [Effect::Suspend]), "{open}");
    }
    let mut model = with_users([1]);
    update(&mut model, Message::Resize(Size { width: 20, height: 5 }));
    assert!(matches!(update(&mut model, Message::Key(suspend))[..], [Effect::Suspend]), "too small");
}

#[test]
fn an_error_stays_until_it_is_dismissed() {
    let mut model = with_users([1]);
    update(&mut model, event(None, Subject::Device, failure()));
    update(&mut model, event(None, Subject::Device, session::Refreshed.into()));
    assert!(model.state.activity.shown().unwrap().text.contains("invalid username"));
    press(&mut model, KeyCode::Esc);
    assert!(model.state.activity.shown().unwrap().text.contains("renewed"));
}

/// Kind: something that happened, and that the log does not know because it was one of many.
#[test]
fn each_result_of_a_batch_is_in_the_log_and_the_report_names_what_failed() {
    let mut model = with_users([1, 2, 3]);
    keys(&mut model, "v");
    let commands: Vec<_> = keys(&mut model, "R").into_iter().map(|effect| sent(vec![effect])).collect();
    assert_eq!(commands.len(), 3);
    for (number, (_, dialog)) in (1..).zip(commands) {
        let id = RequestId::next();
        update(&mut model, Message::Sent { dialog, result: Ok(id) });
        let failure = Failure {
            kind: FailureKind::Unreachable,
            action: "renew the access token",
            message: format!("no answer {number}"),
            hint: String::new(),
        };
        let kind = if number == 1 { session::Refreshed.into() } else { EventKind::Failed(failure) };
        let subject = Subject::User { key: key(number), label: format!("user{number}@example.com") };
        update(&mut model, Message::Event(Event { at: now(), request: Some(id), subject, kind }));
    }
    let logged: Vec<_> = model.state.activity.history().iter().filter_map(|(_, entry)| entry.who()).collect();
    assert_eq!(logged, ["user1@example.com", "user2@example.com", "user3@example.com"]);
    let said = &model.state.activity.shown().unwrap().text;
    assert!(
        said.contains("2 failed") && said.contains("no answer 2") && said.contains("no answer 3"),
        "{said}"
    );
}

#[test]
fn keys_name_the_selected_user() {
    let mut model = with_users([1, 2]);
    keys(&mut model, "j");
    assert!(
        matches!(sent(keys(&mut model, "R")).0.downcast_ref(), Some(session::Refresh { user }) if *user == key(2))
    );
    assert!(
        matches!(sent(keys(&mut model, "s")).0.downcast_ref(), Some(session::MakeCurrent { user }) if *user == key(2))
    );
    assert!(
        matches!(sent(keys(&mut model, "o")).0.downcast_ref(), Some(session::LogOut { user }) if *user == key(2))
    );
    keys(&mut model, "x");
    assert!(
        matches!(sent(press(&mut model, KeyCode::Enter)).0.downcast_ref(), Some(session::Remove { user }) if *user == key(2))
    );
}

#[test]
fn registering_is_checked_before_it_is_sent() {
    let mut model = with_users([]);
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "r");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    keys(&mut model, "ada@example.com");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    keys(&mut model, "secret1");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(
        matches!(command.downcast_ref(), Some(session::Register { email, .. }) if email == "ada@example.com")
    );
}

#[test]
fn linking_registers_first_unless_told_otherwise() {
    for (untick, registers) in [(false, true), (true, false)] {
        let mut model = with_users([1]);
        keys(&mut model, "Lada@example.com");
        press(&mut model, KeyCode::Tab);
        keys(&mut model, "secret1");
        press(&mut model, KeyCode::Tab);
        if untick {
            press(&mut model, KeyCode::Char(' '));
        }
        assert!(press(&mut model, KeyCode::Enter).is_empty(), "first it is shown what will happen");
        let (command, _) = sent(press(&mut model, KeyCode::Enter));
        assert!(
            matches!(command.downcast_ref(), Some(session::Link { register, .. }) if *register == registers)
        );
    }
}

#[test]
fn an_anonymous_log_in_needs_nothing() {
    let mut model = with_users([1]);
    keys(&mut model, "l");
    press(&mut model, KeyCode::Up);
    press(&mut model, KeyCode::Right);
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(
        command.downcast_ref(),
        Some(session::LogIn { credentials: Credentials::Anonymous, .. })
    ));
}

#[test]
fn pasted_text_is_no_key() {
    let mut model = with_users([1]);
    update(&mut model, Message::Paste(Zeroizing::new("qD\n".into())));
    assert!(model.dialogs.is_empty());
    keys(&mut model, "l");
    update(&mut model, Message::Paste(Zeroizing::new("ada@example.com\n".into())));
    let dialog = model.dialog().unwrap();
    assert_eq!(dialog.body.form().unwrap().text(FieldName::Email), "ada@example.com");
    assert_eq!(dialog.progress, Progress::Idle);
}

#[test]
fn custom_data_is_edited_added_and_removed() {
    let mut model = with_users([1]);
    keys(&mut model, "e");
    assert_eq!(model.state.focus, Pane::CustomData);
    press(&mut model, KeyCode::Backspace);
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::EditCustomData { edit, .. })
            if edit.changes[0].path.to_string() == "theme" && edit.changes[0].after == Some(bson!("dar"))
    ));

    let mut model = with_users([1]);
    keys(&mut model, "4jja3");
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "true");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::EditCustomData { edit, .. })
            if edit.changes[0].path.to_string() == "list.3" && edit.changes[0].after == Some(bson!(true))
    ));

    let mut model = with_users([1]);
    keys(&mut model, "4d");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::EditCustomData { edit, .. })
        if edit.changes[0].path.to_string() == "theme" && edit.changes[0].after.is_none()));
}

#[test]
fn a_field_that_no_path_can_name_is_not_edited() {
    let mut model = with_users([1]);
    keys(&mut model, "4je");
    assert!(model.dialogs.is_empty());
    assert!(model.state.activity.shown().unwrap().text.contains("a.b"));
}

#[test]
fn the_id_of_a_document_is_neither_edited_nor_removed() {
    let mut model = model();
    let mut snapshot = snapshot([1]);
    Arc::make_mut(&mut snapshot.users[0]).custom_data = Some(doc! { "_id": 7 });
    show(&mut model, snapshot);
    for key in ["4e", "d"] {
        keys(&mut model, key);
        assert!(model.dialogs.is_empty());
        assert!(model.state.activity.shown().unwrap().text.contains("_id of a document never changes"));
    }
}

#[test]
fn a_value_that_cannot_be_stored_is_not_sent() {
    let mut model = with_users([1]);
    keys(&mut model, "e");
    for _ in 0..4 {
        press(&mut model, KeyCode::Backspace);
    }
    keys(&mut model, "[1,");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(!model.dialog().unwrap().is_waiting());
}

#[test]
fn what_needs_a_session_says_so_without_one() {
    let mut model = model();
    let mut snapshot = snapshot([]);
    snapshot.users.push_back(Arc::new(UserView { state: SessionState::LoggedOut, ..user(1) }));
    show(&mut model, snapshot);
    assert!(keys(&mut model, "R").is_empty());
    assert!(model.state.activity.shown().unwrap().text.contains("is logged out"));
}

#[test]
fn on_a_small_screen_only_quitting_works() {
    let mut model = with_users([1]);
    keys(&mut model, "l");
    update(&mut model, Message::Resize(Size { width: 60, height: 20 }));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(matches!(keys(&mut model, "q")[..], [Effect::Quit]));
}

#[test]
fn a_countdown_wakes_the_loop_and_nothing_else_does() {
    let mut model = model();
    assert_eq!(next_change::next_change(&model), None);
    show(&mut model, snapshot([1]));
    assert_eq!(next_change::next_change(&model), Some(now() + SignedDuration::from_secs(1)));
    update(&mut model, Message::Now(now() + SignedDuration::from_secs(2000)));
    assert_eq!(next_change::next_change(&model), None, "what is over does not count");
    update(&mut model, Message::Resize(Size { width: 10, height: 2 }));
    update(&mut model, Message::Now(now()));
    assert_eq!(next_change::next_change(&model), None, "nothing is in sight");
}

#[test]
fn only_rows_in_sight_wake_the_loop() {
    let mut model = model();
    let mut snapshot = snapshot(0..100);
    for at in 0..100 {
        let mut quiet = user(at);
        if at != 99 {
            quiet.access = None;
        }
        snapshot.users.set(at, Arc::new(quiet));
    }
    show(&mut model, snapshot);
    assert_eq!(next_change::next_change(&model), None);
    keys(&mut model, "G");
    assert!(next_change::next_change(&model).is_some());
}

/// Something that may happen, in any order.
#[derive(Debug, Clone)]
enum Happening {
    Key(KeyCode),
    Paste(String),
    Users(Vec<usize>),
    Vault(u8),
    Size(u16, u16),
    Answer(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    let code = prop_oneof![
        10 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        10 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up, KeyCode::Down,
            KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown,
            KeyCode::Backspace, KeyCode::Delete,
        ]),
    ];
    prop_oneof![
        20 => code.prop_map(Happening::Key),
        1 => ".{0,20}".prop_map(Happening::Paste),
        3 => prop::collection::vec(0usize..20, 0..12).prop_map(Happening::Users),
        1 => (0u8..5).prop_map(Happening::Vault),
        1 => (0u16..200, 0u16..60).prop_map(|(width, height)| Happening::Size(width, height)),
        2 => any::<bool>().prop_map(Happening::Answer),
    ]
}

fn status(number: u8) -> VaultStatus {
    match number {
        0 => VaultStatus::Opening,
        1 => VaultStatus::ChooseKey { why: "x".into() },
        2 => VaultStatus::Locked { key: KeySource::Passphrase, why: None },
        3 => VaultStatus::Failed { why: "x".into() },
        _ => VaultStatus::Open { key: KeySource::Memory, set_aside: vec![] },
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_model_stays_drawable(steps in prop::collection::vec(happening(), 0..60)) {
        let mut model = with_users(0..5);
        let mut request = None;
        for step in steps {
            let message = match step {
                Happening::Key(code) => Message::Key(KeyEvent::new(code, KeyModifiers::NONE)),
                Happening::Paste(text) => Message::Paste(Zeroizing::new(text)),
                Happening::Users(mut users) => {
                    users.sort_unstable();
                    users.dedup();
                    Message::Snapshot(Arc::new(snapshot(users)))
                }
                Happening::Vault(number) => {
                    Message::Snapshot(Arc::new(Snapshot { vault: status(number), ..snapshot(0..3) }))
                }
                Happening::Size(width, height) => Message::Resize(Size { width, height }),
                Happening::Answer(true) => event(request, Subject::Device, failure()),
                Happening::Answer(false) => {
                    let subject = Subject::User { key: key(3), label: "ada".into() };
                    event(request, subject, session::Entered::LoggedIn { replaced: false }.into())
                }
            };
            for effect in update(&mut model, message) {
                if let Effect::Send { dialog, .. } = effect {
                    let id = RequestId::next();
                    request = Some(id);
                    update(&mut model, Message::Sent { dialog, result: Ok(id) });
                }
            }
            // Without a filter everybody is listed; somebody who is listed is selected.
            let everybody = model.state.users.filter.text().trim().is_empty();
            prop_assert!(!everybody || model.state.shown_users().count() == model.state.snapshot.users.len());
            prop_assert_eq!(model.state.selected().is_some(), model.state.shown_users().next().is_some());
            prop_assert_eq!(model.state.selected(), model.state.users.get(model.state.users.index(), &model.state.snapshot));
            if let Some(form) = model.dialog().and_then(|dialog| dialog.body.form()) {
                prop_assert!(form.fields().count() == 0 || form.focused().is_some());
            }
            let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(
                model.state.size.width, model.state.size.height,
            )).unwrap();
            terminal.draw(|frame| crate::tui::view::view(&model, frame)).unwrap();
        }
    }
}
