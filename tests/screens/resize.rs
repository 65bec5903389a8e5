//! A terminal that changes its size while a dialog is open.

use crossterm::event::KeyCode;
use idmux::session::{KeySource, VaultStatus};
use idmux::tui::message::Message;
use ratatui::layout::Size;

use crate::driver::{LARGE, SMALL, Screen};
use crate::{failure, fixture::*, vault};

type Steps = fn(&mut Screen);

/// Every dialog that one types into, with something typed.
const DIALOGS: [(&str, Steps); 10] = [
    ("log in", |screen| _ = screen.keys("lada@example.com").press(KeyCode::Tab).keys("hunter2")),
    ("log in, waiting", |screen| {
        screen.keys("lada@example.com").press(KeyCode::Tab).keys("hunter2").press(KeyCode::Enter);
    }),
    ("register", |screen| _ = screen.keys("rada@example.com").press(KeyCode::Tab).keys("short")),
    ("register, refused", |screen| {
        screen.keys("rada@example.com").press(KeyCode::Tab).keys("short").press(KeyCode::Enter);
    }),
    ("link", |screen| _ = screen.keys("Lada@example.com").press(KeyCode::Tab).keys("hunter2")),
    ("password", |screen| _ = screen.keys("P").press(KeyCode::Tab).keys("x").press(KeyCode::Tab)),
    ("edit", |screen| _ = screen.keys("4Ge").keys("{\"a\": ")),
    ("add", |screen| _ = screen.keys("4Gafield").press(KeyCode::Tab).keys("true")),
    ("delete", |screen| _ = screen.keys("D").press(KeyCode::Right)),
    ("help", |screen| _ = screen.keys("?jjj")),
];

/// Through a size in which nothing fits, a large one, and back.
fn resized(screen: &mut Screen) {
    for size in [Size { width: 20, height: 5 }, LARGE, Size { width: 200, height: 60 }, SMALL] {
        screen.tell(Message::Resize(size));
        screen.draw();
    }
}

#[test]
fn a_resize_keeps_the_dialog_and_what_was_typed() {
    for (name, steps) in DIALOGS {
        let mut screen = Screen::with(SMALL, six());
        steps(&mut screen);
        let before = screen.draw();
        assert!(screen.model.dialog().is_some(), "{name} is open");
        resized(&mut screen);
        assert_eq!(screen.draw(), before, "{name}");
    }
}

#[test]
fn a_resize_keeps_what_was_typed_for_the_vault_and_what_a_failure_left() {
    let why = "no Secret Service on the session bus".to_owned();
    let locked = VaultStatus::Locked { key: KeySource::Passphrase, why: None };
    for status in [VaultStatus::ChooseKey { why }, locked] {
        let mut screen = Screen::with(SMALL, vault(status));
        screen.press(KeyCode::Tab).keys("correct horse").press(KeyCode::Tab).keys("correct");
        let before = screen.draw();
        resized(&mut screen);
        assert_eq!(screen.draw(), before);
    }
    let mut screen = Screen::with(SMALL, six());
    screen.keys("lada@example.com").press(KeyCode::Tab).keys("hunter2").press(KeyCode::Enter);
    let (id, _) = screen.sent.clone().unwrap();
    let mut event = crate::about_ada(failure("invalid username/password", "Check both."));
    event.request = Some(id);
    screen.event(event);
    let before = screen.draw();
    assert!(before.contains("ada@example.com") && before.contains("invalid"), "{before}");
    resized(&mut screen);
    assert_eq!(screen.draw(), before);
}
