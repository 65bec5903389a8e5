//! Sessions, devices, log-ins at the Admin API and in a browser.

use serde_json::json;

use super::super::sessions::DEVICES_OF_A_USER;
use super::*;

pub async fn a_first_log_in_makes_the_user_and_later_ones_find_it(subject: &Subject) {
    let store = &*subject.store;
    let mut login = log_in_with(given("custom-function", "ada"), at(0));
    login.identity.data = object(json!({ "name": "Ada" }));
    let first = store.open_session(login.clone()).await.unwrap();
    assert_eq!(first.session.user_id, login.new_user_id);
    assert_eq!(first.session.id, login.session_id);
    assert_eq!(first.session.expires_at, at(3600));
    assert!(first.custom_data.is_none());
    insert(store, OwnerKey::Text(first.session.user_id.clone()), bson::doc! { "_id": 1 }).await;

    let mut again = log_in_with(given("custom-function", "ada"), at(10));
    again.identity.data = object(json!({ "name": "Countess" }));
    let second = subject.other.open_session(again).await.unwrap();
    assert_eq!(second.session.user_id, first.session.user_id);
    assert_ne!(second.session.id, first.session.id);
    assert_eq!(second.custom_data, Some(bson::doc! { "_id": 1 }));
    let record = store.user_record(first.session.user_id).await.unwrap().unwrap();
    assert_eq!((record.user.created_at, record.user.last_login_at), (at(0), at(10)));
    assert_eq!(record.user.kind, NORMAL);
    assert_eq!(record.data(), object(json!({ "name": "Countess" })));

    // Of another provider, the same id is somebody else's.
    let other = store.open_session(log_in_with(given("custom-token", "ada"), at(0))).await.unwrap();
    assert_ne!(other.session.user_id, second.session.user_id);
}

pub async fn of_simultaneous_first_log_ins_one_makes_the_user(subject: &Subject) {
    let sessions =
        at_once(subject, |_, store| Box::pin(async move { session_of(&*store, "ada").await })).await;
    assert!(sessions.iter().all(|session| session.user_id == sessions[0].user_id));
    assert_eq!(subject.store.users_count().await.unwrap(), 1);
    assert_eq!(subject.store.end_sessions_of(sessions[0].user_id.clone()).await.unwrap(), AT_ONCE);
}

pub async fn a_log_in_whose_proof_is_gone_leaves_nothing(subject: &Subject) {
    let store = &*subject.store;
    let registration = registered(store, "a@example.com").await;
    let identity = by_password(&registration);
    store.set_password(registration.id.clone(), "another".to_owned()).await.unwrap();
    let late = log_in_with(identity.clone(), at(0));
    assert_refused(store.open_session(late).await, Refusal::ProofGone);
    assert_refused(store.leads_to_user(identity.clone()).await, Refusal::ProofGone);
    store.delete_pending_registration(email_of(&registration)).await.unwrap();
    // The email is somebody else's by now, with the same hash.
    registered(store, "a@example.com").await;
    assert_refused(store.open_session(log_in_with(identity, at(0))).await, Refusal::ProofGone);
    assert_eq!(store.users_count().await.unwrap(), 0);
}

pub async fn a_key_leads_to_its_owner_while_it_is_enabled(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    let holder = KeyHolder::Session { id: session.id, now: at(0) };
    let new = super::api_keys::new_key("key");
    let key = store.create_api_key(holder.clone(), new).await.unwrap();
    let identity = ProvenIdentity { proof: Proof::Key(key.clone()), ..given(API_KEY, &key.id) };
    assert!(store.leads_to_user(identity.clone()).await.unwrap());
    let opened = store.open_session(log_in_with(identity.clone(), at(0))).await.unwrap();
    assert_eq!(opened.session.user_id, session.user_id);
    assert_eq!(opened.session.opened_with, Some(key.opens_with()));

    store.switch_api_key(holder.clone(), key.id.clone(), false).await.unwrap();
    let refused = store.open_session(log_in_with(identity.clone(), at(0))).await;
    assert_refused(refused, Refusal::KeyDisabled("key".to_owned()));
    store.delete_api_key(holder, key.id).await.unwrap();
    assert_refused(store.open_session(log_in_with(identity, at(0))).await, Refusal::KeyGone);
}

