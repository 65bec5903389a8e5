//! Where an App says that it is served (protocol document, section 2.2), and whether it is believed: all secrets go there.

use url::Url;

use crate::backend::BackendError;
use crate::backend::http::{host_of, origin_of};
use crate::loopback::is_loopback;

/// Longest address that is taken, in bytes.
const LONGEST: usize = 2048;

/// The address that `hostname`, the answer of the App at `base`, names. An App does not lead from https to http. To
/// another host it leads once a person has accepted that host.
pub fn check(base: &Url, hostname: &str, accepted: Option<&str>) -> Result<Url, BackendError> {
    let host = host_of(base);
    let garbage = |what: &str| BackendError::garbage(&host, what);
    let served = Some(hostname).filter(|text| text.len() <= LONGEST).and_then(|text| Url::parse(text).ok());
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let served = served.filter(is_web).ok_or_else(|| garbage("a location without a usable hostname"))?;
    let has_more = !served.username().is_empty()
        || served.password().is_some()
        || served.query().is_some()
        || served.fragment().is_some();
    if has_more {
        return Err(garbage("a location with more in it than an address"));
    }
    if base.scheme() == "https" && served.scheme() == "http" {
        return Err(BackendError::Downgrade { host, to: origin_of(&served) });
    }
    if is_same_host(base, &served) || accepted.is_some_and(|accepted| is_accepted(accepted, &served)) {
        return Ok(served);
    }
    Err(BackendError::OtherHost { host, to: host_of(&served) })
}

/// Whether a browser may be sent from an App at `base` to `place`: what goes along is in the address.
pub fn check_browser(base: &Url, place: &Url) -> Result<(), BackendError> {
    if base.scheme() == "https" && place.scheme() == "http" && !is_loopback(place) {
        return Err(BackendError::Downgrade { host: host_of(base), to: origin_of(place) });
    }
    Ok(())
}

/// Whether a person accepted that host, however both are spelled. Without a port, that of the scheme is meant.
fn is_accepted(accepted: &str, served: &Url) -> bool {
    let accepted = Url::parse(&format!("{}://{accepted}/", served.scheme()));
    accepted.is_ok_and(|accepted| {
        name_of(&accepted) == name_of(served)
            && accepted.port_or_known_default() == served.port_or_known_default()
    })
}

/// A dot at the end says only that the name is whole.
fn name_of(url: &Url) -> Option<&str> {
    url.host_str().map(|host| host.strip_suffix('.').unwrap_or(host))
}

