//! Email/password accounts, their tokens, and the mailbox.

use super::super::registrations::MAILS_KEPT;
use super::*;

/// A registration that waits for its confirmation, with the token `t`, good for a minute.
async fn waiting(store: &dyn Store, email: &str) -> Registration {
    let registration = Registration::new(email, "hash", at(0)).unconfirmed();
    let confirm = token("t", Purpose::Confirm, at(60));
    store.register(registration.clone(), Some(confirm), None).await.unwrap();
    registration
}

async fn current(store: &dyn Store, registration: &Registration) -> Registration {
    store.registration(RegistrationKey::Id(registration.id.clone())).await.unwrap().unwrap()
}

pub async fn a_registration_is_kept_with_its_token_and_mail(subject: &Subject) {
    let store = &*subject.store;
    let registration = Registration::new("a@example.com", "hash", at(3)).unconfirmed();
    let confirm = token("t", Purpose::Confirm, at(60));
    let mail = mail("a@example.com", "t");
    let kept = store.register(registration.clone(), Some(confirm), Some(mail)).await.unwrap().unwrap();
    let found = subject.other.registration(email_of(&registration)).await.unwrap().unwrap();
    assert_eq!((&found.id, found.created_at, found.confirmed), (&registration.id, at(3), false));
    assert_eq!(found.password_hash, "hash");
    let mail = subject.other.mail(kept).await.unwrap().unwrap();
    assert_eq!(
        (mail.email.as_str(), mail.used, mail.token_expires_at),
        ("a@example.com", false, Some(at(60)))
    );
    store.confirm_by_token(guess("t", Purpose::Confirm, at(0))).await.unwrap();
    let mail = store.mail(kept).await.unwrap().unwrap();
    assert_eq!((mail.used, mail.token_expires_at), (true, None));
    let other_case = RegistrationKey::Email("A@example.com".to_owned());
    assert!(store.registration(other_case).await.unwrap().is_none());
}

pub async fn an_email_is_registered_once_and_the_second_leaves_nothing(subject: &Subject) {
    let store = &*subject.store;
    registered(store, "a@example.com").await;
    let second = Registration::new("a@example.com", "hash", at(0)).unconfirmed();
    let confirm = token("t", Purpose::Confirm, at(60));
    let refused = store.register(second.clone(), Some(confirm), Some(mail("a@example.com", "t"))).await;
    assert_refused(refused, Refusal::EmailTaken);
    assert_refused(store.register_user(second, id()).await, Refusal::EmailTaken);
    assert!(store.mails(None).await.unwrap().is_empty());
    assert_eq!(store.users_count().await.unwrap(), 0);
    assert_refused(
        store.registration_of_token(guess("t", Purpose::Confirm, at(0))).await,
        Refusal::TokenInvalid,
    );
}

pub async fn of_simultaneous_registrations_one_counts(subject: &Subject) {
    let registered = at_once(subject, |name, store| {
        let registration = Registration::new("a@example.com", name, at(0));
        Box::pin(async move { store.register(registration, None, Some(mail("a@example.com", name))).await })
    })
    .await;
    assert_eq!(registered.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(subject.store.mails(None).await.unwrap().len(), 1);
}

pub async fn a_registered_user_is_there_at_once(subject: &Subject) {
    let store = &*subject.store;
    let registration = Registration::new("a@example.com", "hash", at(7));
    let user = store.register_user(registration.clone(), "user".to_owned()).await.unwrap();
    assert_eq!((user.id.as_str(), user.created_at, user.last_login_at), ("user", at(7), at(7)));
    let opened = store.open_session(log_in_with(by_password(&registration), at(8))).await.unwrap();
    assert_eq!(opened.session.user_id, "user");
    assert!(store.pending_registrations(None, 10).await.unwrap().is_empty());
}

pub async fn pending_registrations_come_in_pages_until_the_first_log_in(subject: &Subject) {
    let store = &*subject.store;
    let mut all = Vec::new();
    for number in 0..5 {
        all.push(registered(store, &format!("{number}@example.com")).await);
    }
    let logged_in = all.swap_remove(2);
    store.open_session(log_in_with(by_password(&logged_in), at(0))).await.unwrap();
    let mut expected: Vec<_> = all.into_iter().map(|registration| registration.id).collect();
    expected.sort_unstable();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.pending_registrations(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 3);
        after = Some(last.id.clone());
        seen.extend(page.into_iter().map(|registration| registration.id));
    }
    assert_eq!(seen, expected);
}

