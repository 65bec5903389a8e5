//! The configured HTTP clients, and how an answer is read.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, Response, redirect, retry};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use super::server_clock::ServerClock;
use super::{BackendError, inbound};
use crate::clock::Clock;
use crate::loopback::leads_here;

/// Longest answer that is read, in bytes. Custom data may have 16 MB (protocol document, section 7).
const LONGEST_ANSWER: usize = 20 << 20;

/// Most values in an answer: as many as a document of 16 MB may have. Each takes a hundred bytes of memory, and two on the wire.
const MOST_VALUES: usize = 2_500_000;

/// A client for JSON over HTTP. Cloning shares its connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    clients: Arc<RwLock<Arc<Clients>>>,
    clock: Arc<dyn Clock>,
}

/// Each is made for its first request: it reads the system's certificates, and the first frame does not wait for files.
#[derive(Debug, Default)]
struct Clients {
    /// For this machine, without a proxy, whatever the environment says.
    near: OnceCell<Client>,
    /// For all others.
    far: OnceCell<Client>,
}

/// One request.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// The bearer token (RFC 6750, section 2.1).
    pub token: Option<&'a str>,
    /// The body.
    pub body: Option<&'a Value>,
}

#[derive(Deserialize)]
struct Envelope {
    error: Option<String>,
    error_code: Option<String>,
}

impl HttpClient {
    /// The client with this program's limits. The clock is what servers' clocks are compared with.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clients: Arc::default(), clock }
    }

    /// Ends every connection that no request is on: the buffers of a connection hold what it carried, tokens and
    /// passwords among it.
    pub fn hang_up(&self) {
        *self.clients.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    async fn client(&self, url: &Url) -> Result<Client, BackendError> {
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner).clone();
        let is_near = leads_here(url);
        let made = if is_near { &clients.near } else { &clients.far }.get_or_try_init(async || {
            let made = tokio::task::spawn_blocking(move || make(is_near)).await;
            made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
        });
        made.await.cloned().map_err(|why| BackendError::Unreachable {
            host: host_of(url),
            cause: format!("the HTTP client does not start: {why}"),
        })
    }

    /// Sends a request and reads its JSON answer; an empty answer is `null`.
    pub async fn send(&self, request: Request<'_>, server: &ServerClock) -> Result<Value, BackendError> {
        let host = host_of(&request.url);
        let response = self.exchange(&host, request, server).await?;
        read(&host, response).await
    }

    /// Sends a request whose answer says where to go on, in the first of `headers` that it has.
    pub async fn ask_where(
        &self,
        request: Request<'_>,
        server: &ServerClock,
        headers: &[&str],
    ) -> Result<Option<String>, BackendError> {
        let host = host_of(&request.url);
        let response = self.exchange(&host, request, server).await?;
        if response.status().is_success() || response.status().is_redirection() {
            let found = headers.iter().find_map(|name| response.headers().get(*name));
            let found =
                found.and_then(|place| place.to_str().ok()).filter(|place| place.len() <= inbound::TEXT);
            return Ok(found.map(str::to_owned));
        }
        read(&host, response).await.map(|_| None)
    }

    async fn exchange(
        &self,
        host: &str,
        request: Request<'_>,
        server: &ServerClock,
    ) -> Result<Response, BackendError> {
        let mut builder = self.client(&request.url).await?.request(request.method, request.url);
        if let Some(token) = request.token {
            builder = builder.bearer_auth(token);
        }
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let sent = self.clock.now();
        let response = builder.send().await.map_err(|error| transport_error(host, error))?;
        if let Some(date) = response.headers().get(DATE).and_then(|date| date.to_str().ok()) {
            server.read(date, sent, self.clock.now());
        }
        Ok(response)
    }
}

/// Without the system's certificates the first attempt fails even for plain HTTP, which is what a local App speaks.
fn make(is_near: bool) -> reqwest::Result<Client> {
    let builder = || if is_near { builder().no_proxy() } else { builder() };
    builder().build().or_else(|error| {
        tracing::warn!(%error, "no system certificates: https will fail");
        builder().tls_certs_only([]).build()
    })
}

fn builder() -> reqwest::ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Client::builder()
        .user_agent(concat!("idmux/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
}

async fn read(host: &str, mut response: Response) -> Result<Value, BackendError> {
    let garbage = |what: String| BackendError::garbage(host, &what);
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let is_json = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));

    let elsewhere = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let elsewhere = elsewhere.and_then(|place| response.url().join(place).ok());

    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport_error(host, error))? {
        if bytes.len() + chunk.len() > LONGEST_ANSWER {
            return Err(garbage(format!("more than {} MiB", LONGEST_ANSWER >> 20)));
        }
        bytes.extend_from_slice(&chunk);
    }

    if values_in(&bytes) > MOST_VALUES {
        return Err(garbage(format!("more than {MOST_VALUES} values")));
    }
    if status.is_success() {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        if !is_json {
            return Err(garbage(format!("status {} without JSON", status.as_u16())));
        }
        return serde_json::from_slice(&bytes).map_err(|error| garbage(format!("broken JSON: {error}")));
    }
    let envelope = is_json.then(|| serde_json::from_slice::<Envelope>(&bytes).ok()).flatten();
    match envelope {
        Some(Envelope { error: Some(message), error_code }) => Err(BackendError::Refused {
            status: status.as_u16(),
            code: error_code.map(inbound::label),
            message: inbound::text(message),
            retry_after,
        }),
        // A server in trouble need not speak the protocol to be believed; a refusal has to.
        _ if status.is_server_error() || status.as_u16() == 429 => Err(BackendError::Refused {
            status: status.as_u16(),
            code: None,
            message: format!("the server answered {status}"),
            retry_after,
        }),
        // Followed, it would take the token and the body to wherever it says.
        _ if status.is_redirection() => {
            let place = elsewhere.map_or_else(|| "nowhere".into(), |url| inbound::label(origin_of(&url)));
            Err(garbage(format!("it redirects to {place}, which is not followed: it would get the secrets")))
        }
        _ => Err(garbage(format!("status {status} without the error envelope"))),
    }
}

/// At least as many as JSON of these bytes would have values.
fn values_in(bytes: &[u8]) -> usize {
    1 + bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count()
}

/// `Retry-After` in seconds (RFC 9110, section 10.2.3); the form with a date is not used by App Services.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The address without path and query: those may hold secrets.
pub(super) fn host_of(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "an address without a host".into(),
    }
}

/// Scheme, host, and port where it is not the scheme's own.
pub(super) fn origin_of(url: &Url) -> String {
    format!("{}://{}", url.scheme(), host_of(url))
}

fn transport_error(host: &str, error: reqwest::Error) -> BackendError {
    let error = error.without_url();
    if error.is_timeout() {
        return BackendError::TimedOut { host: host.to_owned() };
    }
    // The outer errors only say that sending failed; the innermost says why.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    BackendError::Unreachable { host: host.to_owned(), cause: inbound::text(cause.to_string()) }
}
