//! What every implementation of [`Store`](super::Store) has to do, whatever is below it.
//!
//! `conformance_tests!(make)` turns each check into a test; `make` is the path of a function that makes a [`Subject`]. A check
//! that is not in the list below is dead code, and the compiler says so.

pub mod accounts;
pub mod api_keys;
pub mod app;
pub mod documents;
pub mod registrations;
pub mod sessions;
pub mod snapshots;

use std::sync::Arc;

use bson::Document;
use futures_util::future::{BoxFuture, join_all};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::*;

macro_rules! conformance_tests {
    ($make:path) => {
        $crate::local_app::store::conformance::conformance_tests! { @each $make;
            app {
                the_first_start_makes_the_app_and_later_ones_find_it,
                a_store_of_another_app_is_refused,
                of_simultaneous_first_starts_one_makes_the_app,
                a_clock_that_was_never_moved_is_the_systems,
                simultaneous_moves_of_the_clock_add_up,
                a_move_out_of_range_changes_nothing,
                a_start_that_moves_the_clock_out_of_range_makes_no_app,
                a_new_key_signs_and_older_ones_verify_unless_forgotten,
                a_change_is_seen_from_elsewhere,
                files_are_written_only_over_those_that_were_seen,
                of_simultaneous_edits_of_files_one_lands,
                what_has_ended_is_swept_in_portions,
                a_key_goes_when_no_token_of_it_lives,
                a_closed_store_says_so,
            }
            accounts {
                a_record_has_the_identities_in_order_and_their_providers_ids,
                pages_of_users_follow_each_other_in_both_directions,
                users_are_found_by_state_provider_and_text,
                an_anonymous_user_lives_for_90_days_unless_it_is_linked,
                custom_data_is_the_users_first_document,
                a_disabled_user_is_kept_out_and_let_in_again,
                a_deleted_user_takes_everything_along_but_documents,
                an_email_changes_with_the_identity_and_spoils_tokens,
                an_email_that_is_taken_changes_nothing,
                an_import_lands_whole_users_and_names_obstacles,
                an_import_that_is_repeated_changes_nothing_but_the_ways_in,
                of_simultaneous_imports_of_a_user_one_lands,
            }
            registrations {
                a_registration_is_kept_with_its_token_and_mail,
                an_email_is_registered_once_and_the_second_leaves_nothing,
                of_simultaneous_registrations_one_counts,
                a_registered_user_is_there_at_once,
                pending_registrations_come_in_pages_until_the_first_log_in,
                a_pending_registration_can_be_deleted_that_of_a_user_cannot,
                only_an_unconfirmed_registration_is_abandoned,
                a_registration_is_confirmed_once,
                a_token_works_once_in_time_and_for_its_purpose,
                of_simultaneous_uses_of_a_token_one_counts,
                older_tokens_stay_good_until_one_is_used,
                a_token_is_for_the_right_state_of_a_registration,
                a_token_that_was_taken_back_is_worth_nothing,
                a_reset_gives_a_password_and_spoils_reset_tokens,
                a_password_is_upgraded_only_from_what_was_seen,
                of_simultaneous_first_passwords_one_is_adopted,
                a_password_is_adopted_in_time_by_a_user_who_is_not_disabled,
                mails_come_newest_first_and_the_oldest_go,
            }
            sessions {
                a_first_log_in_makes_the_user_and_later_ones_find_it,
                of_simultaneous_first_log_ins_one_makes_the_user,
                a_log_in_whose_proof_is_gone_leaves_nothing,
                a_key_leads_to_its_owner_while_it_is_enabled,
                a_disabled_user_opens_no_session,
                a_session_lives_until_it_or_its_user_ends,
                all_sessions_of_a_user_end_and_no_others,
                an_identity_is_linked_once_and_to_one_user,
                a_link_of_a_session_that_ended_leaves_nothing,
                of_simultaneous_links_of_an_identity_one_user_gets_it,
                devices_come_newest_first_and_the_oldest_go,
                an_admin_session_is_there_until_it_ends,
                of_those_who_come_back_from_a_browser_the_first_counts,
            }
            api_keys {
                a_key_is_found_by_its_hash_and_by_its_owner_only,
                keys_come_oldest_first_and_names_are_unique_per_owner,
                of_simultaneous_keys_of_a_name_one_is_made,
                a_holder_has_so_many_keys_at_most,
                neither_an_anonymous_user_nor_a_server_makes_keys,
                a_server_key_has_a_user_and_takes_it_along,
                a_key_that_is_taken_away_ends_the_sessions_that_it_opened,
                a_session_that_ended_reaches_no_key,
            }
            documents {
                documents_come_by_owner_those_with_a_string_first,
                many_documents_come_some_at_a_time_each_once,
                an_id_is_there_once_in_a_collection,
                an_insertion_that_was_overtaken_leaves_nothing,
                a_document_is_replaced_and_deleted_only_as_it_was_seen,
                of_simultaneous_changes_of_a_document_one_lands,
                every_value_comes_back_as_it_was,
            }
            snapshots {
                a_restore_brings_everything_back_and_others_see_it,
                a_snapshot_that_is_missing_or_there_already_is_named,
                snapshots_are_listed_by_name_and_can_be_deleted,
            }
        }
    };
    (@each $make:path; $($room:ident { $($check:ident,)+ })+) => {
        $(mod $room {
            $(#[tokio::test]
            async fn $check() {
                $crate::local_app::store::conformance::$room::$check(&$make()).await;
            })+
        })+
    };
}
pub(crate) use conformance_tests;