pub async fn a_pending_registration_can_be_deleted_that_of_a_user_cannot(subject: &Subject) {
    let store = &*subject.store;
    let pending = waiting(store, "a@example.com").await;
    store.delete_pending_registration(RegistrationKey::Id(pending.id.clone())).await.unwrap();
    let of_token = store.registration_of_token(guess("t", Purpose::Confirm, at(0))).await;
    assert_refused(of_token, Refusal::TokenInvalid);
    let gone = store.delete_pending_registration(email_of(&pending)).await;
    assert_refused(gone, Refusal::RegistrationNotFound);
    let used = registered(store, "a@example.com").await;
    store.open_session(log_in_with(by_password(&used), at(0))).await.unwrap();
    let refused = store.delete_pending_registration(email_of(&used)).await;
    assert_refused(refused, Refusal::RegistrationInUse);
    assert!(store.registration(email_of(&used)).await.unwrap().is_some());
}

pub async fn only_an_unconfirmed_registration_is_abandoned(subject: &Subject) {
    let store = &*subject.store;
    let pending = waiting(store, "a@example.com").await;
    let confirmed = registered(store, "b@example.com").await;
    for registration in [&pending, &confirmed] {
        store.abandon_registration(registration.id.clone()).await.unwrap();
    }
    store.abandon_registration("unknown".to_owned()).await.unwrap();
    assert!(store.registration(email_of(&pending)).await.unwrap().is_none());
    assert!(store.registration(email_of(&confirmed)).await.unwrap().is_some());
}

pub async fn a_registration_is_confirmed_once(subject: &Subject) {
    let store = &*subject.store;
    let pending = waiting(store, "a@example.com").await;
    store.confirm_registration(email_of(&pending)).await.unwrap();
    assert!(current(&*subject.other, &pending).await.confirmed);
    assert_refused(store.confirm_registration(email_of(&pending)).await, Refusal::AlreadyConfirmed);
    let late = store.confirm_by_token(guess("t", Purpose::Confirm, at(0))).await;
    assert_refused(late, Refusal::TokenInvalid);
    let unknown = RegistrationKey::Id("unknown".to_owned());
    assert_refused(store.confirm_registration(unknown).await, Refusal::RegistrationNotFound);
}

pub async fn a_token_works_once_in_time_and_for_its_purpose(subject: &Subject) {
    let store = &*subject.store;
    let pending = waiting(store, "a@example.com").await;
    for wrong in [
        guess("t", Purpose::Reset, at(0)),
        guess("u", Purpose::Confirm, at(0)),
        TokenGuess { hash: [8; 32], ..guess("t", Purpose::Confirm, at(0)) },
        guess("t", Purpose::Confirm, at(60)),
    ] {
        assert_refused(store.confirm_by_token(wrong.clone()).await, Refusal::TokenInvalid);
        assert_refused(store.reset_password(wrong, "new".to_owned()).await, Refusal::TokenInvalid);
    }
    let unchanged = current(store, &pending).await;
    assert_eq!((unchanged.confirmed, unchanged.password_hash.as_str()), (false, "hash"));
    let right = guess("t", Purpose::Confirm, at(59));
    assert_eq!(store.registration_of_token(right.clone()).await.unwrap().id, pending.id);
    store.confirm_by_token(right.clone()).await.unwrap();
    assert_refused(store.confirm_by_token(right).await, Refusal::TokenInvalid);
    assert!(current(store, &pending).await.confirmed);
}

pub async fn of_simultaneous_uses_of_a_token_one_counts(subject: &Subject) {
    let registration = registered(&*subject.store, "a@example.com").await;
    let reset = token("t", Purpose::Reset, at(60));
    subject.store.issue_token(email_of(&registration), reset, None).await.unwrap();
    let used = at_once(subject, |name, store| {
        let guess = guess("t", Purpose::Reset, at(0));
        Box::pin(async move { store.reset_password(guess, name.to_owned()).await.is_ok().then_some(name) })
    })
    .await;
    let used: Vec<_> = used.into_iter().flatten().collect();
    assert_eq!(used, [current(&*subject.store, &registration).await.password_hash.as_str()]);
}

