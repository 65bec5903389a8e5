//! Users, identities, and imports.

use serde_json::json;

use super::*;

pub async fn a_record_has_the_identities_in_order_and_their_providers_ids(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    let mut linked = given("custom-token", "x");
    linked.data = object(json!({ "name": "Ada", "age": 36 }));
    store.link_identity(session.id.clone(), linked, at(0), None).await.unwrap();
    let mut first = given("custom-function", "ada");
    first.data = object(json!({ "name": "first" }));
    store.open_session(log_in_with(first, at(0))).await.unwrap();
    let record = subject.other.user_record(session.user_id.clone()).await.unwrap().unwrap();
    let ids: Vec<_> = record.identities.iter().map(|own| own.identity.id.as_str()).collect();
    assert_eq!(ids, ["ada", "x"]);
    assert_eq!(record.data(), object(json!({ "name": "Ada", "age": 36 })), "the later one counts");
    assert!(record.identities.iter().all(|own| own.provider_id.is_empty()), "the App has none yet");
    assert!(store.user_record("nobody".to_owned()).await.unwrap().is_none());
}

async fn user_ids(store: &dyn Store, query: UserQuery) -> Vec<String> {
    store.users(query).await.unwrap().into_iter().map(|record| record.user.id).collect()
}

pub async fn pages_of_users_follow_each_other_in_both_directions(subject: &Subject) {
    let store = &*subject.store;
    for name in ["a", "b", "c", "d", "e"] {
        session_of(store, name).await;
    }
    assert_eq!(store.users_count().await.unwrap(), 5);
    for descending in [false, true] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page =
                user_ids(store, UserQuery { after, descending, limit: 2, ..UserQuery::default() }).await;
            let Some(last) = page.last() else { break };
            assert!(page.len() <= 2);
            after = Some(last.clone());
            seen.extend(page);
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        if descending {
            sorted.reverse();
        }
        assert_eq!((seen.len(), &seen), (5, &sorted));
    }
}

pub async fn users_are_found_by_state_provider_and_text(subject: &Subject) {
    let store = &*subject.store;
    let mut ada = given("custom-function", "ada");
    ada.data = object(json!({ "name": "Ada Lovelace" }));
    let ada = store.open_session(log_in_with(ada, at(0))).await.unwrap().session.user_id;
    let email = registered(store, "Charles@example.com").await;
    let charles = store.open_session(log_in_with(by_password(&email), at(0))).await.unwrap().session.user_id;
    store.set_disabled(charles.clone(), true).await.unwrap();
    let (ada, charles) = (ada.as_str(), charles.as_str());
    let all = || UserQuery { limit: 10, ..UserQuery::default() };
    let search = |text: &str| UserQuery { search: Some(text.to_owned()), ..all() };
    for (query, found) in [
        (UserQuery { disabled: Some(true), ..all() }, charles),
        (UserQuery { disabled: Some(false), ..all() }, ada),
        (UserQuery { providers: Some(vec![LOCAL_USERPASS, API_KEY]), ..all() }, charles),
        (search("LOVE"), ada),
        (search("charles@"), charles),
        (search(&ada.to_ascii_uppercase()), ada),
    ] {
        let ids = user_ids(store, query.clone()).await;
        assert_eq!(ids, [found], "{query:?}");
    }
    for nobody in [search("%"), UserQuery { providers: Some(Vec::new()), ..all() }] {
        assert!(user_ids(store, nobody).await.is_empty());
    }
}

pub async fn an_anonymous_user_lives_for_90_days_unless_it_is_linked(subject: &Subject) {
    let store = &*subject.store;
    let session = store.open_session(log_in_with(given(ANONYMOUS, "a"), at(0))).await.unwrap().session;
    let lives = |days| store.has_living_user(session.user_id.clone(), at(days * DAY));
    assert!(lives(0).await.unwrap() && lives(89).await.unwrap());
    assert!(!lives(90).await.unwrap());
    store.set_disabled(session.user_id.clone(), true).await.unwrap();
    assert!(lives(89).await.unwrap(), "disabled, but there");
    store.set_disabled(session.user_id.clone(), false).await.unwrap();
    store.link_identity(session.id.clone(), given("custom-function", "x"), at(0), None).await.unwrap();
    assert!(lives(1000).await.unwrap());
    assert!(!store.has_living_user("nobody".to_owned(), at(0)).await.unwrap());
}

