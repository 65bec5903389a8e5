//! Dialogs: what they ask before something is lost, and what a click in them does.

use super::*;
use crate::account::App;
use crate::data::change::EditBase;
use crate::session::{self, LocalView};
use crate::tui::component::apps::AppList;
use crate::tui::keymap::{Keymap, Setting};
use crate::tui::layout::View;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

pub(super) fn drawn(model: &Model) -> String {
    let mut terminal =
        Terminal::new(TestBackend::new(model.state.size.width, model.state.size.height)).unwrap();
    terminal.draw(|frame| crate::tui::view::view(model, frame)).unwrap();
    terminal.backend().to_string()
}

/// Clicks on the first place that shows `text`, a second later than before.
fn click(model: &mut Model, text: &str) -> Vec<Effect> {
    model.state.now += SignedDuration::from_secs(1);
    click_again(model, text)
}

/// Clicks there at once.
fn click_again(model: &mut Model, text: &str) -> Vec<Effect> {
    let screen = drawn(model);
    let (row, line) = screen
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(text))
        .unwrap_or_else(|| panic!("no {text:?} on\n{screen}"));
    // The backend puts each line into quotes.
    let column = line[..line.find(text).unwrap()].chars().count() - 1;
    let kind = MouseEventKind::Down(MouseButton::Left);
    let event = MouseEvent { kind, column: column as u16, row: row as u16, modifiers: KeyModifiers::NONE };
    let at = model.state.now;
    update(model, Message::Mouse { event, at })
}

fn answer(model: &mut Model, dialog: Option<DialogId>, subject: Subject, kind: EventKind) {
    let id = RequestId::next();
    update(model, Message::Sent { dialog, result: Ok(id) });
    update(model, event(Some(id), subject, kind));
}

fn about_user() -> Subject {
    Subject::User { key: key(1), label: "user1@example.com".into() }
}

fn fill(model: &mut Model, text: &str) {
    keys(model, text);
    press(model, KeyCode::Tab);
}

/// Types a whole new App into the form.
fn type_app(model: &mut Model) {
    keys(model, "An");
    fill(model, "shop");
    fill(model, "http://127.0.0.1:4000");
    fill(model, "shop-abcde");
}

#[test]
fn an_app_is_added_from_the_list_of_apps() {
    let mut model = with_users([1]);
    type_app(&mut model);
    let (command, dialog) = sent(press(&mut model, KeyCode::Enter));
    let Some(session::KeepApp(App { alias, base_url, client_app_id, custom_data, control, .. })) =
        command.downcast_ref()
    else {
        panic!("{command:?}")
    };
    assert_eq!((alias.as_str(), client_app_id.as_str()), ("shop", "shop-abcde"));
    assert_eq!((base_url.as_str(), custom_data.database.as_str()), ("http://127.0.0.1:4000/", "app"));
    assert!(control.is_none());
    answer(&mut model, dialog, Subject::App { app: alias.clone(), who: None }, session::AppAdded.into());
    let mut later = snapshot([1]);
    later.apps.push(AppView { alias: alias.clone(), kept: true, ..later.apps[0].clone() });
    show(&mut model, later);
    // The new one is selected, and one can log in at it, although it has nobody.
    let list = model.dialog().unwrap().get::<AppList>().unwrap();
    assert_eq!(list.current(&model.state.snapshot).unwrap().alias, *alias);
    keys(&mut model, "l");
    assert_eq!(model.dialog().unwrap().get::<CredentialsForm>().unwrap().app, *alias);
    assert_eq!(model.dialogs.len(), 1, "the list made way");
}

#[test]
fn an_app_is_checked_while_it_is_typed() {
    let mut model = with_users([1]);
    let error =
        |model: &Model, name| model.dialog().unwrap().body.form().unwrap().field(name).unwrap().error.clone();
    keys(&mut model, "An");
    keys(&mut model, "my shop");
    assert!(error(&model, FieldName::Alias).unwrap().contains("without spaces"));
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "ftp://x");
    assert!(error(&model, FieldName::BaseUrl).unwrap().contains("http"));
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(error(&model, FieldName::ClientAppId).unwrap().contains("needed"));
    let form = model.dialog().unwrap().body.form().unwrap();
    assert!(form.is_focused(FieldName::Alias), "the first that is wrong");
    for _ in 0..7 {
        press(&mut model, KeyCode::Backspace);
    }
    assert_eq!(error(&model, FieldName::Alias), None, "an empty field is wrong only when it is submitted");
}

