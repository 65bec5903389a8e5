//! Where a log-in in the browser begins (protocol document, section 3.8).

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{AppServices, endpoint, location, wire};
use crate::account::{AccessToken, BrowserAddress, DeviceId, Provider};
use crate::backend::BackendError;
use crate::backend::browser::{BrowserError, BrowserVisit, Door, Expected, Listener};
use crate::backend::http::Request;

/// Bytes of the state. Nobody guesses so many, and a QR code with the address stays small.
const STATE_BYTES: usize = 16;

/// Where an answer says that the browser has to go.
const LOCATIONS: [&str; 3] = ["x-baas-location", "x-stitch-location", "location"];

impl AppServices {
    /// Offers the page that the browser ends at, and says where it has to go.
    pub(super) async fn begin_visit(
        &self,
        provider: &Provider,
        device: Option<&DeviceId>,
        link: Option<&AccessToken>,
    ) -> Result<BrowserVisit, BackendError> {
        if !matches!(provider, Provider::Google | Provider::Facebook | Provider::Apple) {
            return Err(BrowserError::NoPages.into());
        }
        let host = self.host().await?;
        let state = random_state()?;
        let expected = Expected {
            state: state.clone(),
            app_id: self.client_app_id.clone(),
            provider: provider.clone(),
            is_link: link.is_some(),
        };
        let (door, arrival) = Door::new(expected);
        let listener = Listener::open(&self.redirect, door.clone())?;
        let path = ["app", &self.client_app_id, "auth", "providers", provider.wire_name(), "login"];
        let start = Start { state: &state, redirect: &listener.redirect, device, is_link: link.is_some() };
        let url = start.on(endpoint(host, &path));
        let address = match link {
            Some(access) => self
                .ask_where(url, Some(access))
                .await?
                .ok_or_else(|| self.garbage("the beginning of a link without the header x-baas-location"))?,
            None => {
                self.try_start(url.clone(), &listener.redirect, &door).await?;
                url
            }
        };
        location::check_browser(host, &address)?;
        let address = BrowserAddress::new(address)
            .ok_or_else(|| self.garbage("an address to open that is not of the web"))?;
        Ok(BrowserVisit::new(address, door, arrival, listener))
    }

    /// Asks what the browser will ask, so that a refusal is said here and not there. Any other answer is for the browser.
    async fn try_start(&self, url: Url, redirect: &str, door: &Door) -> Result<(), BackendError> {
        match self.ask_where(url.clone(), None).await {
            // Sent back at once: the App says no.
            Ok(Some(back)) if back.as_str().split('#').next() == Some(redirect) => {
                match door.hand_in(back.as_str()) {
                    Ok(Err(error)) => Err(error.into()),
                    _ => Err(self.garbage("the beginning of a log-in that is its end")),
                }
            }
            Ok(Some(place)) => location::check_browser(&url, &place),
            Ok(None) | Err(BackendError::Garbage { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ask_where(&self, url: Url, access: Option<&AccessToken>) -> Result<Option<Url>, BackendError> {
        let token = access.map(AccessToken::expose);
        let request = Request { method: Method::GET, url: url.clone(), token, body: None };
        let place = self.http.ask_where(request, &self.clock, &LOCATIONS).await?;
        Ok(place.and_then(|place| url.join(&place).ok()))
    }
}

fn random_state() -> Result<SecretString, BackendError> {
    let mut bytes = [0; STATE_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| BackendError::Unreachable {
        host: "the system's random numbers".into(),
        cause: error.to_string(),
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes).into())
}

/// The query of the beginning.
struct Start<'a> {
    state: &'a SecretString,
    redirect: &'a str,
    device: Option<&'a DeviceId>,
    is_link: bool,
}

impl Start<'_> {
    fn on(&self, mut url: Url) -> Url {
        let mut query = url.query_pairs_mut();
        if self.is_link {
            query.append_pair("link", "true");
        }
        query.append_pair("state", self.state.expose_secret()).append_pair("redirect", self.redirect);
        if self.is_link {
            query.append_pair("providerRedirectHeader", "true");
        } else {
            let device = wire::device(self.device.map(|device| device.as_str().into())).to_string();
            query.append_pair("device", &BASE64_STANDARD.encode(device));
        }
        drop(query);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(is_link: bool) -> Url {
        let base = Url::parse("https://example.com/api/login").unwrap();
        let device = DeviceId::new("610d81f929164593aa50e663");
        let redirect = "http://127.0.0.1:41234/idmux";
        Start { state: &"s-t_ate".into(), redirect, device: device.as_ref(), is_link }.on(base)
    }

    #[test]
    fn a_log_in_begins_with_the_device_and_a_link_without() {
        let log_in = start(false);
        let pairs: Vec<_> = log_in.query_pairs().into_owned().collect();
        let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["state", "redirect", "device"]);
        assert!(log_in.as_str().contains("redirect=http%3A%2F%2F127.0.0.1%3A41234%2Fidmux&"), "{log_in}");
        let device: serde_json::Value =
            serde_json::from_slice(&BASE64_STANDARD.decode(&pairs[2].1).unwrap()).unwrap();
        assert_eq!(
            (&device["platform"], &device["deviceId"]),
            (&"idmux".into(), &"610d81f929164593aa50e663".into())
        );
        assert_eq!(
            start(true).query(),
            Some(
                "link=true&state=s-t_ate&redirect=http%3A%2F%2F127.0.0.1%3A41234%2Fidmux&providerRedirectHeader=true"
            )
        );
    }

    #[test]
    fn a_state_is_long_and_never_the_same() {
        let [one, other] = [random_state().unwrap(), random_state().unwrap()];
        assert_eq!(one.expose_secret().len(), 22);
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
