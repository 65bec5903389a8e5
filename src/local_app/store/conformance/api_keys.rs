//! API keys.

use super::*;

pub fn new_key(name: &str) -> NewApiKey {
    NewApiKey {
        id: id(),
        server_user_id: id(),
        name: name.to_owned(),
        key_hash: id().into_bytes(),
        created_at: at(0),
        most: 20,
    }
}

async fn holder(store: &dyn Store, name: &str) -> (KeyHolder, Session) {
    let session = session_of(store, name).await;
    (KeyHolder::Session { id: session.id.clone(), now: at(0) }, session)
}

pub async fn a_key_is_found_by_its_hash_and_by_its_owner_only(subject: &Subject) {
    let store = &*subject.store;
    let (ada, session) = holder(store, "ada").await;
    let (bob, _) = holder(store, "bob").await;
    let key = store.create_api_key(ada.clone(), new_key("key")).await.unwrap();
    assert_eq!((&key.user_id, key.is_server, key.disabled), (&session.user_id, false, false));
    let found = subject.other.api_key_by_hash(key.key_hash.clone()).await.unwrap().unwrap();
    assert_eq!((found.id, found.created_at), (key.id.clone(), at(0)));
    assert!(store.api_key_by_hash(vec![0; 32]).await.unwrap().is_none());
    assert_eq!(store.api_key(ada.clone(), key.id.clone()).await.unwrap().name, "key");
    for other in [bob, KeyHolder::Server] {
        assert_refused(store.api_key(other.clone(), key.id.clone()).await, Refusal::KeyNotFound);
        let switch = store.switch_api_key(other.clone(), key.id.clone(), false).await;
        assert_refused(switch, Refusal::KeyNotFound);
        assert_refused(store.delete_api_key(other, key.id.clone()).await, Refusal::KeyNotFound);
    }
    assert!(!store.api_key(ada, key.id).await.unwrap().disabled);
}

pub async fn keys_come_oldest_first_and_names_are_unique_per_owner(subject: &Subject) {
    let store = &*subject.store;
    let (ada, _) = holder(store, "ada").await;
    let (bob, _) = holder(store, "bob").await;
    let older = NewApiKey { created_at: at(-5), ..new_key("older") };
    store.create_api_key(ada.clone(), new_key("newer")).await.unwrap();
    store.create_api_key(ada.clone(), older).await.unwrap();
    for other in [&bob, &KeyHolder::Server] {
        store.create_api_key(other.clone(), new_key("newer")).await.unwrap();
    }
    assert_refused(store.create_api_key(ada.clone(), new_key("newer")).await, Refusal::KeyNameTaken);
    let names: Vec<_> = store.api_keys(ada).await.unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["older", "newer"]);
    assert_eq!(store.api_keys(KeyHolder::Server).await.unwrap().len(), 1);
}

pub async fn of_simultaneous_keys_of_a_name_one_is_made(subject: &Subject) {
    let (ada, _) = holder(&*subject.store, "ada").await;
    for holder in [ada, KeyHolder::Server] {
        let made = at_once(subject, |_, store| {
            let holder = holder.clone();
            Box::pin(async move { store.create_api_key(holder, new_key("key")).await.is_ok() })
        })
        .await;
        assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
        assert_eq!(subject.store.api_keys(holder).await.unwrap().len(), 1);
    }
    assert_eq!(subject.store.users_count().await.unwrap(), 2, "one user for the server key");
}

pub async fn a_holder_has_so_many_keys_at_most(subject: &Subject) {
    let store = &*subject.store;
    let (ada, _) = holder(store, "ada").await;
    for (holder, is_server) in [(ada, false), (KeyHolder::Server, true)] {
        for name in ["a", "b"] {
            store.create_api_key(holder.clone(), new_key(name)).await.unwrap();
        }
        let users = store.users_count().await.unwrap();
        let third = NewApiKey { most: 2, ..new_key("c") };
        let refused = store.create_api_key(holder.clone(), third).await;
        assert_refused(refused, Refusal::TooManyKeys { is_server, most: 2 });
        assert_eq!(store.users_count().await.unwrap(), users);
    }
}