#[test]
fn a_name_that_another_app_has_is_refused_beside_it() {
    let mut model = with_users([1]);
    let mut two = snapshot([1]);
    two.apps.push(AppView { alias: AppAlias::new("shop"), kept: true, ..two.apps[0].clone() });
    show(&mut model, two);
    type_app(&mut model);
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    let form = model.dialog().unwrap().body.form().unwrap();
    assert!(form.is_focused(FieldName::Alias));
    assert!(form.focused().unwrap().error.as_ref().unwrap().contains("another App"));
}

#[test]
fn nothing_of_an_app_is_lost_when_it_is_refused() {
    let mut model = with_users([1]);
    type_app(&mut model);
    while !model.dialog().unwrap().body.form().unwrap().is_focused(FieldName::ControlToken) {
        press(&mut model, KeyCode::Tab);
    }
    keys(&mut model, "a-token");
    let (command, dialog) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::KeepApp(App { control: Some(control), .. }))
        if control.token.expose_secret() == "a-token"));
    answer(&mut model, dialog, Subject::App { app: AppAlias::new("shop"), who: None }, failure());
    let form = model.dialog().unwrap().body.form().unwrap();
    assert_eq!(form.text(FieldName::BaseUrl), "http://127.0.0.1:4000");
    assert_eq!(form.secret(FieldName::ControlToken), "a-token");
}

#[test]
fn an_app_with_users_stays_where_it_is() {
    let mut model = model();
    let mut kept = snapshot([1]);
    kept.apps[0].kept = true;
    show(&mut model, kept);
    keys(&mut model, "Ae");
    let form = model.dialog().unwrap().body.form().unwrap();
    let shown: Vec<_> = form.fields().map(|field| field.name).collect();
    assert!(!shown.contains(&FieldName::BaseUrl) && !shown.contains(&FieldName::Alias), "{shown:?}");
    keys(&mut model, "2");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(
        matches!(command.downcast_ref(), Some(session::EditApp(App { alias, custom_data, base_url, .. }))
        if alias.as_str() == "local" && custom_data.service == "mongodb-atlas2"
            && base_url.as_str() == "http://127.0.0.1:1/")
    );
}

#[test]
fn forgetting_an_app_says_who_goes_with_it() {
    let mut model = model();
    let mut kept = snapshot([1, 2]);
    kept.apps[0].kept = true;
    show(&mut model, kept);
    keys(&mut model, "Ad");
    assert!(drawn(&model).contains("2 users with it"));
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "the harmless answer has the focus");
    keys(&mut model, "dl");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::ForgetApp { app }) if app.as_str() == "local"));
}

#[test]
fn an_app_that_is_not_kept_is_neither_changed_nor_forgotten() {
    let mut model = with_users([1]);
    keys(&mut model, "Ae");
    keys(&mut model, "d");
    assert_eq!(model.dialogs.len(), 1);
    assert!(model.state.activity.shown().unwrap().text.contains("comes with idmux"));
}

#[test]
fn an_account_is_deleted_by_typing_its_name_alone() {
    let mut model = with_users([1]);
    keys(&mut model, "D");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    keys(&mut model, "user1@example.co");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    let error = model.dialog().unwrap().body.form().unwrap().focused().unwrap().error.clone();
    assert!(error.unwrap().contains("as it stands"));
    keys(&mut model, "m");
    assert!(
        matches!(sent(press(&mut model, KeyCode::Enter)).0.downcast_ref(), Some(session::Delete { user }) if *user == key(1))
    );
}

#[test]
fn a_hostile_name_is_typed_as_it_is_shown() {
    let mut model = model();
    let mut hostile = snapshot([]);
    hostile.users.push_back(Arc::new(UserView { label: "ada\u{202e}".into(), ..user(1) }));
    show(&mut model, hostile);
    keys(&mut model, "Dada");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    keys(&mut model, "<U+202E>");
    assert!(matches!(sent(press(&mut model, KeyCode::Enter)).0.downcast_ref(), Some(session::Delete { .. })));
}

