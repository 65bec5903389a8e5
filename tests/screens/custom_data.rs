//! Custom data: the token's copy beside its source, a preview, a conflict, and what is too large.

use bson::{Document, doc};
use crossterm::event::KeyCode;
use idmux::session::{self, Event, EventKind, Snapshot, SourceView, Subject};
use idmux::tui::message::Message;
use std::sync::Arc;

use crate::driver::Screen;
use crate::fixture::*;
use crate::scenes::{SIZES, Table};

/// Ada, whose source is another than the copy in the token.
fn ada(source: Option<Document>) -> Snapshot {
    let mut ada = user(1, "ada@example.com");
    ada.source = Some(Arc::new(SourceView { document: source, read_at: Some(after(-75)), failed: None }));
    with_users([ada, user(2, "bob@example.com")])
}

fn newer() -> Document {
    let mut document = user(1, "").custom_data.unwrap();
    document.insert("theme", "light");
    document.remove("beta");
    document.get_document_mut("address").unwrap().insert("city", "Paris");
    document.insert("plan", doc! { "name": "pro" });
    document
}

/// The worker's answer to what was asked last.
fn answer(screen: &mut Screen, kind: EventKind) {
    let request = screen.sent.as_ref().map(|(id, _)| *id);
    let subject = Subject::User { key: key(1), label: "ada@example.com".into() };
    screen.event(Event { at: now(), request, subject, kind });
}

/// The editor ends with `text`.
fn edited(screen: &mut Screen, text: &str) {
    let (dialog, _) = screen.edited.take().expect("an editor runs");
    screen.tell(Message::Edited { dialog, result: Ok(text.into()) });
}

/// The whole document of Ada is in the editor.
fn in_editor(screen: &mut Screen) -> String {
    screen.keys("E");
    answer(screen, session::CustomDataRead(Some(newer())).into());
    screen.edited.as_ref().expect("the editor begins").1.clone()
}

/// Ada, whose custom data has more than so many kilobytes.
fn large(kilobytes: usize) -> Snapshot {
    let mut document = newer();
    document.insert("blob", "x".repeat(kilobytes * 1024));
    ada(Some(document))
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("source_differs", ada(Some(newer())), |screen| {
        screen.keys("4z");
    });
    table.add("source_beside_the_panes", ada(Some(newer())), |_| {});

    table.add("edit_preview", ada(Some(newer())), |screen| {
        screen.keys("4je").press(KeyCode::Backspace).keys("er");
    });

    table.add("large_data", large(12), |screen| _ = screen.keys("4je"));
    table.add("too_large_data", large(16), |screen| _ = screen.keys("4je"));

    table.add("document_reading", ada(Some(newer())), |screen| _ = screen.keys("E"));
    table.add("document_editing", ada(Some(newer())), |screen| _ = in_editor(screen));
    table.add("document_refused", ada(Some(newer())), |screen| {
        in_editor(screen);
        edited(screen, "{\n  \"theme\": dark\n}");
    });
    table.add("document_preview", ada(Some(newer())), |screen| {
        let text = in_editor(screen);
        let text = text.replace("\"light\"", "\"dark\"").replace("\"visits\": 42,", "\"tags\": [\"a\"],");
        edited(screen, &text);
    });

    table.add("conflict", ada(Some(newer())), conflict_of_documents);
    table.add("conflict_of_a_field", ada(Some(newer())), |screen| {
        screen.keys("4je").press(KeyCode::Enter);
        answer(screen, session::CustomDataChange::Conflict(None).into());
    });
}

#[test]
fn a_source_that_was_not_read_says_so() {
    let mut snapshot = ada(None);
    let mut user = (*snapshot.users[0]).clone();
    user.source = Some(Arc::new(SourceView { failed: Some("no answer".into()), ..SourceView::default() }));
    snapshot.users.set(0, Arc::new(user));
    let mut screen = Screen::with(SIZES[0], snapshot);
    screen.keys("4");
    assert!(screen.draw().contains("✗ source not read"), "{}", screen.draw());
}

