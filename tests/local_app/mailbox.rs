//! Mail: the mailbox that the control API lists, and a mail server that takes it.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::support::{PASSWORD, Server};
use crate::userpass_app::{action, by_mail, mails, proof, start, start_with, with_smtp};
use idmux::local_app::Storage;

const MINUTE: i64 = 60;

async fn confirm_by_mail(server: &Server, mail: &Value) -> crate::support::Reply {
    server.control(Method::POST, &format!("/mails/{}/confirm", mail["id"]), Value::Null).await
}

#[tokio::test]
async fn a_mail_shows_what_it_holds_and_whether_it_still_works() {
    let server = start(by_mail()).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    server.advance(MINUTE);
    server.register("b+c@example.com", PASSWORD).await.done(201);

    let all = server.control(Method::GET, "/mails", Value::Null).await.ok(200);
    let emails: Vec<_> = all.as_array().unwrap().iter().map(|mail| mail["email"].as_str().unwrap()).collect();
    assert_eq!(emails, ["b+c@example.com", "a@example.com"]);
    assert_eq!(mails(&server, "b%2Bc@example.com").await.len(), 1);
    assert!(mails(&server, "nobody@example.com").await.is_empty());

    let mail = &mails(&server, "a@example.com").await[0];
    let (token, id) = (mail["token"].as_str().unwrap(), mail["token_id"].as_str().unwrap());
    assert!(mail["id"].is_i64());
    assert_eq!(mail["sent_at"], "2026-01-01T00:00:00Z");
    assert_eq!(mail["purpose"], "confirm");
    assert_eq!(mail["subject"], "The shop: confirm");
    let link = format!("https://shop.example.com/confirm?lang=en&token={token}&tokenId={id}");
    assert_eq!(mail["link"], link.as_str());
    assert_eq!(mail["delivery"], "mailbox");
    assert_eq!(mail["state"], "open");

    action(&server, "confirm", &proof(&server, "a@example.com").await).await.done(200);
    server.advance(30 * MINUTE);
    assert_eq!(mails(&server, "a@example.com").await[0]["state"], "used");
    assert_eq!(mails(&server, "b%2Bc@example.com").await[0]["state"], "expired");
}

#[tokio::test]
async fn a_confirmation_mail_is_opened_from_the_mailbox() {
    let server = start(by_mail()).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    action(&server, "confirm/send", &json!({ "email": "a@example.com" })).await.done(202);
    let both = mails(&server, "a@example.com").await;
    let replies = join_all((0..4).map(|_| confirm_by_mail(&server, &both[0]))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 204).count(), 1);
    server.log_in("a@example.com", PASSWORD).await.ok(200);

    // The other one leads nowhere any more, as its link would.
    let late = confirm_by_mail(&server, &both[1]).await;
    late.refused(400, Some("UserpassTokenInvalid"), "userpass token is expired or invalid");
    let states: Vec<_> =
        mails(&server, "a@example.com").await.iter().map(|mail| mail["state"].clone()).collect();
    assert_eq!(states, ["used", "expired"]);

    action(&server, "reset/send", &json!({ "email": "a@example.com" })).await.done(202);
    let reset = &mails(&server, "a@example.com").await[0];
    assert_eq!(reset["purpose"], "reset");
    confirm_by_mail(&server, reset).await.refused(400, Some("BadRequest"), "about a password");
    server.control(Method::POST, "/mails/999/confirm", Value::Null).await.refused(404, None, "no mail 999");
    server.control(Method::POST, "/mails/x/confirm", Value::Null).await.refused(
        400,
        Some("InvalidParameter"),
        "number",
    );
}

#[tokio::test]
async fn an_empty_mailbox_does_not_spoil_the_links() {
    let server = start(by_mail()).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let proof = proof(&server, "a@example.com").await;
    server.control(Method::DELETE, "/mails", Value::Null).await.empty(204);
    assert_eq!(server.control(Method::GET, "/mails", Value::Null).await.ok(200), json!([]));
    action(&server, "confirm", &proof).await.done(200);
}

#[tokio::test]
async fn nobody_else_reads_the_mailbox() {
    let server = start(by_mail()).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let user = server.anonymous().await;
    for (method, path) in
        [(Method::GET, "/mails"), (Method::DELETE, "/mails"), (Method::POST, "/mails/1/confirm")]
    {
        let request = server.request(method, &format!("/api/control/v1{path}")).bearer_auth(&user.access);
        server.send(request).await.refused(401, Some("MissingAuthReq"), "control token");
    }
    assert_eq!(mails(&server, "a@example.com").await[0]["state"], "open");
}

