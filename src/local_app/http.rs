//! The wire: routes, and what holds for every one of them. Handlers are thin; what they do is in the rooms.

mod admin;
mod api_keys;
mod authorization;
mod body;
mod browser_login;
mod clock;
mod control;
mod error;
mod faults;
mod forwarded;
mod functions;
mod guard;
mod import;
mod keys;
mod location;
mod login;
mod mailbox;
mod path;
mod public_url;
mod request_facts;
mod session;
mod snapshots;
mod user;
mod userpass;

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use tower::{Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use url::Url;

use self::path::Path;
use super::app::App;
use super::failure::Failure;
use super::network::Network;

/// Largest request body, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;
/// How long an answer may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What every handler gets.
#[derive(Clone)]
struct Context {
    app: Arc<App>,
    base_url: Arc<Url>,
    network: Arc<Network>,
}

/// The URL of a server that listens on `address`.
pub fn base_url(address: SocketAddr, network: &Network) -> Url {
    let constant = if network.tls.is_some() { "https://localhost" } else { "http://localhost" };
    let mut url = Url::parse(constant).expect("a constant URL parses");
    // Cannot fail: the URL is one with a host, and takes any address and port.
    let _ = url.set_ip_host(address.ip());
    let _ = url.set_port(Some(address.port()));
    url
}

/// The whole API of one App.
pub fn api(app: Arc<App>, base_url: Url, network: Network) -> impl Answers {
    let context = Context { app, base_url: Arc::new(base_url), network: Arc::new(network) };
    let of_app = Router::new()
        .route("/location", get(location::location))
        .route("/auth/providers/{provider}/login", post(login::log_in).get(login::begin))
        .merge(userpass::routes())
        .route("/functions/call", post(functions::call))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(endpoint_not_found)
        .layer(from_fn_with_state(context.clone(), only_this_app));
    let of_token = Router::new()
        .route("/auth/callback", get(browser_login::came_back).post(browser_login::came_back_by_form))
        .route("/auth/profile", get(user::profile))
        .route("/auth/delete", delete(user::delete))
        .route("/auth/session", post(session::refresh).delete(session::log_out))
        .merge(api_keys::routes())
        .method_not_allowed_fallback(method_not_allowed);
    let of_control = control::routes()
        .merge(import::routes())
        .merge(mailbox::routes())
        .merge(clock::routes())
        .merge(faults::routes())
        .merge(keys::routes())
        .merge(snapshots::routes())
        .method_not_allowed_fallback(method_not_allowed);
    let all = Router::new()
        .nest("/api/client/v2.0/app/{app}", of_app)
        .nest("/api/client/v2.0", of_token)
        .nest("/api/admin/v3.0", admin::routes(&context).method_not_allowed_fallback(method_not_allowed))
        .nest("/api/control/v1", of_control)
        .fallback(endpoint_not_found);
    guarded(all, context)
}

/// What answers every request, one way or the other.
pub trait Answers:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> Answers for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// `routes` with what holds for each of them. It is put around the router, not as layers of the router around each route,
/// which would clone each other's clones with every request.
fn guarded(routes: Router<Context>, context: Context) -> impl Answers {
    // The first layer is the outermost.
    let service = ServiceBuilder::new()
        .layer(from_fn_with_state(context.clone(), guard::guard))
        .layer(guard::cors(Arc::clone(&context.app)))
        .layer(from_fn_with_state(context.clone(), faults::strike))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .service(routes.with_state(context));
    ServiceBuilder::new().map_response(IntoResponse::into_response).service(service)
}

/// The first segment is the App; the nested routes may have further parameters.
async fn only_this_app(
    State(context): State<Context>,
    Path(parameters): Path<Vec<(String, String)>>,
    request: Request,
    next: Next,
) -> Response {
    let asked =
        parameters.into_iter().find(|(name, _)| name == "app").map(|(_, app)| app).unwrap_or_default();
    if asked == context.app.facts().app_id.as_str() {
        next.run(request).await
    } else {
        Failure::AppNotFound(asked).into_response()
    }
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::TimedOut.into_response(),
    }
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Failure::Internal("a handler panicked".to_owned()).into_response()
}

async fn endpoint_not_found() -> Failure {
    Failure::EndpointNotFound
}

async fn method_not_allowed() -> Failure {
    Failure::MethodNotAllowed
}

/// The steps from a body to a call, for the fuzz targets.
#[cfg(fuzzing)]
pub mod fuzzing {
    use bson::Bson;
    use serde_json::{Map, Value};

    use super::Failure;

    /// A body that is a JSON object.
    pub fn object(body: &[u8]) -> Result<Map<String, Value>, Failure> {
        super::body::parse(body)
    }

    /// Service, name and arguments of a call.
    pub fn call(body: Map<String, Value>) -> Result<(Option<String>, String, Vec<Bson>), Failure> {
        super::functions::Call::parse(body).map(|call| (call.service, call.name, call.arguments))
    }
}

#[cfg(test)]
mod tests {
    use axum::ServiceExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::local_app::network::TlsFiles;
    use crate::local_app::{Options, Storage};

    #[test]
    fn the_base_url_has_the_address_and_the_port() {
        for (address, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("[::1]:1", "http://[::1]:1/"),
            ("127.0.0.1:80", "http://127.0.0.1/"),
        ] {
            assert_eq!(base_url(address.parse().unwrap(), &Network::default()).as_str(), url);
        }
        let files = TlsFiles { certificate: "c".into(), key: "k".into() };
        let secure = Network { tls: Some(files), ..Network::default() };
        for (address, url) in [("127.0.0.1:80", "https://127.0.0.1:80/"), ("[::1]:443", "https://[::1]/")] {
            assert_eq!(base_url(address.parse().unwrap(), &secure).as_str(), url);
        }
    }

    /// What `GET /` of guarded routes answers, head and body.
    async fn answer_of(routes: Router<Context>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = Options::new("shop-abcde", Storage::Memory);
        let app = App::open("shop-abcde".parse().unwrap(), options).await.unwrap();
        let network = Arc::new(Network::default());
        let base_url = Arc::new(base_url(address, &network));
        let context = Context { app: Arc::new(app), base_url, network };
        let service = ServiceExt::<Request>::into_make_service(guarded(routes, context));
        let server = tokio::spawn(axum::serve(listener, service).into_future());
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://y\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        server.abort();
        answer
    }

    #[track_caller]
    fn assert_refused(answer: &str, status: &str, code: &str) {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
        assert!(answer.contains(&format!("\"error_code\":\"{code}\"")), "{answer}");
        assert!(answer.contains("/logs?co_id="), "{answer}");
        assert!(answer.contains("access-control-allow-origin: http://y\r\n"), "{answer}");
    }

    #[tokio::test]
    async fn a_handler_that_panics_answers_with_the_envelope() {
        async fn boom() {
            panic!("on purpose")
        }
        let answer = answer_of(Router::new().route("/", get(boom))).await;
        assert_refused(&answer, "500", "InternalServerError");
        assert!(!answer.contains("on purpose"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_takes_too_long_is_given_up() {
        let answer = answer_of(Router::new().route("/", get(std::future::pending::<()>))).await;
        assert_refused(&answer, "504", "ExecutionTimeLimitExceeded");
    }
}