#[test]
fn a_link_is_shown_before_it_is_sent_and_one_can_go_back() {
    let mut model = model();
    let mut anonymous = snapshot([]);
    anonymous.users.push_back(Arc::new(UserView { provider: Provider::Anonymous, ..user(1) }));
    show(&mut model, anonymous);
    keys(&mut model, "L");
    assert!(drawn(&model).contains("permanent, 1 of 2"));
    fill(&mut model, "ada@example.com");
    keys(&mut model, "secret1");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    let screen = drawn(&model);
    for words in
        ["2 of 2", "the account ada@example.com is registered", "the id stays", "90 days", "no unlinking"]
    {
        assert!(screen.contains(words), "{words} in\n{screen}");
    }
    update(&mut model, Message::Paste(Zeroizing::new("lost".into())));
    press(&mut model, KeyCode::Esc);
    let form = model.dialog().unwrap().body.form().unwrap();
    assert_eq!(form.secret(FieldName::Password), "secret1", "nothing was lost on the way");
    press(&mut model, KeyCode::Enter);
    let (command, dialog) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::Link { register: true, .. })));
    // What is refused is said above the fields.
    answer(&mut model, dialog, about_user(), failure());
    assert!(model.dialog().unwrap().body.form().unwrap().is_focused(FieldName::Password));
    assert_eq!(model.context(), Context::TextField);
}

#[test]
fn a_written_value_can_be_written_back_through_a_preview() {
    let mut model = with_users([1]);
    assert!(keys(&mut model, "u").is_empty());
    assert!(model.dialogs.is_empty(), "there is nothing to undo");
    keys(&mut model, "e");
    press(&mut model, KeyCode::Backspace);
    let (_, dialog) = sent(press(&mut model, KeyCode::Enter));
    let path = crate::data::FieldPath::parse_writable("theme").unwrap();
    answer(&mut model, dialog, about_user(), session::CustomDataChange::Set(path).into());
    assert!(model.dialogs.is_empty());
    keys(&mut model, "u");
    let screen = drawn(&model);
    assert!(screen.contains("Undo a change"), "{screen}");
    assert!(screen.contains(r#"theme: "dar" → "dark""#), "{screen}");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    let Some(session::EditCustomData { edit, .. }) = command.downcast_ref() else { panic!("{command:?}") };
    assert_eq!(edit.changes[0].after, Some(bson!("dark")));
    // What it began from is what was written: somebody else's change since is a conflict.
    assert_eq!((edit.changes[0].before.clone(), edit.base.clone()), (Some(bson!("dar")), EditBase::Fields));
}

#[test]
fn a_write_that_fails_leaves_nothing_to_undo() {
    let mut model = with_users([1]);
    keys(&mut model, "e");
    press(&mut model, KeyCode::Backspace);
    let (_, dialog) = sent(press(&mut model, KeyCode::Enter));
    answer(&mut model, dialog, about_user(), failure());
    assert!(model.state.undo.is_empty());
}

#[test]
fn typed_text_is_dropped_by_the_second_escape_only() {
    let mut model = with_users([1]);
    keys(&mut model, "lada");
    press(&mut model, KeyCode::Esc);
    assert!(drawn(&model).contains("Esc again drops what you typed"));
    keys(&mut model, "x");
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.dialog().unwrap().body.form().unwrap().text(FieldName::Email), "adax");
    press(&mut model, KeyCode::Esc);
    assert!(model.dialogs.is_empty());
    // Without a text there is nothing to ask.
    keys(&mut model, "l");
    press(&mut model, KeyCode::Esc);
    assert!(model.dialogs.is_empty());
}

#[test]
fn the_mailbox_is_emptied_after_a_question() {
    let mut model = model();
    let mut local = snapshot([1]);
    local.apps[0].local =
        Some(Arc::new(LocalView { mails: Some(vec![mail()].into()), ..LocalView::default() }));
    show(&mut model, local);
    let (_, dialog) = sent(keys(&mut model, "M"));
    answer(&mut model, dialog, Subject::Device, session::MailsRead(Vec::new().into()).into());
    assert!(keys(&mut model, "X").is_empty());
    assert!(press(&mut model, KeyCode::Enter).is_empty(), "the harmless answer has the focus");
    keys(&mut model, "Xl");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(command.downcast_ref::<session::ClearMails>().is_some());
}

#[test]
fn a_board_takes_keys_while_it_reads_but_makes_one_change_at_a_time() {
    use crate::account::ClockChange;
    let mut model = with_users([1]);
    let mut local = snapshot([1]);
    local.apps[0].local = Some(Arc::default());
    show(&mut model, local);
    // It asks for the clock, and nobody has to wait for the answer.
    let (read, dialog) = sent(keys(&mut model, "T"));
    assert!(read.downcast_ref::<session::ReadClock>().is_some());
    update(&mut model, Message::Sent { dialog, result: Ok(RequestId::next()) });
    let (change, _) = sent(keys(&mut model, "e"));
    let is_change =
        matches!(change.downcast_ref(), Some(session::ChangeClock { change: ClockChange::Advance(_), .. }));
    assert!(is_change, "{change:?}");
    assert!(keys(&mut model, "e").is_empty(), "the change before is on its way");
}

fn mail() -> crate::account::Mail {
    use crate::account::{Mail, MailLink, MailPurpose, MailState, MailToken};
    Mail {
        id: 1,
        sent_at: now(),
        purpose: MailPurpose::Confirm,
        email: "ada@example.com".into(),
        subject: "Confirm".into(),
        link: MailLink::new("http://localhost/confirm?token=t&tokenId=i".to_owned()),
        token: MailToken { token: "t".into(), id: "i".into() },
        delivery: "kept".into(),
        state: MailState::Open,
    }
}

#[test]
fn a_secret_is_shown_on_request_alone_and_a_payload_outlives_a_failure() {
    let mut model = with_users([1]);
    keys(&mut model, "l");
    press(&mut model, KeyCode::Up);
    while !drawn(&model).contains("The App's own function") {
        press(&mut model, KeyCode::Right);
    }
    press(&mut model, KeyCode::Tab);
    keys(&mut model, r#"{"password":"hunter2"}"#);
    assert!(!drawn(&model).contains("hunter2"));
    let reveal = KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL);
    update(&mut model, Message::Key(reveal));
    assert!(drawn(&model).contains("hunter2"));
    let (_, dialog) = sent(press(&mut model, KeyCode::Enter));
    answer(&mut model, dialog, Subject::Device, failure());
    let form = model.dialog().unwrap().body.form().unwrap();
    assert!(form.secret(FieldName::Payload).contains("hunter2"));
    assert!(!format!("{model:?}").contains("hunter2"));
}

#[test]
fn a_click_in_a_form_focuses_changes_and_chooses() {
    let mut model = with_users([1]);
    keys(&mut model, "L");
    click(&mut model, "Password");
    assert!(model.dialog().unwrap().body.form().unwrap().is_focused(FieldName::Password));
    click(&mut model, "register this account");
    assert!(!model.dialog().unwrap().body.form().unwrap().is_on(FieldName::Register));
    click(&mut model, "‹ E-mail & password");
    assert_eq!(model.dialog().unwrap().body.form().unwrap().chosen(FieldName::Method), 1);
    // Outside of the dialog nothing happens.
    let before = format!("{:?}", model.dialog());
    click(&mut model, "user1@example.com");
    assert_eq!(before, format!("{:?}", model.dialog()));

    let mut choose = super::model();
    let status = VaultStatus::ChooseKey { why: "none".into() };
    show(&mut choose, Snapshot { vault: status, ..Snapshot::default() });
    click(&mut choose, "a key file beside");
    let (command, _) = sent(press(&mut choose, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::OpenVault(KeyChoice::KeyFile(_)))));
}

