//! Custom data at its source, and changes that somebody else was faster with.

use std::time::Duration;

use bson::{Bson, Document, bson, doc};
use idmux::account::{AccessToken, Credentials, CustomDataSource, Tokens, UserKey};
use idmux::backend::Backend;
use idmux::data::{DataEdit, EditBase, FieldPath};
use idmux::local_app::{LocalApp, Options, Storage};
use idmux::session::{self, CustomDataChange, EventKind};

use super::harness::{APP_ID, Worker, any_local_app, app_at, email, over_http};

fn path(text: &str) -> FieldPath {
    FieldPath::parse_writable(text).unwrap()
}

async fn set(worker: &mut Worker, user: &UserKey, field: &str, value: Bson) {
    let command = session::SetCustomData { user: user.clone(), path: path(field), value: Some(value) };
    let event = worker.ask(command).await;
    assert!(matches!(event.kind.outcome(), Some(CustomDataChange::Set(_))), "{event:?}");
}

async fn read(worker: &mut Worker, user: &UserKey) -> Option<Document> {
    let event = worker.ask(session::ReadCustomData { user: user.clone() }).await;
    let Some(session::CustomDataRead(document)) = event.kind.outcome() else { panic!("{event:?}") };
    document.clone()
}

async fn edit(worker: &mut Worker, user: &UserKey, edit: DataEdit) -> EventKind {
    worker.ask(session::EditCustomData { user: user.clone(), edit }).await.kind
}

/// The document without what the server adds.
fn fields(mut document: Document) -> Document {
    document.remove("_id");
    document.remove("user_id");
    document
}

async fn token(worker: &mut Worker, user: &UserKey) -> AccessToken {
    let event = worker.ask(session::Token { user: user.clone(), min_ttl: Duration::ZERO }).await;
    let Some(session::TokenRead { access, .. }) = event.kind.outcome() else { panic!("{event:?}") };
    access.clone()
}

#[tokio::test]
async fn the_source_is_newer_than_the_copy_in_the_token() {
    let server = any_local_app().await;
    let mut here = Worker::with_app(server.base_url()).await;
    let mut elsewhere = Worker::with_app(server.base_url()).await;
    let user = here.register("ada@example.com").await;
    assert_eq!(read(&mut here, &user).await, None, "there is none yet");
    let source = here.user(&user).source.clone().expect("it was read");
    assert!(source.read_at.is_some() && source.document.is_none() && source.failed.is_none());

    let same = elsewhere.log_in(email("ada@example.com")).await;
    set(&mut elsewhere, &same, "visits", Bson::Int64(7)).await;
    let document = read(&mut here, &user).await.expect("somebody wrote it");
    assert_eq!(document.get("visits"), Some(&Bson::Int64(7)), "with the types that the token does not tell");
    let view = here.user(&user);
    assert_eq!(view.source.as_ref().unwrap().document, Some(document));
    assert_eq!(view.custom_data, None, "the token is older");

    here.ask(session::LogOut { user: user.clone() }).await;
    assert_eq!(here.user(&user).source, None, "it leaves with the session");
}

#[tokio::test]
async fn a_source_that_cannot_be_read_says_why_and_keeps_what_was_read() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.register("ada@example.com").await;
    set(&mut worker, &user, "theme", bson!("dark")).await;
    read(&mut worker, &user).await;
    let mut app = app_at(server.base_url());
    app.custom_data = CustomDataSource { collection: "nowhere".into(), ..app.custom_data };
    worker.ask(session::AddApp(app)).await;
    let event = worker.ask(session::ReadCustomData { user: user.clone() }).await;
    assert!(matches!(event.kind, EventKind::Failed(_)), "{event:?}");
    let source =
        worker.user_where(&user, |view| view.source.as_ref().is_some_and(|s| s.failed.is_some())).await;
    let source = source.source.clone().unwrap();
    assert!(source.document.is_some(), "{source:?}");
}

