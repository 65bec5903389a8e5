//! Snapshots.

use super::*;

fn named(name: &str) -> SnapshotName {
    name.parse().unwrap()
}

fn no_ids() -> std::collections::BTreeMap<String, String> {
    std::collections::BTreeMap::new()
}

pub async fn a_restore_brings_everything_back_and_others_see_it(subject: &Subject) {
    let store = &*subject.store;
    let before = session_of(store, "ada").await;
    store.take_snapshot(named("before"), at(0)).await.unwrap();
    let after = session_of(store, "bob").await;
    store.delete_user(before.user_id.clone()).await.unwrap();
    let ids = [(API_KEY.to_owned(), "given".to_owned())].into();
    subject.other.restore_snapshot(named("before"), ids).await.unwrap();
    let live = |id: &str| store.live_session(id.to_owned(), at(0), None);
    assert!(live(&before.id).await.is_ok());
    assert_refused(live(&after.id).await, Refusal::SessionGone);
    assert_eq!(store.provider_ids().await.unwrap()[API_KEY], "given");
    // It can be brought back again, and what is written from here on counts.
    store.set_disabled(before.user_id, true).await.unwrap();
    assert_refused(live(&before.id).await, Refusal::SessionGone);
    store.restore_snapshot(named("before"), no_ids()).await.unwrap();
    assert!(live(&before.id).await.is_ok());
}

pub async fn a_snapshot_that_is_missing_or_there_already_is_named(subject: &Subject) {
    let store = &*subject.store;
    let taken = store.take_snapshot(named("one"), at(0)).await.unwrap();
    assert!(taken.bytes > 0);
    let again = subject.other.take_snapshot(named("one"), at(0)).await;
    assert!(matches!(again, Err(SnapshotError::Exists(name)) if name == named("one")));
    let missing = store.restore_snapshot(named("two"), no_ids()).await;
    assert!(matches!(missing, Err(SnapshotError::Missing(name)) if name == named("two")));
    let missing = store.delete_snapshot(named("two")).await;
    assert!(matches!(missing, Err(SnapshotError::Missing(_))));
}

pub async fn snapshots_are_listed_by_name_and_can_be_deleted(subject: &Subject) {
    let store = &*subject.store;
    assert!(store.snapshots().await.unwrap().is_empty());
    for name in ["b", "a", "c"] {
        store.take_snapshot(named(name), at(0)).await.unwrap();
    }
    store.delete_snapshot(named("b")).await.unwrap();
    let all = subject.other.snapshots().await.unwrap();
    assert_eq!(all.into_iter().map(|snapshot| snapshot.name).collect::<Vec<_>>(), [named("a"), named("c")]);
    store.take_snapshot(named("b"), at(0)).await.unwrap();
}