#[test]
fn a_click_on_an_answer_gives_it() {
    let mut model = with_users([1]);
    keys(&mut model, "x");
    assert!(click(&mut model, "Cancel ]").is_empty());
    assert!(model.dialogs.is_empty());
    keys(&mut model, "x");
    assert!(sent(click(&mut model, "Remove ]")).0.downcast_ref::<session::Remove>().is_some());
}

#[test]
fn a_row_of_a_list_is_selected_by_a_click_and_run_by_two() {
    let mut model = with_users([1]);
    keys(&mut model, ":");
    keys(&mut model, "register");
    let row = "register an e-mail account";
    assert!(click(&mut model, row).is_empty());
    assert!(model.dialog().unwrap().is::<Palette>());
    click_again(&mut model, row);
    assert!(model.dialog().unwrap().is::<CredentialsForm>());

    let mut menu = with_users([1]);
    keys(&mut menu, "Y");
    click(&mut menu, "the refresh token");
    assert_eq!(menu.dialog().unwrap().get::<CopyMenu>().unwrap().cursor, 2);
}

#[test]
fn rows_of_the_other_views_are_clicked_too() {
    let mut model = with_users([1, 2, 3]);
    keys(&mut model, "6");
    click(&mut model, "user2@example.com");
    assert_eq!(selected(&model), Some(key(2)));
    click_again(&mut model, "user2@example.com");
    assert_eq!(model.state.view, View::Board, "what Enter does");

    keys(&mut model, "8");
    for number in 1..=3 {
        let subject = Subject::User { key: key(number), label: format!("user{number}") };
        update(&mut model, event(None, subject, session::Refreshed.into()));
    }
    click(&mut model, "user2");
    assert_eq!(model.log.cursor(), 1);
    click_again(&mut model, "user2");
    assert!(model.log.open().is_some());
}

