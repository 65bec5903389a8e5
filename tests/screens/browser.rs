//! A log-in in the browser: the address, the code, the address that comes back, and the ways out.

use idmux::account::{AppAlias, BrowserAddress};
use idmux::session::{self, Event, EventKind, RequestId, Subject};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::boards::calm;
use super::*;

const START: &str = "http://127.0.0.1:40123/api/client/v2.0/app/local-idmux/auth/providers/oauth2-google/login\
    ?state=p2m4l1r9Q0iXbq0dY5dYxA&redirect=http%3A%2F%2F127.0.0.1%3A41234%2Fidmux\
    &device=eyJwbGF0Zm9ybSI6ImlkbXV4IiwicGxhdGZvcm1WZXJzaW9uIjoiMC4xLjAiLCJzZGtWZXJzaW9uIjoiMC4xLjAifQ%3D%3D";

fn address(text: &str) -> BrowserAddress {
    BrowserAddress::new(text.parse().unwrap()).unwrap()
}

/// Logs in with Google, as far as the App says where to go.
fn leave_to(screen: &mut Screen, text: &str) -> RequestId {
    choose_google(screen);
    screen.press(KeyCode::Enter);
    let (request, command) = screen.sent.clone().unwrap();
    assert!(
        matches!(command.downcast_ref(), Some(session::LogInWithBrowser { provider: Provider::Google, .. })),
        "{command:?}"
    );
    tell(screen, request, EventKind::BrowserNeeded { address: address(text), until: now() + minutes(10) });
    request
}

fn leave(screen: &mut Screen) -> RequestId {
    leave_to(screen, START)
}

fn choose_google(screen: &mut Screen) {
    screen.keys("l").press(KeyCode::Up);
    for _ in 0..5 {
        screen.press(KeyCode::Right);
    }
    screen.press(KeyCode::Tab);
}

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

fn tell(screen: &mut Screen, request: RequestId, kind: EventKind) {
    let subject = Subject::App { app: AppAlias::new("local"), who: Some("a Google user".into()) };
    screen.event(Event { at: now(), request: Some(request), subject, kind });
}

fn given_up(screen: &Screen) -> Option<RequestId> {
    screen.asked::<session::CancelLogIn>().map(|cancel| cancel.request)
}

/// All of a text, wherever it is broken into lines.
fn shows(screen: &Screen, text: &str) -> bool {
    let inside: String = (screen.draw().lines())
        .filter_map(|line| line.split('┃').nth(1))
        .map(|line| line.chars().skip(1).take(62).collect::<String>().trim_end().to_owned())
        .collect();
    inside.contains(text)
}

/// The scenes.
pub fn scenes(table: &mut Table) {
    table.add("browser", calm(), |screen| {
        leave(screen);
    });
    table.add("browser_code", calm(), |screen| {
        leave(screen);
        screen.keys("c");
    });
    table.add("browser_paste", calm(), |screen| {
        leave(screen);
        screen.keys("p");
    });
    table.add("browser_link", calm(), |screen| {
        screen.keys("L").press(KeyCode::Up);
        for _ in 0..3 {
            screen.press(KeyCode::Right);
        }
        screen.press(KeyCode::Tab);
    });
    table.add("browser_paste_refused", calm(), |screen| {
        leave(screen);
        screen.keys("phttp://127.0.0.1:41234/idmux").press(KeyCode::Enter);
        let id = screen.sent.as_ref().unwrap().0;
        tell(screen, id, failure("this address belongs to another log-in", "copy all of it"));
    });
    table.add("browser_paste_waits", calm(), |screen| {
        leave(screen);
        screen.keys("phttp://127.0.0.1:41234/idmux").press(KeyCode::Enter);
    });
    table.add("browser_ascii", calm(), |screen| {
        screen.model.state.look.ascii = true;
        leave(screen);
    });
    table.add("browser_waits_for_the_app", calm(), |screen| {
        choose_google(screen);
        screen.press(KeyCode::Enter);
    });
}

#[test]
fn the_address_is_whole_however_narrow_the_screen_is() {
    for size in SIZES {
        let mut screen = Screen::with(size, calm());
        leave(&mut screen);
        assert!(shows(&screen, START), "{}", screen.draw());
    }
    // The longest that fits at all, and one that does not: then it is said, and copied whole.
    let mut screen = Screen::with(SMALL, calm());
    let long = format!("https://example.com/authorize?scope={}", "x".repeat(2000));
    leave_to(&mut screen, &long);
    assert!(screen.draw().contains("more lines: y copies all of it"), "{}", screen.draw());
    assert!(screen.draw().contains("Waiting for the browser until"), "{}", screen.draw());
    screen.keys("y");
    assert_eq!(screen.copied.as_ref().unwrap().expose_secret(), long);
}

