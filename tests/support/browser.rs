//! A browser without a screen: it goes where it is sent, consents at the identity provider, and ends at a page.

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::identity_provider::{IdentityProvider, oauth2, serve};
use crate::support::Server;
use idmux::local_app::Provider;
use idmux::local_app::config::Offer;

/// The page at which log-ins of idmux end, as an App lists it.
pub const REDIRECT: &str = "http://127.0.0.1/idmux";

/// An App with Google, Facebook and Apple, all of them at `provider`, that lets log-ins end at idmux.
pub async fn app_with_pages(provider: &IdentityProvider) -> Server {
    app_that_allows(provider, REDIRECT).await
}

/// The same, with another address in its `redirect_uris`.
pub async fn app_that_allows(provider: &IdentityProvider, redirect: &str) -> Server {
    let mut config = provider.config();
    for provider in [Provider::Google, Provider::Facebook, Provider::Apple] {
        let offer = Offer::Enabled(idmux::local_app::config::OAuth2 {
            redirect_uris: vec![redirect.to_owned()],
            ..oauth2()
        });
        match provider {
            Provider::Google => config.providers.google = offer,
            Provider::Facebook => config.providers.facebook = offer,
            _ => config.providers.apple = offer,
        }
    }
    serve(config).await
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

async fn follow(url: &str) -> String {
    let answer = client().get(url).send().await.unwrap();
    let place = answer.headers().get("location").unwrap_or_else(|| panic!("{url}: {answer:?}"));
    place.to_str().unwrap().to_owned()
}

/// Goes to `address`, consents as `sub`, and says where it ended. The page there is not asked for yet.
pub async fn travel(provider: &IdentityProvider, address: &str, sub: &str) -> String {
    let is_consent_page = address.starts_with(provider.url("/").as_str());
    let consent_page = if is_consent_page { address.to_owned() } else { follow(address).await };
    follow(provider.consent(&consent_page, sub).as_str()).await
}

/// The same, with a person who changes their mind.
pub async fn travel_and_refuse(provider: &IdentityProvider, address: &str) -> String {
    let is_consent_page = address.starts_with(provider.url("/").as_str());
    let consent_page = if is_consent_page { address.to_owned() } else { follow(address).await };
    let mut back = provider.consent(&consent_page, "nobody");
    let state = back.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
    back.query_pairs_mut().clear().append_pair("state", &state).append_pair("error", "access_denied");
    follow(back.as_str()).await
}

/// Opens the page that it ended at, and runs its script: what the page says then.
pub async fn land(ended_at: &str) -> String {
    let url = Url::parse(ended_at).unwrap();
    let page = client().get(url.clone()).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("location.hash"));
    let (origin, hash) = (url.origin().ascii_serialization(), format!("#{}", url.fragment().unwrap()));
    let answer = client().post(url).header("origin", origin).body(hash).send().await.unwrap();
    answer.text().await.unwrap()
}