pub async fn older_tokens_stay_good_until_one_is_used(subject: &Subject) {
    let store = &*subject.store;
    let pending = waiting(store, "a@example.com").await;
    let second = token("second", Purpose::Confirm, at(60));
    let sent = store.issue_token(email_of(&pending), second, Some(mail("a@example.com", "second"))).await;
    let (registration, mail) = sent.unwrap();
    assert_eq!(registration.id, pending.id);
    assert!(mail.is_some());
    let good = |name| store.registration_of_token(guess(name, Purpose::Confirm, at(0)));
    assert!(good("t").await.is_ok() && good("second").await.is_ok());
    store.confirm_by_token(guess("t", Purpose::Confirm, at(0))).await.unwrap();
    assert_refused(good("second").await, Refusal::TokenInvalid);
}

pub async fn a_token_is_for_the_right_state_of_a_registration(subject: &Subject) {
    let store = &*subject.store;
    let pending = waiting(store, "a@example.com").await;
    let confirmed = registered(store, "b@example.com").await;
    for (registration, purpose, refusal) in [
        (email_of(&pending), Purpose::Reset, Refusal::RegistrationNotFound),
        (email_of(&confirmed), Purpose::Confirm, Refusal::AlreadyConfirmed),
        (RegistrationKey::Id("unknown".to_owned()), Purpose::Reset, Refusal::RegistrationNotFound),
    ] {
        let issued = token("new", purpose, at(60));
        let refused = store.issue_token(registration, issued, Some(mail("a@example.com", "new"))).await;
        assert_refused(refused, refusal);
        let of_token = store.registration_of_token(guess("new", purpose, at(0))).await;
        assert_refused(of_token, Refusal::TokenInvalid);
    }
    assert!(store.mails(None).await.unwrap().is_empty());
}

pub async fn a_token_that_was_taken_back_is_worth_nothing(subject: &Subject) {
    let store = &*subject.store;
    waiting(store, "a@example.com").await;
    store.withdraw_token("t".to_owned()).await.unwrap();
    store.withdraw_token("unknown".to_owned()).await.unwrap();
    let refused = store.confirm_by_token(guess("t", Purpose::Confirm, at(0))).await;
    assert_refused(refused, Refusal::TokenInvalid);
}

pub async fn a_reset_gives_a_password_and_spoils_reset_tokens(subject: &Subject) {
    let store = &*subject.store;
    let registration = registered(store, "a@example.com").await;
    let issue = |name| store.issue_token(email_of(&registration), token(name, Purpose::Reset, at(60)), None);
    issue("one").await.unwrap();
    issue("two").await.unwrap();
    store.reset_password(guess("one", Purpose::Reset, at(0)), "new".to_owned()).await.unwrap();
    assert_eq!(current(store, &registration).await.password_hash, "new");
    let good = |name| store.registration_of_token(guess(name, Purpose::Reset, at(0)));
    assert_refused(good("two").await, Refusal::TokenInvalid);
    issue("three").await.unwrap();
    store.set_password(registration.id.clone(), "newer".to_owned()).await.unwrap();
    assert_eq!(current(&*subject.other, &registration).await.password_hash, "newer");
    assert_refused(good("three").await, Refusal::TokenInvalid);
    let unknown = store.set_password("unknown".to_owned(), "x".to_owned()).await;
    assert_refused(unknown, Refusal::RegistrationNotFound);
}

pub async fn a_password_is_upgraded_only_from_what_was_seen(subject: &Subject) {
    let store = &*subject.store;
    let seen = registered(store, "a@example.com").await;
    let done = store.upgrade_password(seen.clone(), "better".to_owned()).await.unwrap();
    assert!(matches!(done, PasswordChange::Done(now) if now.password_hash == "better"));
    let late = store.upgrade_password(seen.clone(), "worse".to_owned()).await.unwrap();
    assert!(matches!(late, PasswordChange::Overtaken(Some(now)) if now.password_hash == "better"));
    store.delete_pending_registration(email_of(&seen)).await.unwrap();
    let gone = store.upgrade_password(seen, "worse".to_owned()).await.unwrap();
    assert!(matches!(gone, PasswordChange::Overtaken(None)));
}