pub async fn a_disabled_user_opens_no_session(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    store.set_disabled(session.user_id.clone(), true).await.unwrap();
    let refused = store.open_session(log_in_with(given("custom-function", "ada"), at(50))).await;
    assert_refused(refused, Refusal::UserDisabled);
    let record = store.user_record(session.user_id).await.unwrap().unwrap();
    assert_eq!(record.user.last_login_at, at(0), "a log-in that was refused is none");
}

async fn lives(store: &dyn Store, session: &Session) -> bool {
    match store.live_session(session.id.clone(), at(0), None).await {
        Ok(live) => {
            assert_eq!(live.session.user_id, session.user_id);
            true
        }
        Err(UnitError::Refused(Refusal::SessionGone)) => false,
        Err(error) => panic!("{error}"),
    }
}

pub async fn a_session_lives_until_it_or_its_user_ends(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    assert!(lives(&*subject.other, &session).await);
    store.end_session(session.id.clone(), at(0)).await.unwrap();
    assert!(!lives(&*subject.other, &session).await);
    assert_refused(store.end_session(session.id, at(0)).await, Refusal::SessionGone);

    let anonymous = store.open_session(log_in_with(given(ANONYMOUS, "a"), at(0))).await.unwrap().session;
    let live = |now| store.live_session(anonymous.id.clone(), at(now), None);
    assert!(live(90 * DAY - 1).await.is_ok());
    assert_refused(live(90 * DAY).await, Refusal::SessionGone);

    let session = session_of(store, "bob").await;
    store.delete_user(session.user_id.clone()).await.unwrap();
    assert!(!lives(store, &session).await);
}

pub async fn all_sessions_of_a_user_end_and_no_others(subject: &Subject) {
    let store = &*subject.store;
    let (one, two, other) =
        (session_of(store, "ada").await, session_of(store, "ada").await, session_of(store, "bob").await);
    assert_eq!(store.end_sessions_of(one.user_id.clone()).await.unwrap(), 2);
    assert_eq!(store.end_sessions_of(one.user_id.clone()).await.unwrap(), 0);
    assert!(!lives(store, &one).await && !lives(store, &two).await && lives(store, &other).await);
    assert_refused(store.end_sessions_of("nobody".to_owned()).await, Refusal::UserNotFound);
}

async fn link(
    store: &dyn Store,
    session: &Session,
    identity: ProvenIdentity,
) -> Result<LiveSession, UnitError> {
    store.link_identity(session.id.clone(), identity, at(0), Some(custom_data())).await
}

pub async fn an_identity_is_linked_once_and_to_one_user(subject: &Subject) {
    let store = &*subject.store;
    let (ada, bob) = (session_of(store, "ada").await, session_of(store, "bob").await);
    let linked = link(store, &ada, given("custom-token", "x")).await.unwrap();
    assert_eq!(linked.session.id, ada.id);
    link(store, &ada, given("custom-token", "x")).await.unwrap();
    assert_refused(link(store, &bob, given("custom-token", "x")).await, Refusal::IdentityTaken);
    let record = store.user_record(ada.user_id.clone()).await.unwrap().unwrap();
    let names: Vec<_> = record.identities.iter().map(|own| own.identity.provider.as_str()).collect();
    assert_eq!(names, ["custom-function", "custom-token"]);

    let email = registered(store, "a@example.com").await;
    link(store, &ada, by_password(&email)).await.unwrap();
    link(store, &ada, by_password(&email)).await.unwrap();
    let second = registered(store, "b@example.com").await;
    assert_refused(link(store, &ada, by_password(&second)).await, Refusal::SecondIdentity);
    link(store, &bob, by_password(&second)).await.unwrap();
}

pub async fn a_link_of_a_session_that_ended_leaves_nothing(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    store.end_session(session.id.clone(), at(0)).await.unwrap();
    assert_refused(link(store, &session, given("custom-token", "x")).await, Refusal::SessionGone);
    assert!(!store.leads_to_user(given("custom-token", "x")).await.unwrap());
    // And a proof that is gone goes before.
    let registration = registered(store, "a@example.com").await;
    store.delete_pending_registration(email_of(&registration)).await.unwrap();
    assert_refused(link(store, &session, by_password(&registration)).await, Refusal::ProofGone);
}