pub async fn custom_data_is_the_users_first_document(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    let user = session.user_id.clone();
    let data = |place| async {
        let found = store.user_with_data(session.user_id.clone(), place).await.unwrap().unwrap();
        assert_eq!((found.user.kind.as_str(), found.identities.len()), (NORMAL, 1));
        found.custom_data.map(|document| document.get_i32("_id").unwrap())
    };
    assert_eq!(data(Some(custom_data())).await, None);
    insert(store, OwnerKey::Text("somebody else".to_owned()), bson::doc! { "_id": 0 }).await;
    insert(store, OwnerKey::ObjectId(user.clone()), bson::doc! { "_id": 1 }).await;
    assert_eq!(data(Some(custom_data())).await, Some(1));
    insert(store, OwnerKey::Text(user.clone()), bson::doc! { "_id": 2 }).await;
    insert(store, OwnerKey::Text(user.clone()), bson::doc! { "_id": 3 }).await;
    assert_eq!(data(Some(custom_data())).await, Some(2), "a string goes before an ObjectId");
    assert_eq!(data(None).await, None);
    let elsewhere = Namespace { collection: "other".to_owned(), ..custom_data() };
    assert_eq!(data(Some(elsewhere)).await, None);
    let live = store.live_session(session.id.clone(), at(0), Some(custom_data())).await.unwrap();
    assert_eq!(live.custom_data, Some(bson::doc! { "_id": 2 }));
    assert!(store.user_with_data("nobody".to_owned(), None).await.unwrap().is_none());
}

pub async fn a_disabled_user_is_kept_out_and_let_in_again(subject: &Subject) {
    let store = &*subject.store;
    let session = session_of(store, "ada").await;
    let live = || store.live_session(session.id.clone(), at(0), None);
    store.set_disabled(session.user_id.clone(), true).await.unwrap();
    assert_refused(live().await, Refusal::SessionGone);
    store.set_disabled(session.user_id.clone(), false).await.unwrap();
    assert!(live().await.is_ok(), "with the session that it had");
    assert_refused(store.set_disabled("nobody".to_owned(), true).await, Refusal::UserNotFound);
}

pub async fn a_deleted_user_takes_everything_along_but_documents(subject: &Subject) {
    let store = &*subject.store;
    let email = registered(store, "a@example.com").await;
    let session = store.open_session(log_in_with(by_password(&email), at(0))).await.unwrap().session;
    let holder = KeyHolder::Session { id: session.id.clone(), now: at(0) };
    let key = store.create_api_key(holder, super::api_keys::new_key("key")).await.unwrap();
    let user = session.user_id;
    insert(store, OwnerKey::Text(user.clone()), bson::doc! { "_id": 1 }).await;

    store.delete_user(user.clone()).await.unwrap();
    assert!(store.user_record(user.clone()).await.unwrap().is_none());
    assert!(store.registration(email_of(&email)).await.unwrap().is_none());
    assert!(store.api_key_by_hash(key.key_hash).await.unwrap().is_none());
    assert_refused(store.live_session(session.id, at(0), None).await, Refusal::SessionGone);
    assert_eq!(store.find_documents(scope_of(&user), None).await.unwrap().len(), 1);
    assert_refused(store.delete_user(user).await, Refusal::UserNotFound);
}

pub async fn an_email_changes_with_the_identity_and_spoils_tokens(subject: &Subject) {
    let store = &*subject.store;
    let old = registered(store, "old@example.com").await;
    let user = store.open_session(log_in_with(by_password(&old), at(0))).await.unwrap().session.user_id;
    let reset = token("t", Purpose::Reset, at(60));
    store.issue_token(email_of(&old), reset, None).await.unwrap();
    store.change_email(user.clone(), "new@example.com".to_owned()).await.unwrap();
    assert!(store.registration(email_of(&old)).await.unwrap().is_none());
    let new = store.registration(RegistrationKey::Email("new@example.com".to_owned())).await.unwrap();
    assert_eq!(new.unwrap().id, old.id);
    let record = store.user_record(user.clone()).await.unwrap().unwrap();
    assert_eq!(record.data(), object(json!({ "email": "new@example.com" })));
    let spoilt = store.registration_of_token(guess("t", Purpose::Reset, at(0))).await;
    assert_refused(spoilt, Refusal::TokenInvalid);
    // To what it is already.
    store.change_email(user, "new@example.com".to_owned()).await.unwrap();
}

pub async fn an_email_that_is_taken_changes_nothing(subject: &Subject) {
    let store = &*subject.store;
    let own = registered(store, "own@example.com").await;
    registered(store, "taken@example.com").await;
    let user = store.open_session(log_in_with(by_password(&own), at(0))).await.unwrap().session.user_id;
    let change = |id: &str| store.change_email(id.to_owned(), "taken@example.com".to_owned());
    assert_refused(change(&user).await, Refusal::EmailTaken);
    let record = store.user_record(user).await.unwrap().unwrap();
    assert_eq!(record.data(), own.profile_data());
    let without = session_of(store, "ada").await.user_id;
    assert_refused(change(&without).await, Refusal::NoEmailIdentity);
    assert_refused(change("nobody").await, Refusal::UserNotFound);
}

