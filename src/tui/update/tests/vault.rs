//! The first run, and a vault that is closed, opened, and closed again.

use super::*;

#[test]
fn the_first_run_offers_a_log_in_once() {
    let mut model = with_users([]);
    assert!(model.dialog().unwrap().is::<CredentialsForm>());
    press(&mut model, KeyCode::Esc);
    show(&mut model, snapshot([]));
    assert!(model.dialogs.is_empty());
}

#[test]
fn an_idle_screen_locks_the_vault_once_and_a_key_puts_it_off() {
    let idle = Start { auto_lock: Some(Duration::from_secs(60)), ..start() };
    let mut model = Model::new(idle);
    let later = |seconds| Message::Now(now() + SignedDuration::from_secs(seconds));
    assert_eq!(model.lock_at(), None, "a vault that is not open need not be locked");
    show(&mut model, snapshot([]));
    assert!(update(&mut model, later(59)).is_empty());
    update(&mut model, Message::Key(KeyEvent::new(KeyCode::Char('?'), KeyModifiers::NONE)));
    assert!(update(&mut model, later(118)).is_empty());
    let effects = update(&mut model, later(119));
    assert!(
        matches!(effects.as_slice(), [Effect::Send { operation, .. }] if operation.downcast_ref::<session::Lock>().is_some())
    );
    assert!(update(&mut model, later(120)).is_empty());
}

#[test]
fn the_first_run_waits_for_vault_and_app_and_spares_the_demo() {
    let mut early = model();
    show(&mut early, Snapshot { vault: VaultStatus::Opening, ..snapshot([]) });
    assert!(early.dialogs.is_empty());
    let mut starting = snapshot([]);
    starting.apps[0].base_url = None;
    show(&mut early, starting);
    assert!(early.dialogs.is_empty());
    show(&mut early, snapshot([]));
    assert_eq!(early.dialogs.len(), 1);

    let mut demo = model();
    demo.state.demo = true;
    show(&mut demo, snapshot([]));
    assert!(demo.dialogs.is_empty());
}

#[test]
fn the_vault_asks_for_its_key_until_it_is_open() {
    let locked = |why: Option<&str>| Snapshot {
        vault: VaultStatus::Locked { key: KeySource::Passphrase, why: why.map(str::to_owned) },
        ..Snapshot::default()
    };
    let mut model = model();
    show(&mut model, locked(None));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.dialogs.len(), 1, "nothing works without the vault");
    keys(&mut model, "wrong");
    let (command, dialog) = sent(press(&mut model, KeyCode::Enter));
    let Some(session::OpenVault(KeyChoice::Passphrase(passphrase))) = command.downcast_ref() else {
        panic!("{command:?}")
    };
    assert_eq!(passphrase.expose_secret(), "wrong");
    update(&mut model, Message::Sent { dialog, result: Ok(RequestId::next()) });
    show(&mut model, locked(Some("the passphrase is wrong")));
    assert!(!model.dialog().unwrap().is_waiting());
    show(&mut model, snapshot([1]));
    assert!(model.dialogs.is_empty());
}