#[test]
fn the_picker_matches_as_the_filter_does() {
    let mut model = with_users([1, 12, 3]);
    keys(&mut model, "7a");
    keys(&mut model, "u12");
    press(&mut model, KeyCode::Enter);
    assert!(model.compare.picked().contains(&key(12)));
    assert!(click(&mut model, "user1@").is_empty());
    assert_eq!(model.compare.focused(), Some(&key(1)));
}

/// Every key that is one character is that character with Alt: a sentence that still names the old one lies.
fn remapped() -> Keymap {
    let keymap = Keymap::default();
    let mut settings = Vec::new();
    for context in Context::all() {
        for binding in keymap.of(context) {
            let keys = binding.keys.iter().map(|key| {
                let name = key.to_string();
                if name.chars().count() == 1 { format!("alt-{name}") } else { name }
            });
            let place = Some(context.name());
            settings.push(Setting { line: 1, place, action: binding.action.name(), keys: keys.collect() });
        }
    }
    Keymap::remapped(&settings).unwrap()
}

/// Words of one letter that stand alone and could be keys; `3 h` and `a` are none.
fn lone_letters(screen: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in screen.lines() {
        let mut number = false;
        for word in line.split_whitespace() {
            let word = word.trim_matches(|c: char| ".,;:()\"│┃!".contains(c));
            let is_key = word.len() == 1
                && word.chars().all(|c| c.is_ascii_alphabetic() || c == '=')
                && !"aA".contains(word);
            if is_key && !number {
                found.push(line.to_owned());
            }
            number = word.trim_start_matches(['+', '-']).parse::<u32>().is_ok();
        }
    }
    found
}

#[test]
fn sentences_name_the_keys_that_are_in_force() {
    let mut logged_out = snapshot([]);
    logged_out.users.push_back(Arc::new(UserView {
        state: SessionState::LoggedOut,
        access: None,
        custom_data: None,
        profile: None,
        ..user(1)
    }));
    let mut offline = snapshot([]);
    let state = SessionState::RefreshDue { cause: "gone".into(), retry_at: None };
    offline.users.push_back(Arc::new(UserView { state, profile: None, custom_data: None, ..user(1) }));
    let mut ended = snapshot([]);
    let state = SessionState::LogInRequired(EndReason::SessionRevoked);
    ended.users.push_back(Arc::new(UserView { state, access: None, custom_data: None, ..user(1) }));
    let alt = |c: char| KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT);
    let mut named = 0;
    for (shown, presses) in [
        (snapshot([]), ""),
        (snapshot([]), "6"),
        (snapshot([]), "7"),
        (snapshot([]), "8ffff"),
        (snapshot([]), "x"),
        (logged_out.clone(), "R"),
        (logged_out, "6"),
        (offline, ""),
        (ended, ""),
        (snapshot([1]), "7b"),
        (snapshot([1]), "P"),
        (snapshot([1]), "u"),
        (snapshot([1]), "Ae"),
        (snapshot([1]), "D"),
        (snapshot([1]), "L"),
        (snapshot([1]), "K"),
    ] {
        let mut model = model();
        model.state.keymap = remapped();
        model.first_run_over = true;
        show(&mut model, shown);
        for c in presses.chars() {
            update(&mut model, Message::Key(alt(c)));
        }
        let screen = drawn(&model);
        assert_eq!(lone_letters(&screen), Vec::<String>::new(), "after {presses:?}\n{screen}");
        named += screen.matches("Alt-").count();
    }
    assert!(named > 30, "{named}");
    // The check sees what it is to see.
    let mut usual = super::model();
    usual.first_run_over = true;
    show(&mut usual, snapshot([]));
    assert!(!lone_letters(&drawn(&usual)).is_empty());
}