#[tokio::test]
async fn one_field_is_written_beside_what_others_write() {
    let server = any_local_app().await;
    let mut here = Worker::with_app(server.base_url()).await;
    let mut elsewhere = Worker::with_app(server.base_url()).await;
    let user = here.register("ada@example.com").await;
    let same = elsewhere.log_in(email("ada@example.com")).await;
    set(&mut here, &user, "theme", bson!("dark")).await;
    set(&mut elsewhere, &same, "visits", bson!(1)).await;

    let change = DataEdit::field(path("theme"), Some(bson!("dark")), Some(bson!("light")));
    assert_eq!(edit(&mut here, &user, change).await, CustomDataChange::Set(path("theme")).into());
    // A renewal that follows the first write may tell of the visits too: this waits for the second's.
    here.user_where(&user, |view| {
        let both = doc! { "theme": "light", "visits": 1 };
        let told = view.custom_data.clone().map(fields);
        let read = view.source.as_ref().and_then(|source| source.document.clone()).map(fields);
        told.as_ref() == Some(&both) && read.as_ref() == Some(&both)
    })
    .await;

    let removal = DataEdit::field(path("theme"), Some(bson!("light")), None);
    assert_eq!(edit(&mut here, &user, removal).await, CustomDataChange::Unset(path("theme")).into());
    assert_eq!(fields(read(&mut here, &user).await.unwrap()), doc! { "visits": 1 });
}

#[tokio::test]
async fn a_field_that_somebody_else_changed_is_not_overwritten() {
    let server = any_local_app().await;
    let mut here = Worker::with_app(server.base_url()).await;
    let mut elsewhere = Worker::with_app(server.base_url()).await;
    let user = here.register("ada@example.com").await;
    let same = elsewhere.log_in(email("ada@example.com")).await;
    set(&mut here, &user, "theme", bson!("dark")).await;
    set(&mut elsewhere, &same, "theme", bson!("blue")).await;

    let change = DataEdit::field(path("theme"), Some(bson!("dark")), Some(bson!("light")));
    let kind = edit(&mut here, &user, change.clone()).await;
    let Some(CustomDataChange::Conflict(theirs)) = kind.outcome() else { panic!("{kind:?}") };
    assert_eq!(fields(theirs.clone().unwrap()), doc! { "theme": "blue" });
    assert_eq!(
        fields(read(&mut here, &user).await.unwrap()),
        doc! { "theme": "blue" },
        "nothing was written"
    );

    // Having seen both, the person may write the own one.
    let again = change.on_top_of(theirs.as_ref());
    assert_eq!(edit(&mut here, &user, again).await, CustomDataChange::Set(path("theme")).into());
    assert_eq!(fields(read(&mut here, &user).await.unwrap()), doc! { "theme": "light" });
}

#[tokio::test]
async fn a_whole_document_is_made_changed_and_guarded() {
    let server = any_local_app().await;
    let mut here = Worker::with_app(server.base_url()).await;
    let mut elsewhere = Worker::with_app(server.base_url()).await;
    let user = here.register("ada@example.com").await;
    let same = elsewhere.log_in(email("ada@example.com")).await;

    let first = doc! { "theme": "dark", "in": { "n": 1_i64 }, "none": Bson::Null, "tags": ["a"] };
    let new = DataEdit::document(None, &first);
    assert_eq!(edit(&mut here, &user, new.clone()).await, CustomDataChange::Written(4).into());
    let seen = read(&mut here, &user).await.unwrap();
    assert_eq!(fields(seen.clone()), first);
    // Whoever believes that there is none yet does not make a second one.
    assert!(matches!(edit(&mut elsewhere, &same, new).await.outcome(), Some(CustomDataChange::Conflict(_))));

    let mut wanted = seen.clone();
    wanted.insert("in", doc! { "n": 2_i64 });
    wanted.remove("tags");
    let change = DataEdit::document(Some(seen.clone()), &wanted);
    assert_eq!(edit(&mut here, &user, change.clone()).await, CustomDataChange::Written(2).into());
    assert_eq!(read(&mut here, &user).await.unwrap(), wanted);

    // The other one began from what was there before, and has another field in mind.
    let mut other = seen.clone();
    other.insert("theme", "light");
    let late = DataEdit::document(Some(seen), &other);
    let kind = edit(&mut elsewhere, &same, late.clone()).await;
    let Some(CustomDataChange::Conflict(theirs)) = kind.outcome() else { panic!("{kind:?}") };
    assert_eq!(theirs.as_ref(), Some(&wanted));
    let again = late.on_top_of(theirs.as_ref());
    assert_eq!(edit(&mut elsewhere, &same, again).await, CustomDataChange::Set(path("theme")).into());
    wanted.insert("theme", "light");
    assert_eq!(read(&mut here, &user).await.unwrap(), wanted, "both changes are there");
}

