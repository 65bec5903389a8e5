//! Addresses of a log-in in the browser: where it begins, and where it ends.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Deserialize;
use url::{Host, Url};

/// Where a person has to go in a browser. Whoever has it can log in, or link an identity, in this person's place: it is
/// shown, and written nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserAddress(Url);

impl BrowserAddress {
    /// An address that a browser can open, and nothing else can: `None` for anything but HTTP.
    pub fn new(url: Url) -> Option<Self> {
        (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(Self(url))
    }

    /// The whole address, in ASCII.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for BrowserAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrowserAddress({})", self.0.host_str().unwrap_or_default())
    }
}

/// Where the browser ends: a page of this program, on this machine (RFC 8252, section 7.3). The App has it listed in its
/// `redirect_uris`, letter for letter; a local App lets the port be any.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RedirectUri {
    host: String,
    ip: IpAddr,
    /// `None`: any that is free.
    port: Option<u16>,
    /// From the first slash, as it is written; may be empty.
    path: String,
}

/// What is no address that a log-in in the browser can end at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no address on this machine such as http://127.0.0.1:41234/idmux")]
pub struct NoRedirectUri(String);

impl Default for RedirectUri {
    /// `http://127.0.0.1/idmux`, on any port that is free.
    fn default() -> Self {
        Self { host: "127.0.0.1".into(), ip: Ipv4Addr::LOCALHOST.into(), port: None, path: "/idmux".into() }
    }
}

impl RedirectUri {
    /// Reads `http://127.0.0.1:41234/idmux`. The host may be `localhost` or `[::1]` as well; without a port, any is taken.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse(text: &str) -> Result<Self, NoRedirectUri> {
        Self::read(text).ok_or_else(|| NoRedirectUri(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let ip = match url.host()? {
            Host::Ipv4(Ipv4Addr::LOCALHOST) | Host::Domain("localhost") => Ipv4Addr::LOCALHOST.into(),
            Host::Ipv6(Ipv6Addr::LOCALHOST) => Ipv6Addr::LOCALHOST.into(),
            _ => return None,
        };
        // Cut out of the text and not rebuilt: it is compared letter for letter.
        let rest = text.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':').filter(|_| !authority.ends_with(']')) {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port != 0)?)),
            None => (authority, None),
        };
        let is_host = matches!(host, "127.0.0.1" | "localhost" | "[::1]");
        let is_path = path == url.path() || path.is_empty();
        let is_plain = url.query().is_none() && url.fragment().is_none();
        (is_host && is_path && is_plain).then(|| Self { host: host.into(), ip, port, path: path.into() })
    }

    /// Where to listen; port 0 where any will do.
    pub fn listen(&self) -> SocketAddr {
        (self.ip, self.port.unwrap_or(0)).into()
    }

    /// What a browser that ends there sends as `Host`.
    pub fn authority(&self, port: u16) -> String {
        match port {
            80 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }

    /// The path that it asks for.
    pub fn path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// The whole address, with the port that is listened on.
    pub fn on(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, self.path)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = NoRedirectUri;

    fn try_from(text: String) -> Result<Self, NoRedirectUri> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_open_is_of_the_web_and_prints_its_host_alone() {
        let address = |text: &str| BrowserAddress::new(Url::parse(text).unwrap());
        let page = address("https://accounts.example.com/authorize?state=hunter2").unwrap();
        assert_eq!(format!("{page:?}"), "BrowserAddress(accounts.example.com)");
        for wrong in ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "mailto:a@b.c"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_log_in_ends_on_this_machine_as_it_is_written() {
        for (text, on, path) in [
            ("http://127.0.0.1:41234/idmux", "http://127.0.0.1:41234/idmux", "/idmux"),
            ("http://127.0.0.1/idmux", "http://127.0.0.1:9/idmux", "/idmux"),
            ("http://localhost:41234", "http://localhost:41234", "/"),
            ("http://localhost:41234/", "http://localhost:41234/", "/"),
            ("http://[::1]:41234/a/b", "http://[::1]:41234/a/b", "/a/b"),
            ("http://[::1]/a", "http://[::1]:9/a", "/a"),
        ] {
            let redirect = RedirectUri::parse(text).unwrap();
            let port = match redirect.listen().port() {
                0 => 9,
                port => port,
            };
            assert!(redirect.listen().ip().is_loopback(), "{text}");
            assert_eq!((redirect.on(port).as_str(), redirect.path()), (on, path), "{text}");
        }
        let default = RedirectUri::default();
        assert_eq!(RedirectUri::parse("http://127.0.0.1/idmux").unwrap(), default);
    }

    #[test]
    fn what_is_elsewhere_or_in_doubt_is_refused() {
        for text in [
            "",
            "127.0.0.1:41234",
            "https://127.0.0.1:41234/",
            "http://example.com:41234/",
            "http://127.0.0.1.example.com/",
            "http://0.0.0.0:41234/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:/",
            "http://user@127.0.0.1:1/",
            "http://127.0.0.1:1/?a=b",
            "http://127.0.0.1:1/#a",
            "http://127.1:41234/",
            "http://127.0.0.1:1/a/../b",
            "http://127.0.0.1:1\\@example.com/",
            "HTTP://127.0.0.1:1/",
        ] {
            let error = RedirectUri::parse(text).unwrap_err().to_string();
            assert!(error.contains("http://127.0.0.1:41234/idmux"), "{text}: {error}");
        }
    }
}
