//! Sending over SMTP.

use std::time::Duration;

use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use url::Url;

use super::Letter;
use crate::local_app::config::Smtp;

/// How long a mail server may take for one mail.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// Longest reason that is noted, in characters; a mail server may say a lot.
const LONGEST_REASON: usize = 300;

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    #[error("the mail server's address must be like smtp://host:port or smtps://user:password@host:port")]
    Server,
    #[error("the sender in the settings is not a mail address")]
    Sender,
    #[error("the account's name is not a mail address")]
    Recipient,
    #[error("the mail cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("{0}")]
    Refused(#[from] lettre::transport::smtp::Error),
    #[error("the mail server took longer than {} seconds", TIME_LIMIT.as_secs())]
    TimeLimit,
}

/// Sends a mail and waits until the mail server has taken it.
pub async fn send(smtp: &Smtp, letter: &Letter, date: Timestamp) -> Result<(), NotSent> {
    let message = message(smtp, letter, date)?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp.url.expose_secret())
        .map_err(|_| NotSent::Server)?
        .build();
    tokio::time::timeout(TIME_LIMIT, transport.send(message)).await.map_err(|_| NotSent::TimeLimit)??;
    Ok(())
}

fn message(smtp: &Smtp, letter: &Letter, date: Timestamp) -> Result<Message, NotSent> {
    let from: Mailbox = smtp.from.parse().map_err(|_| NotSent::Sender)?;
    let to: Address = letter.email.parse().map_err(|_| NotSent::Recipient)?;
    Ok(Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .date(date.into())
        .subject(&letter.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text.expose_secret().to_owned())?)
}

/// A reason as one line of bearable length, without what a mail server may have repeated.
pub fn without_secrets(reason: &str, smtp: &Smtp, letter: &Letter) -> String {
    let mut text: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let url = Url::parse(smtp.url.expose_secret()).ok();
    let password = url.as_ref().and_then(Url::password).unwrap_or_default();
    for secret in [smtp.url.expose_secret(), password, letter.token.expose_secret()] {
        if !secret.is_empty() {
            text = text.replace(secret, "***");
        }
    }
    text.chars().take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::local_app::config;
    use crate::local_app::store::Purpose;

    fn letter(email: &str) -> Letter {
        let template =
            config::Mail { url: "http://localhost/a".into(), subject: "Grüße\r\nBcc: x@y.z".into() };
        let token = SecretString::from("f00d");
        Letter::new(Purpose::Reset, &template, &"shop-abcde".parse().unwrap(), email, ("12", &token))
    }

    fn smtp(url: &str, from: &str) -> Smtp {
        Smtp { url: SecretString::from(url), from: from.to_owned() }
    }

    #[test]
    fn no_subject_becomes_a_header_of_its_own() {
        let date = "2026-01-01T00:00:00Z".parse().unwrap();
        let message =
            message(&smtp("smtp://localhost", "Shop <shop@example.com>"), &letter("a@example.com"), date);
        let text = String::from_utf8(message.unwrap().formatted()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.contains("\nBcc"), "{head}");
        assert!(head.contains("Thu, 01 Jan 2026 00:00:00 +0000"), "{head}");
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_without_the_password() {
        let date = "2026-01-01T00:00:00Z".parse().unwrap();
        for (url, from, email, says) in [
            ("http://u:hunter2@localhost", "shop@example.com", "a@example.com", "smtp://host:port"),
            ("not an address hunter2", "shop@example.com", "a@example.com", "smtp://host:port"),
            ("smtp://localhost", "shop", "a@example.com", "sender"),
            ("smtp://localhost", "shop@example.com", "somebody", "not a mail address"),
        ] {
            let error = send(&smtp(url, from), &letter(email), date).await.unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_mail_server_that_says_nothing_is_given_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = smtp(&format!("smtp://{}", listener.local_addr().unwrap()), "shop@example.com");
        let date = "2026-01-01T00:00:00Z".parse().unwrap();
        let error = send(&smtp, &letter("a@example.com"), date).await.unwrap_err();
        assert!(matches!(error, NotSent::TimeLimit), "{error}");
    }

    #[test]
    fn a_mail_server_that_repeats_secrets_is_not_repeated() {
        let reason = without_secrets(
            &format!("535 no\r\nhunter2 f00d {}", "x".repeat(1000)),
            &smtp("smtp://u:hunter2@localhost", "shop@example.com"),
            &letter("a@example.com"),
        );
        assert!(reason.starts_with("535 no  *** *** x"), "{reason}");
        assert_eq!(reason.chars().count(), LONGEST_REASON);
    }
}