#[tokio::test]
async fn somebody_who_writes_between_the_look_and_the_write_is_not_overwritten() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.log_in(Credentials::Anonymous).await;
    let access = token(&mut worker, &user).await;
    let app = app_at(server.base_url());
    let backend = over_http()(&app).unwrap();
    let backend: &dyn Backend = backend.as_ref();
    let (data, tokens) = (backend.custom_data().unwrap(), Tokens::new(access, None));
    let write = async |edit: &DataEdit, present: Option<&Document>| {
        data.edit(&tokens, &user.id, &app.custom_data, edit, present).await.unwrap()
    };
    // Two who look at nothing: the second makes no document beside the first one's.
    let new = DataEdit::document(None, &doc! { "n": 1, "none": Bson::Null, "list": [1], "in": { "a": 1 } });
    assert!(write(&new, None).await);
    assert!(!write(&new, None).await);
    let seen = data.read(&tokens, &user.id, &app.custom_data).await.unwrap().unwrap();

    // What each field was when it was looked at, and what somebody makes of it before the write.
    for (field, meanwhile) in [
        ("n", Some(bson!(2))),
        ("n", Some(bson!([1, 2]))),
        ("n", None),
        ("none", None),
        ("list", Some(bson!([1, 2]))),
        ("in", Some(bson!({ "a": 1, "b": 2 }))),
        ("new", Some(bson!("theirs"))),
    ] {
        let before = seen.get(field).cloned();
        let mine = DataEdit::field(path(field), before.clone(), Some(bson!("mine")));
        let theirs = DataEdit::field(path(field), before.clone(), meanwhile);
        assert!(write(&theirs, Some(&seen)).await, "{field}");
        let now = data.read(&tokens, &user.id, &app.custom_data).await.unwrap().unwrap();
        assert!(!write(&mine, Some(&seen)).await, "{field}");
        let whole = DataEdit { base: EditBase::Document(Some(seen.clone())), ..mine };
        assert!(!write(&whole, Some(&seen)).await, "{field}");
        let after = data.read(&tokens, &user.id, &app.custom_data).await.unwrap().unwrap();
        assert_eq!(after, now, "{field}: theirs stands");
        let back = DataEdit::field(path(field), now.get(field).cloned(), before);
        assert!(write(&back, Some(&now)).await, "{field}");
    }
}

/// Inserts a document as another client would.
async fn insert(worker: &mut Worker, user: &UserKey, base_url: &url::Url, document: serde_json::Value) {
    let app = app_at(base_url);
    let source = &app.custom_data;
    let body = serde_json::json!({
        "name": "insertOne",
        "service": source.service,
        "arguments": [{ "database": source.database, "collection": source.collection, "document": document }],
    });
    let address =
        base_url.join(&format!("api/client/v2.0/app/{}/functions/call", app.client_app_id)).unwrap();
    let access = token(worker, user).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = client.post(address).bearer_auth(access.expose()).json(&body).send().await.unwrap();
    assert!(reply.status().is_success(), "{:?}", reply.text().await);
}

