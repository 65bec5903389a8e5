//! What proxies say about a request: `Forwarded` (RFC 7239) and the older `X-Forwarded-*`.
//!
//! Each proxy adds what it saw at the end. Anybody can send these headers, so that they are believed from the end
//! backwards, for as long as those who wrote them are trusted proxies.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::local_app::network::TrustedProxies;

const HEADERS: [&str; 4] = ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];

/// How a request came to be here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who asked.
    pub client: IpAddr,
    /// `http` or `https`, as the client sees it; `None`: as the listener is.
    pub scheme: Option<&'static str>,
    /// Host and perhaps port that a trusted proxy was asked for, unchecked.
    pub host: Option<String>,
}

/// Whether somebody says that the request passed a proxy.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    HEADERS.iter().any(|name| headers.contains_key(*name))
}

/// Whether whoever sent the request says that it was asked over TLS.
pub fn says_https(headers: &HeaderMap) -> bool {
    is_forwarded(headers) && hops(headers).last().is_some_and(|hop| hop.scheme == Some("https"))
}

/// Where a request of `peer` comes from, as far as `proxies` may say.
pub fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> Origin {
    let mut origin = Origin { client: peer.to_canonical(), scheme: None, host: None };
    if !proxies.trust(origin.client) || !is_forwarded(headers) {
        return origin;
    }
    for hop in hops(headers).into_iter().rev() {
        origin.scheme = hop.scheme.or(origin.scheme);
        origin.host = hop.host.or(origin.host);
        match hop.client {
            Some(client) => origin.client = client,
            // Hidden or unknown: the proxy that it came through stands for it.
            None => break,
        }
        if !proxies.trust(origin.client) {
            break;
        }
    }
    origin
}

/// What one proxy says of the request that it got.
#[derive(Debug, Default)]
struct Hop {
    client: Option<IpAddr>,
    scheme: Option<&'static str>,
    host: Option<String>,
}

/// The nearest proxy's last. The standard header counts before the others.
fn hops(headers: &HeaderMap) -> Vec<Hop> {
    let standard: Vec<String> = list(headers, "forwarded");
    if !standard.is_empty() {
        return standard.iter().map(|element| forwarded(element)).collect();
    }
    let clients = list(headers, "x-forwarded-for");
    let mut hops: Vec<Hop> =
        clients.iter().map(|client| Hop { client: address(client), ..Hop::default() }).collect();
    // Not every proxy adds to these two, so that an earlier element may be the client's own: only the last one counts.
    let scheme = list(headers, "x-forwarded-proto").pop().and_then(|text| scheme(&text));
    let host = list(headers, "x-forwarded-host").pop().filter(|host| !host.is_empty());
    match hops.last_mut() {
        Some(nearest) => (nearest.scheme, nearest.host) = (scheme, host),
        None => hops.push(Hop { client: None, scheme, host }),
    }
    hops
}

/// The elements of a header that is a list, of all its lines together.
fn list(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| split(line, ',')).map(|element| element.trim().to_owned()).collect()
}

/// One element of `Forwarded`: `for=192.0.2.60;proto=https;host="example.com:8443"`.
fn forwarded(element: &str) -> Hop {
    let mut hop = Hop::default();
    for pair in split(element, ';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = unquoted(value.trim());
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.client = address(&value),
            "proto" => hop.scheme = scheme(&value),
            "host" => hop.host = Some(value).filter(|host| !host.is_empty()),
            _ => {}
        }
    }
    hop
}

/// Splits at `separator` where it is not inside quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        c == separator && !quoted
    })
    .collect()
}

fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut escaped = false;
    let kept = |c: &char| {
        escaped = *c == '\\' && !escaped;
        !escaped
    };
    inside.chars().filter(kept).collect()
}