#[test]
fn what_is_open_when_the_vault_is_closed_waits_out_of_sight_and_nothing_of_its_users_stays() {
    let mut model = with_users([1]);
    let renewed = |model: &mut Model, fingerprint: &str| {
        let mut renewed = snapshot([1]);
        Arc::make_mut(&mut renewed.users[0]).access.as_mut().unwrap().fingerprint = fingerprint.into();
        show(model, renewed);
    };
    renewed(&mut model, "g");
    assert!(model.compare.former(&key(1)).is_some());
    keys(&mut model, "4e");
    keys(&mut model, "er");
    let (command, dialog) = sent(press(&mut model, KeyCode::Enter));
    let Some(session::EditCustomData { edit, .. }) = command.downcast_ref() else { panic!("{command:?}") };
    update(&mut model, Message::Sent { dialog, result: Ok(RequestId::next()) });
    model.state.undo.insert(key(1), edit.clone());
    let of_user = dialog.unwrap();
    let locked = |vault| Snapshot { vault, ..Snapshot::default() };
    let wrong = || VaultStatus::Locked { key: KeySource::Passphrase, why: Some("it is wrong".into()) };
    show(&mut model, locked(VaultStatus::Locked { key: KeySource::Passphrase, why: None }));
    assert!(model.compare.former(&key(1)).is_none() && model.state.undo.is_empty());
    for _ in 0..2 {
        // A wrong passphrase, and the same once more.
        keys(&mut model, "wrong");
        let (_, dialog) = sent(press(&mut model, KeyCode::Enter));
        update(&mut model, Message::Sent { dialog, result: Ok(RequestId::next()) });
        for status in [VaultStatus::Opening, wrong()] {
            show(&mut model, locked(status));
            assert!(model.dialogs_in_sight().iter().all(|dialog| dialog.id != of_user));
            assert!(model.dialog().unwrap().is::<VaultForm>());
        }
        assert!(!model.dialog().unwrap().is_waiting(), "it is asked anew");
    }
    show(&mut model, snapshot([1]));
    assert_eq!(model.dialogs_in_sight().iter().map(|dialog| dialog.id).collect::<Vec<_>>(), [of_user]);
    assert_eq!(model.dialog().unwrap().body.form().unwrap().text(FieldName::Value), "darker");
}

#[test]
fn a_chosen_passphrase_is_typed_twice() {
    let mut model = model();
    show(
        &mut model,
        Snapshot { vault: VaultStatus::ChooseKey { why: "none".into() }, ..Snapshot::default() },
    );
    press(&mut model, KeyCode::Enter);
    keys(&mut model, "one");
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "two");
    assert!(press(&mut model, KeyCode::Enter).is_empty());
    for _ in 0..3 {
        press(&mut model, KeyCode::Backspace);
    }
    keys(&mut model, "one");
    let (command, _) = sent(press(&mut model, KeyCode::Enter));
    assert!(matches!(command.downcast_ref(), Some(session::OpenVault(KeyChoice::Passphrase(_)))));
}

#[test]
fn the_key_can_live_elsewhere() {
    for (downs, expected) in [(1, "KeyFile"), (2, "Memory"), (3, "Keyring")] {
        let mut model = model();
        show(
            &mut model,
            Snapshot { vault: VaultStatus::ChooseKey { why: "none".into() }, ..Snapshot::default() },
        );
        for _ in 0..downs {
            press(&mut model, KeyCode::Down);
        }
        let (command, _) = sent(press(&mut model, KeyCode::Enter));
        assert!(format!("{command:?}").contains(expected), "{command:?}");
    }
}

/// Kind: a text that was made from a user, and outlives what it was made from.
#[test]
fn nothing_names_a_user_after_a_lock() {
    let mut model = with_users([1, 2]);
    let failed = |user: usize| {
        let failure = Failure {
            kind: FailureKind::Unreachable,
            action: "renew the access token",
            message: "no answer".into(),
            hint: String::new(),
        };
        let subject = Subject::User { key: key(user), label: format!("user{user}@example.com") };
        Message::Event(Event { at: now(), request: None, subject, kind: EventKind::Failed(failure) })
    };
    update(&mut model, failed(1));
    keys(&mut model, "/user");
    press(&mut model, KeyCode::Enter);
    assert!(model.state.activity.shown().is_some() && model.state.activity.history().iter().count() > 0);
    show(
        &mut model,
        Snapshot {
            vault: VaultStatus::Locked { key: KeySource::Passphrase, why: None },
            ..Snapshot::default()
        },
    );
    // One that was on its way.
    update(&mut model, failed(2));
    assert!(model.state.activity.shown().is_none(), "{:?}", model.state.activity.shown());
    assert_eq!(model.state.activity.history().iter().count(), 0);
    assert!(!model.state.users.filter.is_on() && model.state.marked.is_empty());
    let debug = format!("{model:?}");
    assert!(!debug.contains("@example.com"), "{debug}");
    let screen = dialogs::drawn(&model);
    assert!(screen.contains("The vault is locked."), "{screen}");
    assert!(!screen.contains("Nobody is logged in") && !screen.contains("No user is selected"), "{screen}");
}
