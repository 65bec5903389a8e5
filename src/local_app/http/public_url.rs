//! Under which address clients reach this server.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Once;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Uri, header};
use url::Url;

use super::Context;
use super::forwarded::{Origin, origin, says_https};

/// For an answer to whoever asks, who knows best: the name in the request, which may be a forwarded port; otherwise as
/// [`public_url`].
pub struct AskedUrl(pub Url);

impl FromRequestParts<Context> for AskedUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Infallible> {
        Ok(Self(asked_url(context, &parts.headers, &parts.uri, &parts.extensions)))
    }
}

/// Where a request comes from; `None` without a connection, as in some tests.
pub fn origin_of(context: &Context, headers: &HeaderMap, extensions: &Extensions) -> Option<Origin> {
    let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
    notice_tls(context, peer.ip().to_canonical(), headers);
    Some(origin(peer.ip(), headers, &context.network.trusted_proxies))
}

/// Says, once, that a proxy in front of this server speaks TLS and is not trusted. Its clients are told an address without
/// TLS, and refuse to send anything there.
fn notice_tls(context: &Context, peer: IpAddr, headers: &HeaderMap) {
    static SAID: Once = Once::new();
    let is_unheard = context.base_url.scheme() == "http" && !context.network.trusted_proxies.trust(peer);
    if is_unheard && says_https(headers) {
        SAID.call_once(|| {
            tracing::warn!(
                "{peer} says that it passes requests on that came over https, and is not trusted: clients are told an \
                 http address, and refuse it. If it is your proxy, start with `--trusted-proxy {peer}`"
            );
        });
    }
}

/// For links: where this server listens, or what a trusted proxy was asked for. The `Host` header alone never counts here,
/// since whoever sends it could have a link lead anywhere.
pub fn public_url(context: &Context, headers: &HeaderMap, extensions: &Extensions) -> Url {
    forwarded_url(context, headers, extensions).unwrap_or_else(|| (*context.base_url).clone())
}

/// As [`public_url`]; `None` where that is simply where this server listens.
pub fn forwarded_url(context: &Context, headers: &HeaderMap, extensions: &Extensions) -> Option<Url> {
    let Origin { scheme, host, .. } = origin_of(context, headers, extensions)?;
    if scheme.is_none() && host.is_none() {
        return None;
    }
    let scheme = scheme.unwrap_or(context.base_url.scheme());
    Some(host.and_then(|host| at_host(scheme, &host)).unwrap_or_else(|| {
        let mut url = (*context.base_url).clone();
        // Cannot fail between http and https. A port that is the new scheme's default is left out.
        let _ = url.set_scheme(scheme);
        url
    }))
}

pub fn asked_url(context: &Context, headers: &HeaderMap, uri: &Uri, extensions: &Extensions) -> Url {
    let public = public_url(context, headers, extensions);
    let by_proxy = origin_of(context, headers, extensions).is_some_and(|origin| origin.host.is_some());
    if by_proxy {
        return public;
    }
    // HTTP/2 has no Host header.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    host.and_then(|host| at_host(public.scheme(), host)).unwrap_or(public)
}

/// The URL of a host with perhaps a port, if it is no more than that.
fn at_host(scheme: &str, host: &str) -> Option<Url> {
    let url = Url::parse(&format!("{scheme}://{host}")).ok()?;
    let only_host = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    only_host.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_counts_if_it_is_a_host() {
        for (scheme, host, expected) in [
            ("http", "127.0.0.1:9090", Some("http://127.0.0.1:9090/")),
            ("https", "localhost", Some("https://localhost/")),
            ("http", "[::1]:80", Some("http://[::1]/")),
            ("https", "[::1]:80", Some("https://[::1]:80/")),
            ("http", "a/b", None),
            ("http", "user@host", None),
            ("http", ":pass@host", None),
            ("http", "a?b", None),
            ("http", "a#b", None),
            ("http", "", None),
        ] {
            assert_eq!(at_host(scheme, host).as_ref().map(Url::as_str), expected, "{host}");
        }
    }
}
