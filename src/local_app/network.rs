//! Who may reach the server, and over what.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

/// What the server does on the network besides listening.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Whether it may listen on addresses that other machines reach. The control API answers this machine only, whatever
    /// this says.
    pub allow_remote: bool,
    /// Proxies whose word counts on who asked, and under which name.
    pub trusted_proxies: TrustedProxies,
    /// Serve HTTPS with these files; `None`: plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// A certificate and its key, both PEM. They are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to a root, in this order.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// The networks that proxies are trusted in; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts the proxies of these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether what the proxy at `address` says counts.
    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Reads the networks of a proxy: one address, or a network as in `10.0.0.0/8`.
///
/// # Errors
/// When the text is neither.
pub fn proxy_network(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse::<IpNet>())
        .map_err(|_| "expected an address or a network, as in 10.0.0.7 or 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_or_a_network() {
        let proxies = TrustedProxies::new(
            ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"].map(|text| proxy_network(text).unwrap()).to_vec(),
        );
        for (address, trusted) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(proxies.trust(address.parse().unwrap()), trusted, "{address}");
        }
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0"] {
            assert!(proxy_network(bad).is_err(), "{bad}");
        }
    }
}