/// An address with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: Option<IpAddr> = text.parse().ok().or_else(bracketed);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    address.or_else(with_port).map(|address| address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;
    use crate::local_app::network::proxy_network;

    fn judged(peer: &str, headers: &[(&str, &str)]) -> (String, Option<&'static str>, Option<String>) {
        let proxies = TrustedProxies::new(
            ["10.0.0.0/8", "fd00::/8"].map(|network| proxy_network(network).unwrap()).to_vec(),
        );
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let Origin { client, scheme, host } = origin(peer.parse().unwrap(), &map, &proxies);
        (client.to_string(), scheme, host)
    }

    #[track_caller]
    fn assert_origin(
        peer: &str,
        headers: &[(&str, &str)],
        client: &str,
        scheme: Option<&'static str>,
        host: Option<&str>,
    ) {
        assert_eq!(
            judged(peer, headers),
            (client.to_owned(), scheme, host.map(str::to_owned)),
            "{headers:?}"
        );
    }

    #[test]
    fn nobody_but_a_trusted_proxy_is_believed() {
        let lies = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=192.0.2.1;host=evil.example"),
        ];
        assert_origin("203.0.113.9", &lies, "203.0.113.9", None, None);
        assert_origin("::ffff:203.0.113.9", &lies, "203.0.113.9", None, None);
    }

    #[test]
    fn the_older_headers_are_read_from_the_end() {
        let chain = [
            ("x-forwarded-for", "1.1.1.1, 192.0.2.1"),
            ("x-forwarded-for", "10.0.0.2"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example, app.example:8443"),
        ];
        // 10.0.0.1 says it was 10.0.0.2, who says it was 192.0.2.1; what that one says does not matter.
        assert_origin("10.0.0.1", &chain, "192.0.2.1", Some("https"), Some("app.example:8443"));
        assert_origin("10.0.0.1", &[("x-forwarded-proto", "HTTPS")], "10.0.0.1", Some("https"), None);
        assert_origin("10.0.0.1", &[("x-forwarded-proto", "gopher")], "10.0.0.1", None, None);
        assert_origin("10.0.0.1", &[("x-forwarded-for", "nonsense")], "10.0.0.1", None, None);
    }

    #[test]
    fn the_standard_header_is_read_and_counts_first() {
        for (value, client, scheme, host) in [
            ("for=192.0.2.60;proto=http;host=a.example", "192.0.2.60", Some("http"), Some("a.example")),
            (r#"For="[2001:db8::17]:4711""#, "2001:db8::17", None, None),
            (r#"for="[2001:db8::17]""#, "2001:db8::17", None, None),
            (r#"for=192.0.2.1:80 ; host="a,b;c\"d""#, "192.0.2.1", None, Some(r#"a,b;c"d"#)),
            ("for=1.1.1.1, for=192.0.2.1;proto=https, for=10.0.0.3", "192.0.2.1", Some("https"), None),
            ("for=_hidden;proto=https", "10.0.0.1", Some("https"), None),
            ("for=unknown", "10.0.0.1", None, None),
            ("", "10.0.0.1", None, None),
        ] {
            let headers = [("forwarded", value), ("x-forwarded-for", "7.7.7.7")];
            assert_origin("10.0.0.1", &headers, client, scheme, host);
        }
    }

    proptest! {
        #[test]
        fn any_header_is_survived(forwarded in ".*", xff in ".*", peer in any::<[u8; 4]>()) {
            let mut headers = HeaderMap::new();
            for (name, text) in [("forwarded", forwarded), ("x-forwarded-for", xff)] {
                if let Ok(value) = HeaderValue::from_str(&text) {
                    headers.append(name, value);
                }
            }
            let everybody = TrustedProxies::new(vec![proxy_network("0.0.0.0/0").unwrap()]);
            let nobody = TrustedProxies::default();
            let _ = origin(peer.into(), &headers, &everybody);
            prop_assert_eq!(origin(peer.into(), &headers, &nobody).client, IpAddr::from(peer));
        }
    }
}
