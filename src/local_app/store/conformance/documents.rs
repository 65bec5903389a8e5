//! Documents.

use bson::{Bson, doc};

use super::*;

fn text(owner: &str) -> OwnerKey {
    OwnerKey::Text(owner.to_owned())
}

/// All documents of `owner`, over as many batches as it takes.
async fn all_of(store: &dyn Store, owner: &str) -> Vec<Document> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let batch = store.find_documents(scope_of(owner), after).await.unwrap();
        let Some(last) = batch.last() else { return found };
        after = Some(last.place);
        found.extend(batch.iter().map(|stored| stored.document().unwrap()));
    }
}

async fn only_one_of(store: &dyn Store, owner: &str) -> StoredDocument {
    store.find_documents(scope_of(owner), None).await.unwrap().remove(0)
}

pub async fn documents_come_by_owner_those_with_a_string_first(subject: &Subject) {
    let store = &*subject.store;
    insert(store, OwnerKey::ObjectId("ada".to_owned()), doc! { "_id": 1 }).await;
    insert(store, text("ada"), doc! { "_id": 3 }).await;
    insert(store, text("bob"), doc! { "_id": 4 }).await;
    insert(store, text("ada"), doc! { "_id": 2 }).await;
    let of_nobody =
        NewDocument { namespace: custom_data(), id_key: vec![9], owner: None, document: doc! { "_id": 9 } };
    store.insert_document(of_nobody, None).await.unwrap();
    let found = all_of(&*subject.other, "ada").await;
    assert_eq!(found, [doc! { "_id": 3 }, doc! { "_id": 2 }, doc! { "_id": 1 }]);
    let namespace = Namespace { database: "other".to_owned(), ..custom_data() };
    let elsewhere = DocumentScope { namespace, owner: "ada".to_owned() };
    assert!(store.find_documents(elsewhere, None).await.unwrap().is_empty());
}

pub async fn many_documents_come_some_at_a_time_each_once(subject: &Subject) {
    let store = &*subject.store;
    let large = "x".repeat(400 * 1024);
    for number in 0..10 {
        let owner = if number % 2 == 0 { text("ada") } else { OwnerKey::ObjectId("ada".to_owned()) };
        insert(store, owner, doc! { "_id": number, "large": &large }).await;
    }
    let first = store.find_documents(scope_of("ada"), None).await.unwrap();
    assert!(first.len() < 10, "nobody holds all of them at once");
    let ids: Vec<_> = all_of(store, "ada").await.iter().map(|found| found.get_i32("_id").unwrap()).collect();
    assert_eq!(ids, [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]);
}

pub async fn an_id_is_there_once_in_a_collection(subject: &Subject) {
    let store = &*subject.store;
    assert_eq!(insert(store, text("ada"), doc! { "_id": 1, "n": 1 }).await, Written::Done);
    assert_eq!(insert(store, text("bob"), doc! { "_id": 1, "n": 2 }).await, Written::DuplicateId);
    assert!(all_of(store, "bob").await.is_empty());
    assert_eq!(all_of(store, "ada").await, [doc! { "_id": 1, "n": 1 }]);
    let elsewhere = NewDocument {
        namespace: Namespace { collection: "other".to_owned(), ..custom_data() },
        id_key: Bson::Int32(1).to_string().into_bytes(),
        owner: Some(text("bob")),
        document: doc! { "_id": 1 },
    };
    assert_eq!(store.insert_document(elsewhere, None).await.unwrap(), Written::Done);

    let written = at_once(subject, |name, store| {
        Box::pin(async move { insert(&*store, OwnerKey::Text(name.to_owned()), doc! { "_id": 5 }).await })
    })
    .await;
    assert_eq!(written.iter().filter(|written| **written == Written::Done).count(), 1);
}

