//! Where a log-in in the browser may end.

use url::Url;

use super::OAuth2;
use crate::loopback::is_loopback;

impl OAuth2 {
    /// Whether `redirect` is listed, letter for letter. A loopback address may have another port than the listed one: a
    /// program that waits there takes any that is free (RFC 8252, section 7.3; suggested in section 3.8).
    pub fn allows_redirect(&self, redirect: &str) -> bool {
        let without_port = loopback_without_port(redirect);
        self.redirect_uris.iter().any(|listed| {
            listed == redirect || (without_port.is_some() && loopback_without_port(listed) == without_port)
        })
    }
}

/// The text of a plain loopback address without its port; `None` if it is no such address.
fn loopback_without_port(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if url.scheme() != "http" || has_user || !is_loopback(&url) {
        return None;
    }
    // Cut out of the text and not rebuilt, so that all the rest is compared letter for letter.
    let rest = text.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => authority,
    };
    Some(format!("http://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(redirect: &str) -> OAuth2 {
        OAuth2 {
            client_id: "id".into(),
            client_secret: "secret".into(),
            open_id: true,
            metadata_fields: Vec::new(),
            redirect_uris: vec![redirect.to_owned()],
            domain_restrictions: Vec::new(),
        }
    }

    #[test]
    fn a_redirect_is_as_listed_except_for_the_port_of_a_loopback_address() {
        for (listed, asked, allowed) in [
            ("https://example.com/a", "https://example.com/a", true),
            ("https://example.com/a", "https://example.com/a/", false),
            ("https://example.com/a", "https://example.com:443/a", false),
            ("https://example.com/a", "http://example.com/a", false),
            ("https://example.com", "https://example.com.evil.com", false),
            ("app://done", "app://done", true),
            ("app://done", "app://done2", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb/", false),
            ("http://127.0.0.1:1/cb", "http://localhost:2/cb", false),
            ("http://localhost:1/cb?x=1", "http://localhost:2/cb?x=1", true),
            ("http://localhost:1/cb?x=1", "http://localhost:2/cb?x=2", false),
            ("http://[::1]/cb", "http://[::1]:9/cb", true),
            ("http://[::1]:3", "http://[::1]:9", true),
            ("http://localhost:1/cb", "http://localhost:2@evil.com/cb", false),
            ("http://localhost:1/cb", "http://user:2@localhost/cb", false),
            ("http://localhost:1/cb", "http://localhost:2\\@evil.com/cb", false),
            ("http://localhost:1/cb", "http://localhost.evil.com:1/cb", false),
            ("https://localhost:1/cb", "https://localhost:2/cb", false),
            ("http://localhost:1/cb", "javascript:alert(1)", false),
        ] {
            assert_eq!(listing(listed).allows_redirect(asked), allowed, "{listed} {asked}");
        }
        assert!(!listing("").allows_redirect("x"));
    }
}
