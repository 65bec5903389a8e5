//! The App itself.

use std::time::Duration;

use zeroize::Zeroizing;

use super::*;

fn opening(app_id: &str) -> Opening {
    Opening {
        facts: AppFacts {
            app_id: app_id.parse().unwrap(),
            internal_id: id(),
            group_id: id(),
            domain_id: id(),
        },
        key_id: id(),
        key: Zeroizing::new(vec![1; 64]),
        provider_ids: [ANONYMOUS, LOCAL_USERPASS].map(|name| (name.to_owned(), id())).into(),
        move_clock: None,
        system: at(0),
    }
}

pub async fn the_first_start_makes_the_app_and_later_ones_find_it(subject: &Subject) {
    let first = subject.store.open_app(opening("shop-abcde")).await.unwrap();
    let ids = subject.store.provider_ids().await.unwrap();
    let mut later = opening("shop-abcde");
    later.provider_ids.insert(API_KEY.to_owned(), id());
    let again = subject.other.open_app(later).await.unwrap();
    assert_eq!(again.facts.domain_id, first.facts.domain_id);
    assert_eq!(again.keys[0].id, first.keys[0].id);
    assert_eq!((again.keys.len(), again.keys[0].created_at), (1, at(0)));
    // What has an id keeps it, and what is new gets one.
    let grown = subject.store.provider_ids().await.unwrap();
    assert_eq!((grown.len(), ids.len()), (3, 2));
    assert!(ids.iter().all(|(name, id)| grown.get(name) == Some(id)));
}

pub async fn a_store_of_another_app_is_refused(subject: &Subject) {
    subject.store.open_app(opening("shop-abcde")).await.unwrap();
    let mut other = opening("shop-fghij");
    other.move_clock = Some(ClockMove::Freeze(true));
    let refused = subject.store.open_app(other).await;
    assert!(matches!(refused, Err(UnitError::Store(StoreError::OtherApp { .. }))));
    assert_eq!(subject.store.clock().await.unwrap(), ClockSetting::default());
}

pub async fn of_simultaneous_first_starts_one_makes_the_app(subject: &Subject) {
    let opened = at_once(subject, |_, store| {
        Box::pin(async move { store.open_app(opening("shop-abcde")).await.unwrap() })
    })
    .await;
    for one in &opened {
        assert_eq!(one.facts.domain_id, opened[0].facts.domain_id);
        assert_eq!((one.keys.len(), &one.keys[0].id), (1, &opened[0].keys[0].id));
    }
}

pub async fn a_clock_that_was_never_moved_is_the_systems(subject: &Subject) {
    assert_eq!(subject.store.clock().await.unwrap(), ClockSetting::default());
    let frozen = subject.store.move_clock(ClockMove::Freeze(true), at(5)).await.unwrap();
    assert_eq!(frozen.frozen_at, Some(at(5)));
    assert_eq!(subject.other.clock().await.unwrap(), frozen);
    subject.store.move_clock(ClockMove::Reset, at(6)).await.unwrap();
    assert_eq!(subject.store.clock().await.unwrap(), ClockSetting::default());
}

pub async fn simultaneous_moves_of_the_clock_add_up(subject: &Subject) {
    at_once(subject, |_, store| {
        let hour = ClockMove::Advance(SignedDuration::from_hours(1));
        Box::pin(async move { store.move_clock(hour, at(0)).await.unwrap() })
    })
    .await;
    let setting = subject.store.clock().await.unwrap();
    assert_eq!(setting.now(at(0)), at(i64::try_from(AT_ONCE).unwrap() * 3600));
}

pub async fn a_move_out_of_range_changes_nothing(subject: &Subject) {
    let moved = subject.store.move_clock(ClockMove::Set(at(DAY)), at(0)).await.unwrap();
    let far = ClockMove::Advance(SignedDuration::MAX);
    assert_refused(subject.store.move_clock(far, at(0)).await, Refusal::ClockRange(OutOfRange));
    assert_eq!(subject.store.clock().await.unwrap(), moved);
}

pub async fn a_start_that_moves_the_clock_out_of_range_makes_no_app(subject: &Subject) {
    let mut wrong = opening("shop-abcde");
    wrong.move_clock = Some(ClockMove::Advance(SignedDuration::MAX));
    assert_refused(subject.store.open_app(wrong).await, Refusal::ClockRange(OutOfRange));
    assert!(subject.store.provider_ids().await.unwrap().is_empty());
    let mut right = opening("shop-fghij");
    right.move_clock = Some(ClockMove::StartAt(at(DAY)));
    let opened = subject.store.open_app(right).await.unwrap();
    assert_eq!(opened.clock.now(at(0)), at(DAY));
    assert_eq!(opened.keys[0].created_at, at(DAY));
}

fn rotation(name: &str, forget_old: bool) -> KeyRotation {
    let key = SigningKey { id: name.to_owned(), key: Zeroizing::new(vec![2; 64]), created_at: at(0) };
    KeyRotation { key, access: Duration::from_secs(1800), forget_old }
}

async fn keys(store: &dyn Store) -> Vec<String> {
    let facts = store.shared_facts(None).await.unwrap().unwrap();
    facts.keys.into_iter().map(|key| key.id).collect()
}

pub async fn a_new_key_signs_and_older_ones_verify_unless_forgotten(subject: &Subject) {
    assert_eq!(subject.store.rotate_signing_keys(rotation("first", false)).await.unwrap(), 1);
    assert_eq!(subject.store.rotate_signing_keys(rotation("second", false)).await.unwrap(), 2);
    assert_eq!(keys(&*subject.other).await, ["second", "first"]);
    assert_eq!(subject.store.rotate_signing_keys(rotation("third", true)).await.unwrap(), 1);
    assert_eq!(keys(&*subject.store).await, ["third"]);
}