#[test]
fn the_browser_opens_by_itself_and_again_when_it_is_asked_for() {
    let mut screen = Screen::with(SMALL, calm());
    leave(&mut screen);
    assert_eq!(screen.browsed, [START]);
    screen.keys("o");
    assert_eq!(screen.browsed, [START, START]);
}

#[test]
fn the_end_of_the_request_is_the_end_of_the_wait() {
    let mut screen = Screen::with(SMALL, calm());
    let request = leave(&mut screen);
    // Even while the address is being pasted.
    screen.keys("p");
    assert_eq!(screen.model.dialogs.len(), 3);
    tell(&mut screen, request, session::Entered::LoggedIn { replaced: false }.into());
    assert!(screen.model.dialogs.is_empty());

    // A failure is shown where the person began, who can try again.
    let request = leave(&mut screen);
    tell(&mut screen, request, failure("access_denied", "Try again."));
    assert_eq!(screen.model.dialogs.len(), 1);
    assert!(screen.draw().contains("✗ access_denied"), "{}", screen.draw());
    screen.press(KeyCode::Enter);
    let again = screen.sent.as_ref().unwrap();
    assert!(again.0 != request && matches!(again.1.downcast_ref(), Some(session::LogInWithBrowser { .. })));
}

#[test]
fn it_can_be_given_up_at_any_moment() {
    let mut screen = Screen::with(SMALL, calm());
    let request = leave(&mut screen);
    // From the code one comes back first.
    screen.keys("c").press(KeyCode::Esc);
    assert_eq!((screen.model.dialogs.len(), given_up(&screen)), (2, None));
    screen.keys("p").press(KeyCode::Esc);
    assert_eq!((screen.model.dialogs.len(), given_up(&screen)), (2, None));
    screen.press(KeyCode::Esc);
    assert_eq!((screen.model.dialogs.len(), given_up(&screen)), (0, Some(request)));
    tell(&mut screen, request, session::Cancelled.into());
    assert!(screen.draw().contains("given up"), "{}", screen.draw());

    // Before the App said where to go: no browser opens for somebody who has gone.
    choose_google(&mut screen);
    screen.press(KeyCode::Enter);
    let request = screen.sent.as_ref().unwrap().0;
    screen.press(KeyCode::Esc);
    assert_eq!(given_up(&screen), Some(request));
    screen.sent = None;
    tell(&mut screen, request, EventKind::BrowserNeeded { address: address(START), until: now() });
    assert_eq!((screen.browsed.len(), screen.model.dialogs.len()), (1, 0));
    assert_eq!(given_up(&screen), Some(request));
}

#[test]
fn an_address_is_pasted_unseen_and_a_wrong_one_is_asked_for_again() {
    let mut screen = Screen::with(SMALL, calm());
    let request = leave(&mut screen);
    let ended_at = "http://127.0.0.1:41234/idmux#_baas_state=s&_baas_ua=hunter2";
    screen.tell(Message::Paste(Zeroizing::new(ended_at.to_owned())));
    assert!(!screen.draw().contains("hunter2"), "{}", screen.draw());
    screen.press(KeyCode::Enter);
    let (id, command) = screen.sent.clone().unwrap();
    let Some(session::BrowserEndedAt { request: of, address }) = command.downcast_ref() else {
        panic!("{command:?}")
    };
    assert_eq!((*of, address.expose_secret()), (request, ended_at));
    tell(&mut screen, id, failure("this address belongs to another log-in", "copy all of it"));
    assert!(screen.draw().contains("✗ this address belongs to another log-in"), "{}", screen.draw());
    screen.press(KeyCode::Enter);
    assert!(screen.draw().contains("is needed"), "{}", screen.draw());
    screen.keys("x").press(KeyCode::Enter);
    let id = screen.sent.as_ref().unwrap().0;
    tell(&mut screen, id, session::BrowserCameBack.into());
    // The log-in itself goes on.
    assert_eq!(screen.model.dialogs.len(), 2);
}

#[test]
fn a_wait_costs_nothing() {
    let mut screen = Screen::with(SMALL, Snapshot { users: Default::default(), ..calm() });
    leave(&mut screen);
    assert_eq!(next_change::next_change(&screen.model), None);
}