pub async fn an_insertion_that_was_overtaken_leaves_nothing(subject: &Subject) {
    let store = &*subject.store;
    let new = |id: i32| NewDocument {
        namespace: custom_data(),
        id_key: vec![u8::try_from(id).unwrap()],
        owner: Some(text("ada")),
        document: doc! { "_id": id },
    };
    let before = store.watermark().await.unwrap();
    insert(store, text("bob"), doc! { "_id": 0 }).await;
    let unless = |mark| Some((scope_of("ada"), mark));
    let written = store.insert_document(new(1), unless(before)).await.unwrap();
    assert_eq!(written, Written::Done, "another user's document is no reason");
    assert_eq!(store.insert_document(new(2), unless(before)).await.unwrap(), Written::Overtaken);
    assert_eq!(all_of(store, "ada").await, [doc! { "_id": 1 }]);
    let now = subject.other.watermark().await.unwrap();
    assert_eq!(store.insert_document(new(2), unless(now)).await.unwrap(), Written::Done);

    let before = store.watermark().await.unwrap();
    let written = at_once(subject, |name, store| {
        let mut new = new(3);
        name.as_bytes().clone_into(&mut new.id_key);
        let unless = unless(before);
        Box::pin(async move { store.insert_document(new, unless).await.unwrap() })
    })
    .await;
    assert_eq!(written.iter().filter(|written| **written == Written::Done).count(), 1);
}

pub async fn a_document_is_replaced_and_deleted_only_as_it_was_seen(subject: &Subject) {
    let store = &*subject.store;
    insert(store, text("ada"), doc! { "_id": 1, "n": 1 }).await;
    let seen = only_one_of(store, "ada").await;
    let changed = doc! { "_id": 1, "n": 1.0 };
    assert_eq!(store.replace_document(seen.clone(), changed.clone()).await.unwrap(), Written::Done);
    // Equal numbers of another type are another document.
    let late = store.replace_document(seen.clone(), doc! { "_id": 1, "n": 2 }).await.unwrap();
    assert_eq!(late, Written::Overtaken);
    assert_eq!(store.delete_document(seen).await.unwrap(), Written::Overtaken);
    assert_eq!(all_of(&*subject.other, "ada").await, [changed]);
    let seen = only_one_of(store, "ada").await;
    assert_eq!(store.delete_document(seen.clone()).await.unwrap(), Written::Done);
    assert_eq!(store.delete_document(seen.clone()).await.unwrap(), Written::Overtaken);
    // One that was deleted and came again is not the one that was seen.
    insert(store, text("ada"), seen.document().unwrap()).await;
    assert_eq!(store.delete_document(seen).await.unwrap(), Written::Overtaken);
}

pub async fn of_simultaneous_changes_of_a_document_one_lands(subject: &Subject) {
    insert(&*subject.store, text("ada"), doc! { "_id": 1 }).await;
    let seen = only_one_of(&*subject.store, "ada").await;
    let written = at_once(subject, |name, store| {
        let seen = seen.clone();
        Box::pin(async move { store.replace_document(seen, doc! { "_id": 1, "by": name }).await.unwrap() })
    })
    .await;
    assert_eq!(written.iter().filter(|written| **written == Written::Done).count(), 1);
}

pub async fn every_value_comes_back_as_it_was(subject: &Subject) {
    let document = doc! {
        "_id": bson::oid::ObjectId::new(),
        "b": f64::NAN,
        "a": -0.0,
        "date": bson::DateTime::MAX,
        "decimal": "1.50".parse::<bson::Decimal128>().unwrap(),
        "": { "nested": [1_i32, 1_i64, Bson::Null, Bson::Undefined, Bson::MinKey] },
    };
    insert(&*subject.store, text("ada"), document.clone()).await;
    let stored = only_one_of(&*subject.other, "ada").await;
    assert!(stored.is(&document).unwrap());
    assert_eq!(stored.document().unwrap().to_vec().unwrap(), document.to_vec().unwrap());
    assert_eq!(stored.size(), document.to_vec().unwrap().len());
}