pub async fn a_change_is_seen_from_elsewhere(subject: &Subject) {
    let before = subject.other.shared_facts(None).await.unwrap().unwrap();
    // Without a change, a look may say so, or find the same.
    if let Some(same) = subject.other.shared_facts(Some(before.mark)).await.unwrap() {
        assert_eq!(same.clock, before.clock);
    }
    let moved = subject.store.move_clock(ClockMove::Set(at(DAY)), at(0)).await.unwrap();
    if Arc::ptr_eq(&subject.store, &subject.other) {
        return;
    }
    let after = subject.other.shared_facts(Some(before.mark)).await.unwrap();
    assert_eq!(after.map(|facts| facts.clock), Some(moved));
}

fn files(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

pub async fn files_are_written_only_over_those_that_were_seen(subject: &Subject) {
    let store = &subject.store;
    assert!(store.write_app_files(Vec::new(), files(&[("b.json", "1"), ("a.json", "2")])).await.unwrap());
    let seen = store.app_files().await.unwrap();
    assert_eq!(seen, files(&[("a.json", "2"), ("b.json", "1")]));
    assert!(!store.write_app_files(Vec::new(), files(&[("c.json", "3")])).await.unwrap());
    let old = files(&[("a.json", "1"), ("b.json", "1")]);
    assert!(!store.write_app_files(old, files(&[("a.json", "4")])).await.unwrap());
    assert_eq!(store.app_files().await.unwrap(), seen);
    assert!(store.write_app_files(seen, files(&[("a.json", "5")])).await.unwrap());
    assert_eq!(subject.other.app_files().await.unwrap(), files(&[("a.json", "5"), ("b.json", "1")]));
}

pub async fn of_simultaneous_edits_of_files_one_lands(subject: &Subject) {
    let landed = at_once(subject, |name, store| {
        Box::pin(async move { store.write_app_files(Vec::new(), files(&[(name, "")])).await.unwrap() })
    })
    .await;
    assert_eq!(landed.into_iter().filter(|landed| *landed).count(), 1);
    assert_eq!(subject.store.app_files().await.unwrap().len(), 1);
}

pub async fn what_has_ended_is_swept_in_portions(subject: &Subject) {
    let store = &*subject.store;
    for _ in 0..3 {
        store.open_session(log_in_with(given("custom-function", "ada"), at(0))).await.unwrap();
    }
    let registration = Registration::new("a@example.com", "", at(0)).unconfirmed();
    let confirm = token("t", Purpose::Confirm, at(60));
    store.register(registration, Some(confirm), None).await.unwrap();
    store.begin_browser_login("state".to_owned(), String::new(), at(60), at(0)).await.unwrap();
    // Nothing has ended a moment before it ends.
    for (what, end) in [(Ended::Sessions, 3600), (Ended::Tokens, 60), (Ended::BrowserLogins, 60)] {
        assert_eq!(store.sweep(what, at(end - 1), 2).await.unwrap(), 0, "{what:?}");
    }
    let sweep = |what| store.sweep(what, at(3600), 2);
    assert_eq!((sweep(Ended::Sessions).await.unwrap(), sweep(Ended::Sessions).await.unwrap()), (2, 1));
    assert_eq!((sweep(Ended::Tokens).await.unwrap(), sweep(Ended::Tokens).await.unwrap()), (1, 0));
    assert_eq!(sweep(Ended::BrowserLogins).await.unwrap(), 1);
    assert!(store.take_browser_login("state".to_owned()).await.unwrap().is_none());

    for name in ["a", "b", "c"] {
        store.open_session(log_in_with(given(ANONYMOUS, name), at(0))).await.unwrap();
    }
    let anonymous = |end| store.sweep(Ended::AnonymousUsers, at(end), 2);
    assert_eq!(anonymous(90 * DAY - 1).await.unwrap(), 0);
    assert_eq!((anonymous(90 * DAY).await.unwrap(), anonymous(90 * DAY).await.unwrap()), (2, 1));
    assert_eq!(store.users_count().await.unwrap(), 1, "a user who is not anonymous stays");
}

pub async fn a_key_goes_when_no_token_of_it_lives(subject: &Subject) {
    let store = &*subject.store;
    store.rotate_signing_keys(rotation("old", false)).await.unwrap();
    let mut login = log_in_with(given("custom-function", "ada"), at(0));
    "old".clone_into(&mut login.signing_key);
    store.open_session(login).await.unwrap();
    store.rotate_signing_keys(rotation("new", false)).await.unwrap();
    let sweep = |now| store.sweep(Ended::SigningKeys, at(now), 10);
    // Access tokens end half an hour and a minute after the rotation, the session after an hour.
    assert_eq!(sweep(1800).await.unwrap(), 0);
    assert_eq!(sweep(1861).await.unwrap(), 0);
    assert_eq!(sweep(3600).await.unwrap(), 1);
    assert_eq!(keys(store).await, ["new"], "the one that signs stays");
}

pub async fn a_closed_store_says_so(subject: &Subject) {
    subject.store.close().await;
    assert!(matches!(subject.store.users_count().await, Err(StoreError::Closed)));
    assert!(matches!(subject.store.delete_mails().await, Err(StoreError::Closed)));
    assert!(matches!(subject.store.app_files().await, Err(StoreError::Closed)));
    subject.store.close().await;
}