/// A user `id` with an email/password identity and another one.
fn entry(id: &str, email: &str) -> ImportEntry {
    let registration =
        Registration { id: format!("registration of {id}"), ..Registration::new(email, "", at(0)) };
    let user = User {
        id: id.to_owned(),
        kind: NORMAL.to_owned(),
        disabled: true,
        created_at: at(-5),
        last_login_at: at(-1),
    };
    let identities = [by_password(&registration), given("custom-token", id)];
    ImportEntry {
        user,
        identities: identities.iter().map(|identity| identity.of_user(id)).collect(),
        registration: Some(registration),
        adopt_until: None,
        reset: None,
    }
}

pub async fn an_import_lands_whole_users_and_names_obstacles(subject: &Subject) {
    let store = &*subject.store;
    registered(store, "taken@example.com").await;
    let owner = store.open_session(log_in_with(given("custom-token", "c"), at(0))).await.unwrap();
    let owner = owner.session.user_id;
    let mut twin = entry("d", "d@example.com");
    twin.registration.as_mut().unwrap().id = "registration of a".to_owned();
    let mut other = entry("a", "a@example.com");
    other.identities.push(given("custom-function", "new").of_user("a"));
    let with_code = |entry| ImportEntry { reset: Some(token("t", Purpose::Reset, at(60))), ..entry };
    let entries = vec![
        with_code(entry("a", "a@example.com")),
        entry("b", "taken@example.com"),
        entry("c", "c@example.com"),
        twin,
        other,
        entry("e", "e@example.com"),
    ];
    assert_eq!(
        store.import_users(entries).await.unwrap(),
        [
            ImportOutcome::Imported { reset_issued: true },
            ImportOutcome::Refused(Obstacle::EmailTaken),
            ImportOutcome::Refused(Obstacle::IdentityTaken { provider: "custom-token".to_owned(), owner }),
            ImportOutcome::Refused(Obstacle::RegistrationTaken),
            ImportOutcome::Refused(Obstacle::OtherIdentities),
            ImportOutcome::Imported { reset_issued: false },
        ]
    );
    let record = subject.other.user_record("a".to_owned()).await.unwrap().unwrap();
    assert_eq!((record.user.created_at, record.user.last_login_at), (at(-5), at(-1)));
    assert!(record.user.disabled);
    assert_eq!(record.identities.len(), 2);
    let of_token = store.registration_of_token(guess("t", Purpose::Reset, at(0))).await.unwrap();
    assert_eq!(of_token.email, "a@example.com");
    for refused in ["b", "c", "d"] {
        assert!(store.user_record(refused.to_owned()).await.unwrap().is_none());
    }
    assert!(store.registration(RegistrationKey::Email("c@example.com".to_owned())).await.unwrap().is_none());
}

pub async fn an_import_that_is_repeated_changes_nothing_but_the_ways_in(subject: &Subject) {
    let store = &*subject.store;
    let code = |name: &str| Some(token(name, Purpose::Reset, at(60)));
    let first = ImportEntry { adopt_until: Some(at(10)), reset: code("one"), ..entry("a", "a@example.com") };
    store.import_users(vec![first]).await.unwrap();
    let mut again =
        ImportEntry { adopt_until: Some(at(20)), reset: code("two"), ..entry("a", "a@example.com") };
    again.user.disabled = false;
    let outcome = store.import_users(vec![again.clone()]).await.unwrap();
    assert_eq!(outcome, [ImportOutcome::Unchanged { reset_issued: true }]);
    assert!(store.user_record("a".to_owned()).await.unwrap().unwrap().user.disabled);
    let found = |name| store.registration_of_token(guess(name, Purpose::Reset, at(0)));
    assert_refused(found("one").await, Refusal::TokenInvalid);
    assert_eq!(found("two").await.unwrap().adopt_until, Some(at(20)));
    // An account with a password needs none.
    let id = again.registration.as_ref().unwrap().id.clone();
    store.set_password(id, "hash".to_owned()).await.unwrap();
    let outcome = store.import_users(vec![again]).await.unwrap();
    assert_eq!(outcome, [ImportOutcome::Unchanged { reset_issued: false }]);
    assert_refused(found("two").await, Refusal::TokenInvalid);
}

pub async fn of_simultaneous_imports_of_a_user_one_lands(subject: &Subject) {
    let outcomes = at_once(subject, |_, store| {
        Box::pin(async move { store.import_users(vec![entry("a", "a@example.com")]).await.unwrap() })
    })
    .await;
    let landed = |outcome: &Vec<_>| matches!(outcome[..], [ImportOutcome::Imported { .. }]);
    assert_eq!(outcomes.iter().filter(|outcome| landed(outcome)).count(), 1);
    assert_eq!(subject.store.users_count().await.unwrap(), 1);
}