/// An empty store, and the way to the same data as another process has it.
pub struct Subject {
    pub store: Arc<dyn Store>,
    /// A second handle on the same data; the same one where no other process can have it.
    pub other: Arc<dyn Store>,
    /// Where the data is, for as long as the check runs.
    pub _folder: Option<tempfile::TempDir>,
}

/// How many do something at once.
const AT_ONCE: usize = 8;

/// Has `work` done several times at once, every other time through the other handle.
async fn at_once<T>(
    subject: &Subject,
    work: impl Fn(&'static str, Arc<dyn Store>) -> BoxFuture<'static, T>,
) -> Vec<T> {
    const NAMES: [&str; AT_ONCE] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let handles = [&subject.store, &subject.other].into_iter().cycle();
    join_all(NAMES.into_iter().zip(handles).map(|(name, store)| work(name, Arc::clone(store)))).await
}

/// `seconds` after the moment at which checks begin.
fn at(seconds: i64) -> Timestamp {
    Timestamp::constant(1_767_225_600, 0) + SignedDuration::from_secs(seconds)
}

const DAY: i64 = 24 * 60 * 60;

#[track_caller]
fn assert_refused<T>(outcome: Result<T, UnitError>, expected: Refusal) {
    match outcome {
        Err(UnitError::Refused(refusal)) => assert_eq!(refusal, expected),
        Err(UnitError::Store(error)) => panic!("{error}"),
        Ok(_) => panic!("not refused: {expected}"),
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn id() -> String {
    crate::local_app::ids::oid()
}

fn custom_data() -> Namespace {
    Namespace { database: "app".to_owned(), collection: "custom_user_data".to_owned() }
}

/// An identity that nothing in the store could spoil.
fn given(provider: &'static str, id: &str) -> ProvenIdentity {
    ProvenIdentity { provider, id: id.to_owned(), data: Map::new(), proof: Proof::Given }
}

/// A log-in with `identity`, an hour long.
fn log_in_with(identity: ProvenIdentity, now: Timestamp) -> NewLogin {
    NewLogin {
        identity,
        new_user_id: id(),
        session_id: id(),
        device_id: "device".to_owned(),
        device: None,
        now,
        expires_at: now + SignedDuration::from_hours(1),
        signing_key: "key".to_owned(),
        lifetimes: None,
        custom_data: Some(custom_data()),
    }
}

/// The session of a user who logged in with the custom function's identity `name`.
async fn session_of(store: &dyn Store, name: &str) -> Session {
    let login = log_in_with(given("custom-function", name), at(0));
    store.open_session(login).await.unwrap().session
}

/// A registration that is confirmed, whose password hash is `hash`.
async fn registered(store: &dyn Store, email: &str) -> Registration {
    let registration = Registration::new(email, "hash", at(0));
    store.register(registration.clone(), None, None).await.unwrap();
    registration
}

fn by_password(registration: &Registration) -> ProvenIdentity {
    ProvenIdentity {
        provider: LOCAL_USERPASS,
        id: registration.id.clone(),
        data: registration.profile_data(),
        proof: Proof::Password(registration.clone()),
    }
}

/// The token named `name`, good until `until`.
fn token(name: &str, purpose: Purpose, until: Timestamp) -> NewToken {
    NewToken { id: name.to_owned(), purpose, hash: [7; 32], expires_at: until }
}

/// An attempt with the token named `name`.
fn guess(name: &str, purpose: Purpose, now: Timestamp) -> TokenGuess {
    TokenGuess { id: name.to_owned(), purpose, hash: [7; 32], now }
}

fn mail(email: &str, token_id: &str) -> NewMail {
    NewMail {
        sent_at: at(0),
        purpose: Purpose::Confirm,
        email: email.to_owned(),
        subject: "subject".to_owned(),
        link: "http://localhost/".into(),
        token: "token".into(),
        token_id: token_id.to_owned(),
        delivery: "mailbox",
    }
}

fn email_of(registration: &Registration) -> RegistrationKey {
    RegistrationKey::Email(registration.email.clone())
}

/// Gives `owner` a document.
async fn insert(store: &dyn Store, owner: OwnerKey, document: Document) -> Written {
    let id_key = document.get("_id").unwrap().to_string().into_bytes();
    let new = NewDocument { namespace: custom_data(), id_key, owner: Some(owner), document };
    store.insert_document(new, None).await.unwrap()
}

fn scope_of(owner: &str) -> DocumentScope {
    DocumentScope { namespace: custom_data(), owner: owner.to_owned() }
}