/// An account as an import leaves it.
async fn adoptable(store: &dyn Store, email: &str) -> Registration {
    let adopt_until = Some(at(60));
    let registration = Registration { adopt_until, ..Registration::new(email, "", at(0)) };
    store.register(registration.clone(), None, None).await.unwrap();
    registration
}

pub async fn of_simultaneous_first_passwords_one_is_adopted(subject: &Subject) {
    let registration = adoptable(&*subject.store, "a@example.com").await;
    let adopted = at_once(subject, |name, store| {
        let id = registration.id.clone();
        Box::pin(async move {
            match store.adopt_password(id, name.to_owned(), at(0)).await.unwrap() {
                PasswordChange::Done(now) => (true, now.password_hash),
                PasswordChange::Overtaken(now) => (false, now.unwrap().password_hash),
            }
        })
    })
    .await;
    assert_eq!(adopted.iter().filter(|(is_done, _)| *is_done).count(), 1);
    assert!(adopted.iter().all(|(_, hash)| *hash == adopted[0].1));
    assert_eq!(current(&*subject.store, &registration).await.adopt_until, None);
}

pub async fn a_password_is_adopted_in_time_by_a_user_who_is_not_disabled(subject: &Subject) {
    let store = &*subject.store;
    let registration = adoptable(store, "a@example.com").await;
    let adopt = |now| store.adopt_password(registration.id.clone(), "first".to_owned(), at(now));
    assert!(
        matches!(adopt(60).await.unwrap(), PasswordChange::Overtaken(Some(now)) if now.password_hash.is_empty())
    );
    let user = store.open_session(log_in_with(by_password(&registration), at(0))).await.unwrap();
    let user = user.session.user_id;
    store.set_disabled(user.clone(), true).await.unwrap();
    assert_refused(adopt(0).await, Refusal::UserDisabled);
    assert_eq!(current(store, &registration).await.password_hash, "");
    store.set_disabled(user, false).await.unwrap();
    assert!(matches!(adopt(59).await.unwrap(), PasswordChange::Done(now) if now.password_hash == "first"));
    let unknown = store.adopt_password("unknown".to_owned(), "x".to_owned(), at(0)).await.unwrap();
    assert!(matches!(unknown, PasswordChange::Overtaken(None)));
}

pub async fn mails_come_newest_first_and_the_oldest_go(subject: &Subject) {
    let store = &*subject.store;
    let registration = waiting(store, "a@example.com").await;
    for number in 0..MAILS_KEPT + 3 {
        let name = format!("token {number}");
        let to = if number % 2 == 0 { "even@example.com" } else { "odd@example.com" };
        let mail = NewMail { subject: number.to_string(), ..mail(to, &name) };
        store
            .issue_token(email_of(&registration), token(&name, Purpose::Confirm, at(60)), Some(mail))
            .await
            .unwrap();
    }
    let kept = store.mails(None).await.unwrap();
    assert_eq!(kept.len(), usize::try_from(MAILS_KEPT).unwrap());
    assert_eq!(kept.first().unwrap().subject, (MAILS_KEPT + 2).to_string());
    assert_eq!(kept.last().unwrap().subject, "3");
    let even = store.mails(Some("even@example.com".to_owned())).await.unwrap();
    assert!(even.len() < kept.len() && even.iter().all(|mail| mail.email == "even@example.com"));

    let newest = kept[0].id;
    store.note_delivery(newest, "sent".to_owned()).await.unwrap();
    assert_eq!(subject.other.mail(newest).await.unwrap().unwrap().delivery, "sent");
    store.delete_mails().await.unwrap();
    assert!(store.mails(None).await.unwrap().is_empty() && store.mail(newest).await.unwrap().is_none());
    let good = store.registration_of_token(guess("token 0", Purpose::Confirm, at(0))).await;
    assert!(good.is_ok(), "what was sent stays good");
}
