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

/// An App with pages and its identity provider, beside the real binary.
pub struct World {
    runtime: tokio::runtime::Runtime,
    provider: IdentityProvider,
    server: Server,
}

impl World {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (provider, server) = runtime.block_on(async {
            let provider = IdentityProvider::start().await;
            let server = app_with_pages(&provider).await;
            (provider, server)
        });
        Self { runtime, provider, server }
    }

    /// The base URL of the App.
    pub fn url(&self) -> &str {
        &self.server.client.base
    }

    /// Goes to `address` as `sub`, and says where it ended.
    pub fn travel(&self, address: &str, sub: &str) -> String {
        self.runtime.block_on(travel(&self.provider, address, sub))
    }

    /// Opens the page that it ended at; what it says.
    pub fn land(&self, ended_at: &str) -> String {
        self.runtime.block_on(land(ended_at))
    }
}

/// A program for `$BROWSER` that writes down where it is sent.
pub struct Recorder {
    pub program: String,
    visited: std::path::PathBuf,
}

impl Recorder {
    pub fn in_folder(folder: &std::path::Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let (program, visited) = (folder.join("browser"), folder.join("visited"));
        let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{}'\n", visited.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { program: program.to_str().unwrap().to_owned(), visited }
    }

    /// Where it was sent so far.
    pub fn visited(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.visited).unwrap_or_default();
        text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
    }

    /// Waits until it was sent somewhere for the `count`th time; where.
    pub fn wait(&self, count: usize) -> String {
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            if let Some(address) = self.visited().into_iter().nth(count - 1) {
                return address;
            }
            assert!(std::time::Instant::now() < end, "no browser was opened");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
