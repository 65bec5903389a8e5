//! The control API of a local App, `/api/control/v1`: what whoever looks after the App may do to it.
//!
//! The client API says who somebody is; this one moves the clock and reads the mailbox. Production Apps have none.

use std::fmt::Debug;

use jiff::{SignedDuration, Timestamp, Unit};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::http::{Request, host_of};
use super::server_clock::ServerClock;
use super::{Answer, BackendError, HttpClient, inbound};
use crate::account::{
    About, AppClock, ClockChange, ControlAccess, Mail, MailLink, MailPurpose, MailState, MailToken, Provider,
};

/// What one can do to a local App that one looks after. No method retries.
pub trait LocalControl: Debug + Send + Sync + 'static {
    /// What the App is, and how one can log in.
    fn about(&self) -> Answer<'_, About>;

    /// Reads the App's clock.
    fn clock(&self) -> Answer<'_, AppClock>;

    /// Moves, stops or resets it; the answer is how it stands then.
    fn change_clock<'a>(&'a self, change: &'a ClockChange) -> Answer<'a, AppClock>;

    /// The mailbox, newest first.
    fn mails(&self) -> Answer<'_, Vec<Mail>>;

    /// Confirms the registration that a mail is about, as its link would.
    fn confirm_mail(&self, id: i64) -> Answer<'_, ()>;

    /// Empties the mailbox.
    fn clear_mails(&self) -> Answer<'_, ()>;
}

/// The client of one App's control API.
#[derive(Debug)]
pub struct ControlClient {
    http: HttpClient,
    access: ControlAccess,
}

impl ControlClient {
    /// A client. Nothing is sent yet.
    pub fn new(http: HttpClient, access: ControlAccess) -> Self {
        Self { http, access }
    }

    async fn call(&self, method: Method, path: &[&str], body: Option<&Value>) -> Result<Value, BackendError> {
        let url = endpoint(&self.access.base_url, path);
        let token = Some(self.access.token.expose_secret());
        // What the answers say of the time counts, their `Date` does not.
        self.http.send(Request { method, url, token, body }, &ServerClock::default()).await
    }

    fn decode<T: DeserializeOwned>(&self, answer: Value, what: &str) -> Result<T, BackendError> {
        serde_json::from_value(answer).map_err(|error| {
            BackendError::garbage(&host_of(&self.access.base_url), &format!("{what}: {error}"))
        })
    }
}

impl LocalControl for ControlClient {
    fn about(&self) -> Answer<'_, About> {
        Box::pin(async move {
            let answer = self.call(Method::GET, &["about"], None).await?;
            self.decode::<WireAbout>(answer, "what the App says of itself").map(About::from)
        })
    }

    fn clock(&self) -> Answer<'_, AppClock> {
        Box::pin(async move {
            let answer = self.call(Method::GET, &["clock"], None).await?;
            self.decode::<WireClock>(answer, "a clock").map(AppClock::from)
        })
    }

    fn change_clock<'a>(&'a self, change: &'a ClockChange) -> Answer<'a, AppClock> {
        Box::pin(async move {
            let answer = self.call(Method::PUT, &["clock"], Some(&clock_body(change))).await?;
            self.decode::<WireClock>(answer, "a clock").map(AppClock::from)
        })
    }

    fn mails(&self) -> Answer<'_, Vec<Mail>> {
        Box::pin(async move {
            let answer = self.call(Method::GET, &["mails"], None).await?;
            let mails: Vec<WireMail> = self.decode(answer, "a mailbox")?;
            Ok(mails.into_iter().take(inbound::ENTRIES).map(Mail::from).collect())
        })
    }

    fn confirm_mail(&self, id: i64) -> Answer<'_, ()> {
        Box::pin(async move {
            self.call(Method::POST, &["mails", &id.to_string(), "confirm"], None).await.map(drop)
        })
    }

    fn clear_mails(&self) -> Answer<'_, ()> {
        Box::pin(async move { self.call(Method::DELETE, &["mails"], None).await.map(drop) })
    }
}

fn endpoint(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["api", "control", "v1"]).extend(path);
    }
    url
}

