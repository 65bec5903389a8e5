//! The page, spoken to as browsers speak to it, and as others might.

use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

use super::*;
use crate::account::{Provider, RedirectUri};

const UA: &str = "e30.eyJzdWIiOiJ1MSJ9.c2ln%24r.s.t%24u1%24";

fn visit() -> (BrowserVisit, String) {
    visit_to(&RedirectUri::default())
}

fn visit_to(redirect: &RedirectUri) -> (BrowserVisit, String) {
    let expected = Expected {
        state: SecretString::from("the-state"),
        app_id: "shop-abcde".into(),
        provider: Provider::Google,
        is_link: false,
    };
    let (door, arrival) = Door::new(expected);
    let listener = Listener::open(redirect, door.clone()).unwrap();
    let page = listener.redirect.clone();
    let address = BrowserAddress::new(Url::parse("https://example.com/start").unwrap()).unwrap();
    (BrowserVisit::new(address, door, arrival, listener), page)
}

fn authority(page: &str) -> String {
    Url::parse(page).unwrap().authority().to_owned()
}

/// Sends bytes, and reads until the server closes.
async fn raw(page: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(authority(page)).await.unwrap();
    // Fails where the server has hung up already.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn get(page: &str) -> String {
    format!("GET /idmux HTTP/1.1\r\nHost: {}\r\n\r\n", authority(page))
}

