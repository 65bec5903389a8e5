//! The serve loop: connections, how many and how long, with or without TLS.
//!
//! hyper's limits keep one client from holding what belongs to all. They are generous for people and short for whoever
//! sends a byte a minute.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use axum::{BoxError, ServiceExt, http};
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use futures_util::future::{Either, Ready, ready};
use tower::Service;

use super::http::Answers;

/// Connections at once. Further ones are closed as they come; a client tries again.
const CONNECTIONS: usize = if cfg!(test) { 8 } else { 4096 };
/// How long the head of a request may take, and a connection be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Header fields of one request.
const HEADERS: usize = 100;
/// Bytes of the head of one request. The longest that somebody needs has an access token with the largest custom user data
/// in it, 128 KiB as JSON (`documents::rules`), a third more as base64: 171 KiB, and some for the rest.
const HEAD_BYTES: usize = 256 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// Stops a server and counts its connections.
pub type ServerHandle = Handle<SocketAddr>;

/// Serves until `handle` says to stop. `listener` does not block.
pub async fn serve(
    listener: TcpListener,
    api: impl Answers,
    tls: Option<RustlsConfig>,
    handle: ServerHandle,
) -> io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    limit(&mut server);
    let server = server.first_request_timeout(HEAD_TIME);
    let service = ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(OfConnection(api));
    let plain = NoDelayAcceptor::new();
    match tls {
        None => server.acceptor(Bounded { handle, inner: plain }).serve(service).await,
        Some(config) => {
            let inner = RustlsAcceptor::new(config).acceptor(plain);
            server.acceptor(Bounded { handle, inner }).serve(service).await
        }
    }
}

/// Takes requests with the body of a connection, as a router does.
#[derive(Clone)]
struct OfConnection<S>(S);

impl<S, B> Service<http::Request<B>> for OfConnection<S>
where
    S: Answers,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> S::Future {
        self.0.call(request.map(Body::new))
    }
}

fn limit(server: &mut Server<SocketAddr>) {
    let http = server.http_builder();
    http.http1().header_read_timeout(HEAD_TIME).max_headers(HEADERS).max_buf_size(HEAD_BYTES);
    http.http2()
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(HEAD_TIME);
}

/// Accepts a connection unless there are too many.
#[derive(Clone)]
struct Bounded<A> {
    handle: ServerHandle,
    inner: A,
}

impl<A: Accept<I, S>, I, S> Accept<I, S> for Bounded<A> {
    type Stream = A::Stream;
    type Service = A::Service;
    type Future = Either<Ready<io::Result<(A::Stream, A::Service)>>, A::Future>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        // The count has this connection in it.
        if self.handle.connection_count() > CONNECTIONS {
            return Either::Left(ready(Err(io::ErrorKind::ConnectionRefused.into())));
        }
        Either::Right(self.inner.accept(stream, service))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::task::JoinHandle;

    use super::*;

    /// A server that says hello, in this runtime and in its time.
    fn start() -> (SocketAddr, ServerHandle, JoinHandle<io::Result<()>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "hello"));
        let handle = ServerHandle::new();
        let server = tokio::spawn(serve(listener, router, None, handle.clone()));
        (address, handle, server)
    }

    async fn connect(address: SocketAddr, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Fails if the server has hung up already.
        let _ = stream.write_all(sent.as_bytes()).await;
        stream
    }

    /// What comes until the server closes; the time is virtual, and passes when everybody waits.
    async fn rest(mut stream: TcpStream) -> String {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        String::from_utf8(rest).unwrap()
    }

    const WHOLE: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_or_half_of_something_is_hung_up_on() {
        let (address, _handle, _server) = start();
        for sent in ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\nA: ", "PRI * HTTP/2.0\r\n"] {
            let answer = rest(connect(address, sent).await).await;
            assert!(!answer.contains("200 OK"), "{sent}: {answer}");
        }
        // An idle connection ends as well, after it has been served.
        let answer = rest(connect(address, WHOLE).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
    }

    #[tokio::test]
    async fn one_connection_too_many_is_closed_and_the_others_are_served() {
        let (address, handle, _server) = start();
        let mut open = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut stream = connect(address, WHOLE).await;
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            open.push(stream);
        }
        assert_eq!(rest(connect(address, WHOLE).await).await, "");
        let mut kept = open.pop().unwrap();
        kept.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(rest(kept).await.ends_with("hello"));
        while handle.connection_count() >= CONNECTIONS {
            tokio::task::yield_now().await;
        }
        let again = connect(address, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(rest(again).await.ends_with("hello"));
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_for_no_connection_that_is_idle_or_has_said_nothing() {
        let (address, handle, server) = start();
        let silent = connect(address, "").await;
        let mut idle = connect(address, WHOLE).await;
        let mut byte = [0];
        idle.read_exact(&mut byte).await.unwrap();
        handle.graceful_shutdown(Some(Duration::from_secs(2)));
        server.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
        drop((silent, idle));
    }
}