/// The body that asks for a change. A step is sent in seconds, which every reader of durations understands.
fn clock_body(change: &ClockChange) -> Value {
    match change {
        ClockChange::Advance(step) => json!({ "advance": format!("{}s", step.as_secs()) }),
        ClockChange::Set(to) => json!({ "set": to.to_string() }),
        ClockChange::Freeze(frozen) => json!({ "freeze": frozen }),
        ClockChange::Reset => json!({ "reset": true }),
    }
}

#[derive(Deserialize)]
struct WireAbout {
    #[serde(deserialize_with = "inbound::label_field")]
    version: String,
    providers: Vec<Provider>,
}

impl From<WireAbout> for About {
    fn from(wire: WireAbout) -> Self {
        Self { version: wire.version, providers: wire.providers }
    }
}

#[derive(Deserialize)]
struct WireClock {
    now: Timestamp,
    offset_ms: i64,
    frozen: bool,
}

impl From<WireClock> for AppClock {
    fn from(wire: WireClock) -> Self {
        // Two readings of one offset may differ by what lies between two looks at two clocks.
        let offset = SignedDuration::from_millis(wire.offset_ms);
        Self { now: wire.now, offset: offset.round(Unit::Second).unwrap_or(offset), frozen: wire.frozen }
    }
}

#[derive(Deserialize)]
struct WireMail {
    id: i64,
    sent_at: Timestamp,
    purpose: WirePurpose,
    #[serde(deserialize_with = "inbound::label_field")]
    email: String,
    #[serde(deserialize_with = "inbound::label_field")]
    subject: String,
    #[serde(deserialize_with = "inbound::text_field")]
    link: String,
    #[serde(deserialize_with = "inbound::text_field")]
    token: String,
    #[serde(deserialize_with = "inbound::label_field")]
    token_id: String,
    #[serde(default, deserialize_with = "inbound::text_field")]
    delivery: String,
    state: WireState,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WirePurpose {
    Confirm,
    Reset,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireState {
    Open,
    Used,
    Expired,
}

impl From<WireMail> for Mail {
    fn from(wire: WireMail) -> Self {
        Self {
            id: wire.id,
            sent_at: wire.sent_at,
            purpose: match wire.purpose {
                WirePurpose::Confirm => MailPurpose::Confirm,
                WirePurpose::Reset => MailPurpose::Reset,
            },
            email: wire.email,
            subject: wire.subject,
            link: MailLink::new(wire.link),
            token: MailToken { token: wire.token.into(), id: wire.token_id },
            delivery: wire.delivery,
            state: match wire.state {
                WireState::Open => MailState::Open,
                WireState::Used => MailState::Used,
                WireState::Expired => MailState::Expired,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_has_its_body() {
        let at: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        for (change, body) in [
            (ClockChange::Advance(SignedDuration::from_hours(61 * 24)), json!({ "advance": "5270400s" })),
            (ClockChange::Advance(SignedDuration::from_mins(-5)), json!({ "advance": "-300s" })),
            (ClockChange::Set(at), json!({ "set": "2027-01-01T00:00:00Z" })),
            (ClockChange::Freeze(true), json!({ "freeze": true })),
            (ClockChange::Reset, json!({ "reset": true })),
        ] {
            assert_eq!(clock_body(&change), body);
        }
    }

    #[test]
    fn a_mailbox_is_read_and_its_tokens_do_not_print() {
        let wire: Vec<WireMail> = serde_json::from_value(json!([{
            "id": 3, "sent_at": "2026-11-22T21:40:03Z", "purpose": "reset", "email": "ada@example.com",
            "subject": "Reset your password", "link": "http://localhost/?token=hunter2&tokenId=65a1",
            "token": "hunter2", "token_id": "65a1", "delivery": "kept", "state": "open"
        }]))
        .unwrap();
        let mails: Vec<Mail> = wire.into_iter().map(Mail::from).collect();
        assert_eq!((mails[0].purpose, mails[0].state), (MailPurpose::Reset, MailState::Open));
        assert_eq!(mails[0].token.token.expose_secret(), "hunter2");
        assert!(!format!("{mails:?}").contains("hunter2"));
    }

    #[test]
    fn the_api_is_below_the_base_url() {
        let base = Url::parse("http://127.0.0.1:4000/prefix/?x=1").unwrap();
        assert_eq!(
            endpoint(&base, &["mails", "3", "confirm"]).as_str(),
            "http://127.0.0.1:4000/prefix/api/control/v1/mails/3/confirm"
        );
    }
}
