//! The page that the browser ends at. What matters stands after the `#`, which no browser sends: a script on the page posts
//! it back.
//!
//! Other programs and other pages reach this port as well. A request counts when it names this address as its host, which
//! keeps out pages whose name was made to point here, and comes from this page; the state decides the rest.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum_server::Handle;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;
use tower_http::limit::RequestBodyLimitLayer;
use zeroize::Zeroizing;

use super::{BrowserError, Door};
use crate::account::RedirectUri;

/// The page.
const PAGE: &str = include_str!("page.html");
/// Most bytes that come back: a token with all the custom data that it can have, twice.
const BODY_BYTES: usize = 512 * 1024;
/// How long a request may take, and how long a connection may be idle.
const REQUEST_TIME: Duration = Duration::from_secs(10);
/// How long the end waits for an answer that is on its way to the browser.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// Listens until it is closed or dropped.
pub struct Listener {
    /// The address of the page.
    pub redirect: String,
    handle: Handle<std::net::SocketAddr>,
    server: Option<JoinHandle<()>>,
}

/// What the page knows.
struct Page {
    authority: String,
    door: Door,
    policy: HeaderValue,
}

impl Listener {
    /// Listens where `redirect` says, on this machine alone.
    pub fn open(redirect: &RedirectUri, door: Door) -> Result<Self, BrowserError> {
        let at = redirect.listen();
        let no_port =
            |error: std::io::Error| BrowserError::NoPort { at: at.to_string(), cause: error.to_string() };
        let listener = TcpListener::bind(at).map_err(no_port)?;
        listener.set_nonblocking(true).map_err(no_port)?;
        let port = listener.local_addr().map_err(no_port)?.port();
        let page = Page { authority: redirect.authority(port), door, policy: policy() };
        let handle = Handle::new();
        let mut server = axum_server::from_tcp(listener).map_err(no_port)?.handle(handle.clone());
        server.http_builder().http1().header_read_timeout(REQUEST_TIME).keep_alive(false);
        let server = server.first_request_timeout(REQUEST_TIME);
        let router = router(redirect.path(), page);
        let server = tokio::spawn(async move {
            if let Err(error) = server.serve(router.into_make_service()).await {
                tracing::warn!(%error, "the page that a browser comes back to");
            }
        });
        Ok(Self { redirect: redirect.on(port), handle, server: Some(server) })
    }

    /// Stops listening; waits a little for an answer that is on its way.
    pub async fn close(mut self) {
        self.handle.graceful_shutdown(Some(LAST_WAIT));
        if let Some(server) = self.server.take() {
            // It ended already, or it ends now.
            let _ = server.await;
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}

fn router(path: &str, page: Page) -> Router {
    let page = Arc::new(page);
    Router::new()
        .route(path, get(async || Html(PAGE)).post(came_back))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&page), guard))
        .with_state(page)
}

/// The script of the page may run and ask this address; nothing else may.
fn policy() -> HeaderValue {
    let hash = |tag: &str| {
        let inner =
            PAGE.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        BASE64_STANDARD.encode(Sha256::digest(inner.map_or("", |(inner, _)| inner)))
    };
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// What every request passes.
async fn guard(State(page): State<Arc<Page>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is = |name: HeaderName, right: &str| headers.get(name).is_some_and(|value| value == right);
    let is_from_here =
        !headers.contains_key(header::ORIGIN) || is(header::ORIGIN, &format!("http://{}", page.authority));
    let mut response = if !is(header::HOST, &page.authority) || !is_from_here {
        StatusCode::FORBIDDEN.into_response()
    } else {
        match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What the page found after the `#`; the answer is what it says to the person.
async fn came_back(State(page): State<Arc<Page>>, body: String) -> (StatusCode, String) {
    let body = Zeroizing::new(body);
    match page.door.hand_in(&body) {
        Ok(Ok(())) => {
            (StatusCode::OK, "It worked. idmux goes on from here; this window can be closed.".into())
        }
        Ok(Err(error)) => (
            StatusCode::OK,
            format!("It did not work: {error}. idmux says what to do next; this window can be closed."),
        ),
        Err(not_taken) => (
            StatusCode::BAD_REQUEST,
            format!("idmux did not take this: {not_taken}. This window can be closed."),
        ),
    }
}
