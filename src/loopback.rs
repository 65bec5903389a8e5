//! Whether an address leads to this machine. Such a request never leaves it: no proxy gets to see its secrets.

use std::net::IpAddr;

use url::{Host, Url};

/// Whether `url` leads to this machine: 127.0.0.0/8, `::1`, and `localhost` with every name below it (RFC 6761,
/// section 6.3), also written as an IPv6 address of an IPv4 one, or with a dot at the end.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

/// Whether a connection to `url` ends on this machine: as [`is_loopback`], and the unspecified address, which a server that
/// listens everywhere prints. It is no loopback address, and gets none of the rights of one.
pub fn leads_here(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical(),
        _ => return is_loopback(url),
    };
    address.is_unspecified() || is_loopback(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind: an address of this machine in a spelling that nobody thought of, which a proxy would get to see.
    #[test]
    fn every_spelling_of_this_machine_is_known_and_nothing_else() {
        for (url, expected) in [
            ("http://127.0.0.1:1/", true),
            ("http://127.255.3.4/", true),
            ("http://127.1/", true),
            ("http://2130706433/", true),
            ("http://0x7f.0.0.1/", true),
            ("http://localhost/", true),
            ("https://LOCALHOST:4000/", true),
            ("http://localhost./", true),
            ("http://shop.localhost:4000/", true),
            ("http://shop.localhost./", true),
            ("http://[::1]/", true),
            ("http://[0:0:0:0:0:0:0:1]/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://[::ffff:7f00:5]/", true),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://[::2]/", false),
            ("http://128.0.0.1/", false),
            ("http://notlocalhost/", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://127.0.0.1:80@example.com/", false),
            ("com.example:/x", false),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!((is_loopback(&url), leads_here(&url)), (expected, expected), "{url}");
        }
        for url in ["http://0.0.0.0:4000/", "https://0/", "http://[::]:4000/", "http://[::ffff:0.0.0.0]/"] {
            let url = Url::parse(url).unwrap();
            assert_eq!((is_loopback(&url), leads_here(&url)), (false, true), "{url}");
        }
    }
}