pub async fn of_simultaneous_links_of_an_identity_one_user_gets_it(subject: &Subject) {
    let linked = at_once(subject, |name, store| {
        Box::pin(async move {
            let session = session_of(&*store, name).await;
            link(&*store, &session, given("custom-token", "x")).await.is_ok()
        })
    })
    .await;
    assert_eq!(linked.into_iter().filter(|linked| *linked).count(), 1);
}

pub async fn devices_come_newest_first_and_the_oldest_go(subject: &Subject) {
    let store = &*subject.store;
    let log_in = |number: u32, says: &str| {
        let mut login = log_in_with(given("custom-function", "ada"), at(i64::from(number)));
        login.device_id = format!("device {number:03}");
        login.device = Some(object(json!({ "platform": says })));
        store.open_session(login)
    };
    for number in 0..DEVICES_OF_A_USER {
        log_in(number, "old").await.unwrap();
    }
    // One that comes again is not forgotten, and what it says now counts.
    let mut back = log_in_with(given("custom-function", "ada"), at(500));
    back.device_id = "device 000".to_owned();
    back.device = Some(object(json!({ "platform": "new" })));
    let user_id = store.open_session(back).await.unwrap().session.user_id;
    log_in(DEVICES_OF_A_USER, "old").await.unwrap();
    let devices = store.devices_of(user_id).await.unwrap();
    assert_eq!(devices.len(), DEVICES_OF_A_USER as usize);
    assert_eq!(devices[0].id, "device 000");
    assert_eq!(devices[0].facts, object(json!({ "platform": "new" })));
    assert_eq!((devices[0].first_seen_at, devices[0].last_seen_at), (at(0), at(500)));
    assert_eq!(devices[1].id, "device 100");
    assert!(devices.iter().all(|device| device.id != "device 001"));
    assert_refused(store.devices_of("nobody".to_owned()).await, Refusal::UserNotFound);
}

pub async fn an_admin_session_is_there_until_it_ends(subject: &Subject) {
    let store = &*subject.store;
    let session = |name: &str| AdminSession {
        id: name.to_owned(),
        username: "admin".to_owned(),
        secret_hash: vec![1; 32],
        expires_at: at(60),
    };
    store.open_admin_session(session("one"), at(0)).await.unwrap();
    store.open_admin_session(session("two"), at(59)).await.unwrap();
    let found = subject.other.admin_session("one".to_owned()).await.unwrap().unwrap();
    assert_eq!((found.username.as_str(), found.secret_hash), ("admin", vec![1; 32]));
    store.end_admin_session("two".to_owned()).await.unwrap();
    assert!(store.admin_session("two".to_owned()).await.unwrap().is_none());
    let mut late = session("three");
    late.expires_at = at(120);
    store.open_admin_session(late, at(60)).await.unwrap();
    assert!(store.admin_session("one".to_owned()).await.unwrap().is_none(), "it expired");
}

pub async fn of_those_who_come_back_from_a_browser_the_first_counts(subject: &Subject) {
    let begin = |state: &str, now| {
        subject.store.begin_browser_login(state.to_owned(), "{}".to_owned(), at(now + 60), at(now))
    };
    begin("state", 0).await.unwrap();
    let back = at_once(subject, |_, store| {
        Box::pin(async move { store.take_browser_login("state".to_owned()).await.unwrap() })
    })
    .await;
    let back: Vec<_> = back.into_iter().flatten().collect();
    assert_eq!(back, [("{}".to_owned(), at(60))]);
    assert!(subject.store.take_browser_login("unknown".to_owned()).await.unwrap().is_none());

    // A late return finds its log-in until the next one begins.
    begin("early", 0).await.unwrap();
    begin("later", 61).await.unwrap();
    assert!(subject.store.take_browser_login("early".to_owned()).await.unwrap().is_none());
    assert!(subject.store.take_browser_login("later".to_owned()).await.unwrap().is_some());
}