/// Kind: another document than the server's. The server finds a user by the id as a string first, then as an ObjectId.
#[tokio::test]
async fn a_document_that_names_the_user_by_an_object_id_is_read_and_changed_itself() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.register("ada@example.com").await;
    let owner = serde_json::json!({ "$oid": user.id.as_str() });
    let gold = serde_json::json!({ "user_id": owner, "plan": "gold", "seats": 3 });
    insert(&mut worker, &user, server.base_url(), gold).await;
    let before = read(&mut worker, &user).await.expect("it is the user's");
    assert_eq!(before.get("plan"), Some(&bson!("gold")));

    let change = DataEdit::field(path("seats"), Some(bson!(3)), Some(bson!(4)));
    let kind = edit(&mut worker, &user, change).await;
    assert!(matches!(kind.outcome(), Some(CustomDataChange::Set(_))), "{kind:?}");
    set(&mut worker, &user, "theme", bson!("dark")).await;
    let after = read(&mut worker, &user).await.unwrap();
    assert_eq!(after.get("_id"), before.get("_id"), "no second document hides it");
    assert_eq!(fields(after.clone()), doc! { "plan": "gold", "seats": 4, "theme": "dark" });
    let view = worker.user_where(&user, |view| view.custom_data.as_ref() == Some(&after)).await;
    assert_eq!(view.custom_data, Some(after));

    let named = serde_json::json!({ "user_id": user.id.as_str(), "which": "string" });
    insert(&mut worker, &user, server.base_url(), named).await;
    assert_eq!(fields(read(&mut worker, &user).await.unwrap()), doc! { "which": "string" });
}

/// The same kind: where the token proves that there is a document, a second one is never made.
#[tokio::test]
async fn a_source_that_lacks_what_the_token_proves_gets_no_second_document() {
    let server = any_local_app().await;
    let mut worker = Worker::with_app(server.base_url()).await;
    let user = worker.register("ada@example.com").await;
    set(&mut worker, &user, "theme", bson!("dark")).await;
    worker.user_where(&user, |view| view.custom_data.is_some()).await;
    let mut app = app_at(server.base_url());
    app.custom_data = CustomDataSource { user_id_field: "another".into(), ..app.custom_data };
    worker.ask(session::AddApp(app)).await;
    let change = DataEdit::field(path("theme"), None, Some(bson!("light")));
    let kind = edit(&mut worker, &user, change).await;
    let EventKind::Failed(failure) = kind else { panic!("{kind:?}") };
    assert!(failure.message.contains("by another") && failure.hint.contains("source"), "{failure:?}");
    worker.ask(session::AddApp(app_at(server.base_url()))).await;
    assert_eq!(fields(read(&mut worker, &user).await.unwrap()), doc! { "theme": "dark" });
}

/// The same kind, where the id of the document is that of the user: read, changed, and found by the token.
#[tokio::test]
async fn a_document_whose_own_id_is_the_users_is_read_made_and_changed() {
    let mut options = Options::new(APP_ID, Storage::Memory);
    options.config.custom_user_data.user_id_field = "_id".into();
    let server = LocalApp::start(idmux::local_app::ANY_PORT, options).await.unwrap();
    let mut app = app_at(server.base_url());
    app.custom_data.user_id_field = "_id".into();
    let mut worker = Worker::with_app(server.base_url()).await;
    worker.ask(session::AddApp(app)).await;

    // Made by the first field that is set.
    let ada = worker.register("ada@example.com").await;
    set(&mut worker, &ada, "theme", bson!("dark")).await;
    set(&mut worker, &ada, "visits", Bson::Int64(1)).await;
    let whole = doc! { "_id": ada.id.as_str(), "theme": "dark", "visits": 1_i64 };
    assert_eq!(read(&mut worker, &ada).await, Some(whole.clone()));
    worker
        .user_where(&ada, |view| view.custom_data.as_ref().is_some_and(|data| data.get_str("theme").is_ok()))
        .await;
    let change = DataEdit::field(path("theme"), Some(bson!("dark")), None);
    assert_eq!(edit(&mut worker, &ada, change).await, CustomDataChange::Unset(path("theme")).into());

    // Made by somebody else, by an ObjectId.
    let bob = worker.register("bob@example.com").await;
    let theirs = serde_json::json!({ "_id": { "$oid": bob.id.as_str() }, "plan": "gold" });
    insert(&mut worker, &bob, server.base_url(), theirs).await;
    set(&mut worker, &bob, "theme", bson!("light")).await;
    let document = read(&mut worker, &bob).await.unwrap();
    assert!(document.get_object_id("_id").is_ok(), "{document}");
    assert_eq!(fields(document), doc! { "plan": "gold", "theme": "light" });
    assert_eq!(
        read(&mut worker, &ada).await.unwrap().get("visits"),
        Some(&Bson::Int64(1)),
        "each has its own"
    );
}