#[test]
fn the_source_is_read_once_for_each_time_the_pane_gets_the_focus() {
    let mut screen = Screen::with(SIZES[0], ada(Some(newer())));
    assert!(screen.sent.is_none());
    screen.keys("4");
    let read = |screen: &mut Screen| {
        let asked = screen.sent.take();
        asked.is_some_and(|(_, asked)| {
            matches!(asked.downcast_ref(), Some(session::ReadCustomData { user }) if *user == key(1))
        })
    };
    assert!(read(&mut screen));
    screen.snapshot(ada(Some(newer())));
    screen.keys("j");
    assert!(screen.sent.is_none(), "once");
    screen.keys("S");
    assert!(read(&mut screen), "and whenever a person wants it");
    screen.keys("14");
    assert!(read(&mut screen));
}

#[test]
fn a_whole_document_is_previewed_field_by_field() {
    let mut screen = Screen::with(SIZES[0], ada(Some(newer())));
    let text = in_editor(&mut screen);
    edited(&mut screen, &text.replace("42", "43"));
    screen.press(KeyCode::Enter);
    let Some(session::EditCustomData { edit, .. }) = screen.asked() else { panic!("it is written") };
    assert_eq!(edit.changes.len(), 1);
    assert_eq!(edit.changes[0].path.to_string(), "visits");
    answer(&mut screen, session::CustomDataChange::Written(1).into());
    assert!(screen.model.dialogs.is_empty());
}

#[test]
fn a_text_that_is_no_document_is_kept_for_another_try() {
    let mut screen = Screen::with(SIZES[0], ada(Some(newer())));
    in_editor(&mut screen);
    edited(&mut screen, "{ \"theme\": ");
    screen.press(KeyCode::Enter);
    assert_eq!(screen.edited.as_ref().unwrap().1, "{ \"theme\": ", "the person's own text");
}

#[test]
fn an_editor_that_changes_nothing_writes_nothing() {
    let mut screen = Screen::with(SIZES[0], ada(Some(newer())));
    let text = in_editor(&mut screen);
    screen.sent = None;
    edited(&mut screen, &text);
    assert!(screen.model.dialogs.is_empty() && screen.sent.is_none());
    assert!(screen.draw().contains("nothing was changed"));
}

fn conflict_of_documents(screen: &mut Screen) {
    let text = in_editor(screen);
    edited(screen, &text.replace("\"light\"", "\"dark\"").replace("7.5", "8"));
    screen.press(KeyCode::Enter);
    let mut theirs = newer();
    theirs.insert("theme", "blue");
    theirs.insert("visits", 43);
    answer(screen, session::CustomDataChange::Conflict(Some(theirs)).into());
}

#[test]
fn a_conflict_is_settled_in_three_ways() {
    let conflict = || {
        let mut screen = Screen::with(SIZES[0], ada(Some(newer())));
        conflict_of_documents(&mut screen);
        screen.sent = None;
        screen
    };
    let mut screen = conflict();
    screen.press(KeyCode::Enter);
    assert!(screen.sent.is_none() && !screen.model.dialogs.is_empty(), "nothing by accident");

    screen.keys("w");
    let Some(session::EditCustomData { edit, .. }) = screen.asked() else { panic!("mine is written") };
    let told: Vec<_> = edit.changes.iter().map(|change| change.path.to_string()).collect();
    assert_eq!(told, ["theme", "score"], "and nothing that only they changed");

    let mut screen = conflict();
    screen.keys("t");
    assert!(screen.asked::<session::Refresh>().is_some(), "the token follows theirs");
    assert!(screen.model.dialogs.is_empty());

    let mut screen = conflict();
    screen.keys("e");
    let text = screen.edited.as_ref().unwrap().1.clone();
    assert!(
        text.contains("\"theme\": \"dark\"") && text.contains("\"visits\": 43"),
        "both, in one text: {text}"
    );
}

#[test]
fn custom_data_near_the_advised_size_is_warned_of() {
    let warned = |kilobytes| Screen::with(SIZES[0], large(kilobytes)).keys("4").draw().contains("of 16 KB");
    assert!(!warned(11) && warned(12));
}