/// What a mail server was told.
#[derive(Debug)]
struct Received {
    from: String,
    to: String,
    data: String,
}

/// A mail server on any port, which answers `MAIL` with `verdict`. It speaks as much SMTP as a mail needs (RFC 5321).
async fn mail_server(verdict: &'static str) -> (String, mpsc::UnboundedReceiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (sender, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, verdict, sender.clone()));
        }
    });
    (url, received)
}

async fn converse(stream: TcpStream, verdict: &str, received: mpsc::UnboundedSender<Received>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut say = async |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).await;
    let (mut from, mut to) = (String::new(), String::new());
    say("220 localhost ready").await.unwrap();
    while let Ok(Some(line)) = lines.next_line().await {
        let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250 localhost",
            "MAIL" => {
                from = rest.to_owned();
                verdict
            }
            "RCPT" => {
                to = rest.to_owned();
                "250 ok"
            }
            "DATA" => {
                say("354 go on").await.unwrap();
                let mut data = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    data.push('\n');
                }
                let mail = Received { from: from.clone(), to: to.clone(), data };
                received.send(mail).unwrap();
                "250 taken"
            }
            "QUIT" => {
                let _ = say("221 bye").await;
                return;
            }
            _ => "250 ok",
        };
        if say(answer).await.is_err() {
            return;
        }
    }
}

/// Waits until the newest mail to `email` is not on its way any more; says what became of it.
async fn delivery(server: &Server, email: &str) -> String {
    for _ in 0..600 {
        let delivery = mails(server, email).await[0]["delivery"].as_str().unwrap().to_owned();
        if delivery != "sending" {
            return delivery;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the mail to {email} stays on its way");
}

/// Undoes quoted-printable (RFC 2045, section 6.7), if that is what the mail uses.
fn readable(data: &str) -> String {
    let (head, body) = data.split_once("\n\n").unwrap();
    if head.contains("quoted-printable") {
        body.replace("=\n", "").replace("=3D", "=").replace("=3d", "=")
    } else {
        body.to_owned()
    }
}

#[tokio::test]
async fn a_mail_server_gets_the_mail_with_its_link() {
    let (url, mut received) = mail_server("250 ok").await;
    let server = start_with(with_smtp(by_mail(), &url), Storage::Memory).await;
    server.register("a@example.com", PASSWORD).await.done(201);

    let Received { from, to, data } = received.recv().await.unwrap();
    assert!(from.contains("<shop@example.com>"), "{from}");
    assert!(to.contains("<a@example.com>"), "{to}");
    for header in ["Subject: The shop: confirm\n", "To: a@example.com\n", "shop@example.com", "01 Jan 2026"] {
        assert!(data.contains(header), "no {header:?} in {data}");
    }
    let text = readable(&data);
    let mail = &mails(&server, "a@example.com").await[0];
    for part in [mail["link"].as_str().unwrap(), "shop-abcde", "a@example.com"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert_eq!(delivery(&server, "a@example.com").await, "sent");

    // The token in the mail is the one that works.
    let (_, query) = text.split_once("&token=").unwrap();
    let (token, rest) = query.split_once("&tokenId=").unwrap();
    let id = rest.split_whitespace().next().unwrap();
    action(&server, "confirm", &json!({ "token": token, "tokenId": id })).await.done(200);
    action(&server, "reset/send", &json!({ "email": "a@example.com" })).await.done(202);
    assert!(received.recv().await.unwrap().data.contains("Subject: The shop: reset\n"));
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_stays_in_the_mailbox_and_refuses_nobody() {
    let (url, _received) = mail_server("550 you again").await;
    let server = start_with(with_smtp(by_mail(), &url), Storage::Memory).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let reason = delivery(&server, "a@example.com").await;
    assert!(reason.starts_with("not sent: ") && reason.contains("you again"), "{reason}");
    action(&server, "confirm", &proof(&server, "a@example.com").await).await.done(200);

    // A name that is no address, and a mail server that is not there.
    server.register("somebody", PASSWORD).await.done(201);
    assert!(delivery(&server, "somebody").await.contains("not a mail address"));
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("smtp://shop:hunter2@{gone}");
    let server = start_with(with_smtp(by_mail(), &url), Storage::Memory).await;
    server.register("a@example.com", PASSWORD).await.done(201);
    let reason = delivery(&server, "a@example.com").await;
    assert!(reason.starts_with("not sent: ") && !reason.contains("hunter2"), "{reason}");
}