pub async fn neither_an_anonymous_user_nor_a_server_makes_keys(subject: &Subject) {
    let store = &*subject.store;
    let anonymous = store.open_session(log_in_with(given(ANONYMOUS, "a"), at(0))).await.unwrap().session;
    let asking = KeyHolder::Session { id: anonymous.id.clone(), now: at(0) };
    assert_refused(store.may_make_api_keys(asking.clone()).await, Refusal::AnonymousMakesNoKeys);
    let refused = store.create_api_key(asking.clone(), new_key("key")).await;
    assert_refused(refused, Refusal::AnonymousMakesNoKeys);
    // Until it is linked to an identity that lasts.
    store.link_identity(anonymous.id, given("custom-function", "x"), at(0), None).await.unwrap();
    store.may_make_api_keys(asking).await.unwrap();

    store.may_make_api_keys(KeyHolder::Server).await.unwrap();
    let key = store.create_api_key(KeyHolder::Server, new_key("server")).await.unwrap();
    let identity = ProvenIdentity { proof: Proof::Key(key.clone()), ..given(API_KEY, &key.id) };
    let server = store.open_session(log_in_with(identity, at(0))).await.unwrap().session;
    let asking = KeyHolder::Session { id: server.id, now: at(0) };
    assert_refused(store.may_make_api_keys(asking.clone()).await, Refusal::ServerMakesNoKeys);
    assert_refused(store.create_api_key(asking, new_key("key")).await, Refusal::ServerMakesNoKeys);
}

pub async fn a_server_key_has_a_user_and_takes_it_along(subject: &Subject) {
    let store = &*subject.store;
    let key = store.create_api_key(KeyHolder::Server, new_key("server")).await.unwrap();
    let record = store.user_record(key.user_id.clone()).await.unwrap().unwrap();
    assert_eq!((record.user.kind.as_str(), record.user.last_login_at), (SERVER, Timestamp::UNIX_EPOCH));
    assert_eq!(record.data(), ApiKey::profile_data("server"));
    assert_eq!(record.identities[0].identity.id, key.id);
    store.delete_api_key(KeyHolder::Server, key.id).await.unwrap();
    assert!(store.user_record(key.user_id).await.unwrap().is_none());
}

pub async fn a_key_that_is_taken_away_ends_the_sessions_that_it_opened(subject: &Subject) {
    let store = &*subject.store;
    let (ada, session) = holder(store, "ada").await;
    let key = store.create_api_key(ada.clone(), new_key("key")).await.unwrap();
    let identity = ProvenIdentity { proof: Proof::Key(key.clone()), ..given(API_KEY, &key.id) };
    let opened = store.open_session(log_in_with(identity.clone(), at(0))).await.unwrap().session;
    let own = KeyHolder::Session { id: opened.id.clone(), now: at(0) };
    let refused = store.delete_api_key(own.clone(), key.id.clone()).await;
    assert_refused(refused, Refusal::KeyOpenedSession);
    assert_refused(store.switch_api_key(own.clone(), key.id.clone(), false).await, Refusal::KeyOpenedSession);
    store.switch_api_key(own, key.id.clone(), true).await.unwrap();

    store.switch_api_key(ada.clone(), key.id.clone(), false).await.unwrap();
    let live = |id: String| store.live_session(id, at(0), None);
    assert_refused(live(opened.id).await, Refusal::SessionGone);
    assert!(live(session.id.clone()).await.is_ok(), "that of another identity stays");
    store.switch_api_key(ada.clone(), key.id.clone(), true).await.unwrap();
    let again = store.open_session(log_in_with(identity, at(0))).await.unwrap().session;
    store.delete_api_key(ada, key.id.clone()).await.unwrap();
    assert_refused(live(again.id).await, Refusal::SessionGone);
    let record = store.user_record(session.user_id).await.unwrap().unwrap();
    assert!(record.identities.iter().all(|own| own.identity.id != key.id));
}

pub async fn a_session_that_ended_reaches_no_key(subject: &Subject) {
    let store = &*subject.store;
    let (ada, session) = holder(store, "ada").await;
    let key = store.create_api_key(ada.clone(), new_key("key")).await.unwrap();
    store.end_session(session.id, at(0)).await.unwrap();
    assert_refused(store.api_keys(ada.clone()).await, Refusal::SessionGone);
    assert_refused(store.api_key(ada.clone(), key.id.clone()).await, Refusal::SessionGone);
    assert_refused(store.create_api_key(ada.clone(), new_key("b")).await, Refusal::SessionGone);
    assert_refused(store.delete_api_key(ada, key.id).await, Refusal::SessionGone);
    assert!(store.api_key_by_hash(key.key_hash).await.unwrap().is_some());
}