/// Kind: work that one key drops unasked.
#[test]
fn an_edit_is_not_dropped_by_quitting_unasked() {
    let mut model = with_users([1]);
    let ctrl_c = |model: &mut Model| {
        update(model, Message::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)))
    };
    press(&mut model, KeyCode::Char('a'));
    assert!(model.dialog().unwrap().is::<EditForm>());
    keys(&mut model, "x");
    // Something else may stand in front of it.
    model.open(Help::new(Context::Users));
    assert!(ctrl_c(&mut model).is_empty());
    assert!(model.dialog().unwrap().is::<EditForm>());
    assert!(drawn(&model).contains("Ctrl-C again quits and drops"), "{}", drawn(&model));
    keys(&mut model, "y");
    assert!(ctrl_c(&mut model).is_empty(), "another key asks anew");
    // The question for a locked vault's key stays in front of it.
    let vault = VaultStatus::Locked { key: KeySource::Passphrase, why: None };
    show(&mut model, Snapshot { vault, ..Snapshot::default() });
    assert!(ctrl_c(&mut model).is_empty());
    assert!(model.dialog().unwrap().is::<VaultForm>());
    assert!(matches!(ctrl_c(&mut model).as_slice(), [Effect::Quit]));
}

#[test]
fn a_paste_of_an_address_and_a_password_fills_both_fields_and_shows_no_password() {
    let mut model = with_users([1]);
    press(&mut model, KeyCode::Char('l'));
    update(&mut model, Message::Paste(Zeroizing::new("ada@example.com\nhunter2\n".into())));
    let screen = drawn(&model);
    assert!(screen.contains("ada@example.com ") && !screen.contains("hunter2"), "{screen}");
    assert!(screen.contains("the address and the password"), "{screen}");
}

/// Kind: an address from a server that gets secrets nobody meant for it.
#[test]
fn another_host_of_an_app_is_asked_about_once_and_the_harmless_answer_has_the_focus() {
    let named = |to: &str| {
        let mut named = snapshot([1]);
        named.apps[0].base_url = Some("https://shop.example".parse().unwrap());
        named.apps[0].other_host = Some(to.into());
        named
    };
    let mut model = with_users([1]);
    show(&mut model, named("eu.shop.example"));
    let screen = drawn(&model);
    for part in ["shop.example", "eu.shop.example", "Cancel", "Use it"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    assert!(model.dialog().is_none());
    show(&mut model, named("eu.shop.example"));
    assert!(model.dialog().is_none(), "it was asked");

    show(&mut model, named("third.example"));
    press(&mut model, KeyCode::Right);
    let (command, dialog) = sent(press(&mut model, KeyCode::Enter));
    let Some(session::AcceptHost { app, host }) = command.downcast_ref() else { panic!("{command:?}") };
    assert_eq!((app, host.as_str()), (&snapshot([1]).apps[0].alias, "third.example"));
    answer(&mut model, dialog, Subject::App { app: app.clone(), who: None }, session::AppChanged.into());
    assert!(model.dialog().is_none());
}

/// Kind: an irreversible act with the words and the default of a harmless one. Nobody can log in as an anonymous user
/// again.
#[test]
fn an_anonymous_user_is_not_lost_by_one_key() {
    let anonymous = || {
        let mut model = model();
        let mut one = snapshot([]);
        one.users.push_back(Arc::new(UserView { provider: Provider::Anonymous, ..user(1) }));
        show(&mut model, one);
        model
    };
    for key in ["o", "x"] {
        let mut model = anonymous();
        assert!(keys(&mut model, key).is_empty(), "{key} asks");
        let screen = drawn(&model);
        assert!(screen.contains("▸Cancel") && screen.contains("Make it permanent"), "{screen}");
        assert!(press(&mut model, KeyCode::Enter).is_empty(), "Cancel has the focus");
        assert!(model.dialog().is_none());

        keys(&mut model, key);
        press(&mut model, KeyCode::Right);
        assert!(press(&mut model, KeyCode::Enter).is_empty());
        assert!(drawn(&model).contains("permanent, 1 of 2"));

        let mut model = anonymous();
        keys(&mut model, key);
        press(&mut model, KeyCode::Left);
        let (command, _) = sent(press(&mut model, KeyCode::Enter));
        let (log_out, remove) =
            (command.downcast_ref::<session::LogOut>(), command.downcast_ref::<session::Remove>());
        assert!(log_out.is_some() || remove.is_some(), "{command:?}");
    }
    let mut model = anonymous();
    keys(&mut model, " o");
    let confirm = model.dialog().unwrap().get::<Confirm>().expect("a question");
    assert!(confirm.text().ends_with("are lost."), "{}", confirm.text());
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    // Of anybody else the end of a session is harmless.
    let mut model = with_users([1]);
    assert!(matches!(sent(keys(&mut model, "o")).0.downcast_ref(), Some(session::LogOut { .. })));
}
