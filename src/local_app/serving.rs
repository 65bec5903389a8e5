//! The serve loop: connections, how many and how long, with or without TLS.
//!
//! hyper's limits keep one client from holding what belongs to all. They are generous for people and short for whoever
//! sends a byte a minute.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use futures_util::future::{Either, Ready, ready};

/// Connections at once. Further ones are closed as they come; a client tries again.
const CONNECTIONS: usize = 4096;
/// How long the head of a request may take, and a connection be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Header fields of one request.
const HEADERS: usize = 100;
/// Bytes of the head of one request: tokens with custom data in them are long.
const HEAD_BYTES: usize = 64 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// Stops a server and counts its connections.
pub type ServerHandle = Handle<SocketAddr>;

/// Serves until `handle` says to stop. `listener` does not block.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<RustlsConfig>,
    handle: ServerHandle,
) -> io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?.handle(handle.clone());
    limit(&mut server);
    let server = server.first_request_timeout(HEAD_TIME);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let plain = NoDelayAcceptor::new();
    match tls {
        None => server.acceptor(Bounded { handle, inner: plain }).serve(service).await,
        Some(config) => {
            let inner = RustlsAcceptor::new(config).acceptor(plain);
            server.acceptor(Bounded { handle, inner }).serve(service).await
        }
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