fn post_with(page: &str, headers: &str, body: &str) -> String {
    let (host, length) = (authority(page), body.len());
    format!("POST /idmux HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

fn post(page: &str, body: &str) -> String {
    post_with(page, &format!("Origin: http://{}\r\n", authority(page)), body)
}

#[track_caller]
fn status(answer: &str, right: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {right} ")), "{answer}");
}

#[tokio::test]
async fn the_page_brings_back_what_no_browser_sends() {
    let (visit, page) = visit();
    assert!(page.starts_with("http://127.0.0.1:") && page.ends_with("/idmux"), "{page}");
    let shown = raw(&page, &get(&page)).await;
    status(&shown, 200);
    assert!(shown.contains("body: location.hash"), "{shown}");
    let lower = shown.to_lowercase();
    for header in ["cache-control: no-store", "referrer-policy: no-referrer", "default-src 'none'", "nosniff"]
    {
        assert!(lower.contains(header), "{header}: {shown}");
    }
    let arrival = tokio::spawn(visit.arrival());
    let said = raw(&page, &post(&page, &format!("#_baas_state=the-state&_baas_ua={UA}"))).await;
    status(&said, 200);
    assert!(said.contains("It worked") && said.contains("can be closed"), "{said}");
    let Ok(Arrival::LoggedIn(session)) = arrival.await.unwrap() else { panic!() };
    assert_eq!(session.tokens.refresh.as_ref().unwrap().expose(), "r.s.t");
    assert!(TcpStream::connect(authority(&page)).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_refusal_is_said_on_the_page_and_to_whoever_waits() {
    let (visit, page) = visit();
    let arrival = tokio::spawn(visit.arrival());
    let said = raw(&page, &post(&page, "#_baas_state=the-state&_baas_error=no%20%3Cb%3Ethanks")).await;
    assert!(said.contains("It did not work: no <b>thanks"), "{said}");
    assert!(said.to_lowercase().contains("content-type: text/plain"), "nothing in it is markup: {said}");
    let error = arrival.await.unwrap().unwrap_err();
    assert_eq!(error, BrowserError::Denied("no <b>thanks".into()).into());
}

#[tokio::test]
async fn what_does_not_come_from_the_page_is_turned_away_and_changes_nothing() {
    let (visit, page) = visit();
    let right = format!("#_baas_state=the-state&_baas_ua={UA}");
    let own = authority(&page);
    let port = own.rsplit(':').next().unwrap();
    // A name that was made to point here, and a page elsewhere that knows the port.
    for host in ["evil.example.com".into(), format!("evil.example.com:{port}"), format!("localhost:{port}")] {
        let request = |line: &str| format!("{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n");
        status(&raw(&page, &request("GET /idmux")).await, 403);
        status(&raw(&page, &request("POST /idmux")).await, 403);
    }
    for origin in ["https://evil.example.com", "null", "http://127.0.0.1", &format!("https://{own}")] {
        let answer = raw(&page, &post_with(&page, &format!("Origin: {origin}\r\n"), &right)).await;
        status(&answer, 403);
    }
    assert!(raw(&page, "GET /idmux HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 403 "));
    for (line, right) in
        [("GET /", 404), ("GET /idmux/", 404), ("GET /favicon.ico", 404), ("PUT /idmux", 405)]
    {
        let answer =
            raw(&page, &format!("{line} HTTP/1.1\r\nHost: {own}\r\nContent-Length: 0\r\n\r\n")).await;
        status(&answer, right);
    }
    for garbage in ["hello\r\n\r\n", "GET /idmux HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
        let answer = raw(&page, garbage).await;
        assert!(!answer.contains(" 200 "), "{garbage:?}: {answer}");
    }
    let too_long = format!("POST /idmux HTTP/1.1\r\nHost: {own}\r\nContent-Length: 600000\r\n\r\n");
    status(&raw(&page, &too_long).await, 413);
    status(&raw(&page, &post(&page, "#_baas_state=guessed&_baas_ua=a%24b%24c%24d")).await, 400);
    status(&raw(&page, &post(&page, "")).await, 400);

    // After all that the browser comes back.
    let arrival = tokio::spawn(visit.arrival());
    status(&raw(&page, &post(&page, &right)).await, 200);
    assert!(arrival.await.unwrap().is_ok());
}

#[tokio::test]
async fn the_door_opens_once() {
    let (visit, _page) = visit();
    let door = visit.door();
    assert_eq!(door.hand_in("http://127.0.0.1/idmux"), Err(NotTaken::NoReturn));
    let right = format!("http://127.0.0.1:1/idmux#_baas_state=the-state&_baas_ua={UA}");
    assert_eq!(door.hand_in(&right), Ok(Ok(())));
    assert_eq!(door.hand_in(&right), Err(NotTaken::Over));
    assert!(!door.close());
    assert!(visit.arrival().await.is_ok());
}

#[tokio::test]
async fn a_closed_door_ends_the_wait_and_nobody_listens() {
    let (visit, page) = visit();
    let door = visit.door();
    let arrival = tokio::spawn(visit.arrival());
    assert!(door.close());
    assert_eq!(arrival.await.unwrap().unwrap_err(), BrowserError::GivenUp.into());
    assert!(TcpStream::connect(authority(&page)).await.is_err());
    assert_eq!(door.hand_in(&format!("#_baas_state=the-state&_baas_ua={UA}")), Err(NotTaken::Over));
}

#[tokio::test]
async fn a_visit_that_is_dropped_leaves_nothing_behind() {
    let (visit, page) = visit();
    drop(visit);
    let listens = async || TcpStream::connect(authority(&page)).await.is_ok();
    while listens().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_without_end() {
    let (visit, _page) = visit();
    let begun = tokio::time::Instant::now();
    assert_eq!(visit.arrival().await.unwrap_err(), BrowserError::TookTooLong.into());
    assert!(begun.elapsed() >= TIME_LIMIT);
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_is_hung_up_on() {
    let (_visit, page) = visit();
    for sent in ["", "GET /id", "POST /idmux HTTP/1.1\r\nHost: x\r\nContent-Le"] {
        assert!(!raw(&page, sent).await.contains(" 200 "), "{sent}");
    }
    let half = format!("POST /idmux HTTP/1.1\r\nHost: {}\r\nContent-Length: 9\r\n\r\n#_", authority(&page));
    status(&raw(&page, &half).await, 408);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://127.0.0.1:{}/idmux", taken.local_addr().unwrap().port());
    let redirect = RedirectUri::parse(&address).unwrap();
    let (door, _arrival) = Door::new(Expected {
        state: SecretString::from("s"),
        app_id: "a".into(),
        provider: Provider::Apple,
        is_link: true,
    });
    let Err(error) = Listener::open(&redirect, door) else { panic!("two listen on one port") };
    assert!(error.to_string().contains(&taken.local_addr().unwrap().to_string()), "{error}");
    drop(taken);
    let (_visit, page) = visit_to(&redirect);
    assert_eq!(page, address, "as it is written");
}

#[test]
fn nothing_that_is_secret_prints() {
    let expected = Expected {
        state: SecretString::from("hunter2"),
        app_id: "a".into(),
        provider: Provider::Apple,
        is_link: false,
    };
    // `{"sub":"u","s":"hunter2"}`, with the secret in the signature as well.
    let ua = "e30.eyJzdWIiOiJ1IiwicyI6Imh1bnRlcjIifQ.hunter2%24hunter2%24u%24d";
    let text = format!("#_baas_state=hunter2&_baas_ua={ua}");
    let arrival = expected.read(&text).unwrap().unwrap();
    let (door, _arrival) = Door::new(expected);
    let printed = format!("{arrival:?} {door:?} {:?}", Err::<(), _>(NotTaken::OtherLogIn));
    assert!(!printed.contains("hunter2"), "{printed}");
}
