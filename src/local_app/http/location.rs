//! `GET /app/{app}/location`: where the App is (section 2.2).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::Serialize;
use url::Url;

use super::Context;

#[derive(Serialize)]
pub struct Location {
    deployment_model: &'static str,
    location: &'static str,
    hostname: String,
    ws_hostname: String,
}

pub async fn location(State(context): State<Context>, headers: HeaderMap) -> Json<Location> {
    let host = host(&context, &headers);
    Json(Location {
        deployment_model: "LOCAL",
        location: "US-VA",
        hostname: format!("http://{host}"),
        ws_hostname: format!("ws://{host}"),
    })
}

/// Where a browser finds this server, without a slash at the end.
pub fn hostname(context: &Context, headers: &HeaderMap) -> String {
    format!("http://{}", host(context, headers))
}

fn host(context: &Context, headers: &HeaderMap) -> String {
    host_asked_for(headers).unwrap_or_else(|| authority(&context.base_url))
}

/// The name by which the client reached this server, which may be a forwarded port.
fn host_asked_for(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let url = Url::parse(&format!("http://{host}")).ok()?;
    let only_host =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username() == "";
    only_host.then(|| authority(&url))
}

/// Host and port, without what else a URL has.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_header_counts_if_it_is_a_host() {
        for (host, expected) in [
            ("127.0.0.1:9090", Some("127.0.0.1:9090")),
            ("localhost", Some("localhost")),
            ("[::1]:80", Some("[::1]")),
            ("a/b", None),
            ("user@host", None),
            ("a?b", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(host_asked_for(&headers).as_deref(), expected, "{host}");
        }
    }
}