/// Whether both are one server, however it is spelled. From http to https the port may change to that of https.
fn is_same_host(base: &Url, served: &Url) -> bool {
    let hosts = name_of(base) == name_of(served) || (is_loopback(base) && is_loopback(served));
    let ports = base.port_or_known_default() == served.port_or_known_default();
    hosts && (ports || (base.scheme() != served.scheme() && served.port().is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(base: &str, hostname: &str, accepted: Option<&str>) -> Result<String, BackendError> {
        check(&Url::parse(base).unwrap(), hostname, accepted).map(String::from)
    }

    /// Kind: an address from a server that takes secrets out of TLS.
    #[test]
    fn no_app_leads_from_https_to_http() {
        for hostname in [
            "http://shop.example",
            "HTTP://shop.example:443",
            "http://127.0.0.1:4000",
            "http://other.example",
        ] {
            for accepted in [None, Some("shop.example"), Some("127.0.0.1:4000"), Some("other.example")] {
                let refused = answer("https://shop.example", hostname, accepted);
                assert!(matches!(refused, Err(BackendError::Downgrade { .. })), "{hostname}: {refused:?}");
            }
        }
        let refused = answer("https://shop.example", "http://shop.example:8080", None).unwrap_err();
        let to = "http://shop.example:8080".to_owned();
        assert_eq!(refused, BackendError::Downgrade { host: "shop.example".into(), to });
    }

    #[test]
    fn another_host_is_taken_only_when_it_was_accepted() {
        for (base, hostname, to) in [
            ("https://shop.example", "https://eu.shop.example", "eu.shop.example"),
            ("https://shop.example", "https://shop.example:8443", "shop.example:8443"),
            ("http://127.0.0.1:4000", "http://127.0.0.1:4001", "127.0.0.1:4001"),
            ("http://127.0.0.1:4000", "http://10.0.0.1:4000", "10.0.0.1:4000"),
            ("http://127.0.0.1:4000", "https://evil.example", "evil.example"),
            // Another program of this machine, and another service of that host.
            ("http://127.0.0.1:4000", "https://localhost:4001", "localhost:4001"),
            ("http://shop.example", "https://shop.example:8443", "shop.example:8443"),
            ("https://shop.example", "https://shop.example.org.", "shop.example.org."),
        ] {
            let refused = answer(base, hostname, Some("third.example"));
            assert!(
                matches!(refused, Err(BackendError::OtherHost { to: ref said, .. }) if said == to),
                "{refused:?}"
            );
            assert!(answer(base, hostname, Some(to)).is_ok(), "{hostname}");
        }
        for (base, hostname) in [
            ("https://shop.example", "https://shop.example"),
            ("https://shop.example", "https://shop.example:443/prefix"),
            ("http://shop.example", "https://shop.example"),
            ("http://127.0.0.1:4000", "http://localhost:4000"),
            ("http://127.0.0.1:4000", "http://[::1]:4000/"),
            ("https://shop.example", "HTTPS://SHOP.example:443/"),
            ("https://shop.example", "https://shop.example."),
            ("https://shop.example.:443", "https://shop.example/"),
        ] {
            assert!(answer(base, hostname, None).is_ok(), "{base} {hostname}");
        }
    }

    /// Kind: one host in two spellings, taken for two.
    #[test]
    fn an_accepted_host_is_that_host_in_every_spelling_and_no_other() {
        for (accepted, hostname, expected) in [
            ("EU.Shop.Example", "https://eu.shop.example", true),
            ("eu.shop.example:443", "https://eu.shop.example", true),
            ("eu.shop.example.", "https://eu.shop.example", true),
            ("eu.shop.example.:443", "https://EU.shop.example.:443/", true),
            ("bücher.example", "https://xn--bcher-kva.example", true),
            ("[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443", true),
            ("eu.shop.example:80", "https://eu.shop.example", false),
            ("eu.shop.example", "https://eu.shop.example:8443", false),
            ("shop.example", "https://eu.shop.example", false),
            ("user@eu.shop.example", "https://eu.shop.example:1", false),
        ] {
            let taken = answer("https://app.example", hostname, Some(accepted)).is_ok();
            assert_eq!(taken, expected, "{accepted} {hostname}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_an_address_is_no_location() {
        let long = format!("https://shop.example/{}", "x".repeat(5000));
        for hostname in [
            "",
            "shop.example",
            "ftp://shop.example",
            "wss://shop.example",
            "https://user:pw@shop.example",
            "https://shop.example/?a=b",
            "https://shop.example/#a",
            &long,
        ] {
            let refused = answer("https://shop.example", hostname, None);
            assert!(matches!(refused, Err(BackendError::Garbage { .. })), "{hostname}: {refused:?}");
        }
    }

    #[test]
    fn a_browser_is_sent_to_http_from_http_and_to_this_machine_only() {
        let check = |base: &str, to: &str| {
            check_browser(&Url::parse(base).unwrap(), &Url::parse(to).unwrap()).is_ok()
        };
        assert!(check("https://shop.example", "https://accounts.example/authorize"));
        assert!(check("https://shop.example", "http://127.0.0.1:5/idmux"));
        assert!(check("http://shop.example", "http://accounts.example/authorize"));
        assert!(!check("https://shop.example", "http://accounts.example/authorize"));
    }
}
