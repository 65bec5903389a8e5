//! Logging in, or linking, through a browser that goes to the identity provider and comes back (section 3.8).
//!
//! All that the way back has to know is kept under a random state that only the provider is given. A pending link is bound
//! to that state and not to a cookie: a terminal asks for the link, and a browser goes there.

mod fragment;

use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::app::App;
use super::failure::Failure;
use super::ids;
use super::providers::Provider;
use super::providers::oauth2::{self, Code, Consent};
use super::request::RequestFacts;
use super::sessions::{Device, Grant};
use fragment::{Ending, Fragment};

/// How long somebody may take at the provider.
pub const TIME_LIMIT: Duration = Duration::from_secs(10 * 60);
/// Characters of the state, the nonce and the PKCE verifier; RFC 7636 asks for 43 at least.
const SECRET_LENGTH: usize = 48;
/// Longest text of a provider's error that is passed on, in characters.
const LONGEST_ERROR: usize = 300;

/// What a client asks for.
pub struct Start {
    pub provider: Provider,
    /// The client's nonce, which comes back as `_baas_state`.
    pub client_state: String,
    /// Where the browser ends up.
    pub redirect: String,
    /// Where the provider sends the browser: this server's callback, as the browser reaches it.
    pub callback: String,
    /// As the client described its installation.
    pub device: Option<Value>,
    /// The user to link to; `None`: a log-in.
    pub link: Option<Grant>,
}

/// Where to send the browser, and the state that it will come back with.
pub struct Begun {
    pub consent_page: Url,
    pub state: String,
}

/// Why a browser is not sent to the provider.
pub struct NotBegun {
    pub failure: Failure,
    /// Where a browser can be told, once it is sure that the App allows it.
    pub back: Option<String>,
}

impl From<Failure> for NotBegun {
    fn from(failure: Failure) -> Self {
        Self { failure, back: None }
    }
}

/// What a browser brings back.
#[derive(Debug, Default)]
pub struct Return {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    /// The request that brought it, for the user creation function.
    pub request: RequestFacts,
}

/// A log-in that a browser is away for, as it is stored.
#[derive(Serialize, Deserialize)]
struct Pending {
    provider: String,
    client_state: String,
    redirect: String,
    callback: String,
    device: Option<Value>,
    link: Option<PendingLink>,
    nonce: String,
    verifier: String,
}

#[derive(Serialize, Deserialize)]
struct PendingLink {
    user_id: String,
    session_id: String,
}

impl App {
    /// Remembers what a client asks for, and says where its browser has to go.
    pub async fn begin_browser_login(&self, start: Start) -> Result<Begun, NotBegun> {
        let provider = start.provider.name();
        let begun = self.begin_allowed(start).await;
        begun.inspect_err(|NotBegun { failure, .. }| self.tell_refusal(provider, failure))
    }

    async fn begin_allowed(&self, start: Start) -> Result<Begun, NotBegun> {
        let config = self.config();
        let oauth2 = config.providers.oauth2(start.provider).ok_or(Failure::MethodNotAllowed)?;
        if !oauth2.allows_redirect(&start.redirect) {
            return Err(Failure::InvalidRedirectUri(start.redirect).into());
        }
        let (state, redirect) = (start.client_state.clone(), start.redirect.clone());
        self.begin(start).await.map_err(|failure| {
            let back = self.fragment(&state, Ending::Failed(failure.to_string())).on(&redirect);
            NotBegun { failure, back: Some(back) }
        })
    }

    async fn begin(&self, start: Start) -> Result<Begun, Failure> {
        let random = || ids::secret(SECRET_LENGTH).map(|text| text.expose_secret().to_owned());
        let (state, nonce, verifier) = (|| Ok((random()?, random()?, random()?)))()
            .map_err(|error: getrandom::Error| Failure::internal(error))?;
        let consent =
            Consent { callback: &start.callback, state: &state, nonce: &nonce, verifier: &verifier };
        let consent_page = oauth2::consent_page(self, start.provider, &consent).await?;
        let pending = Pending {
            provider: start.provider.name().to_owned(),
            client_state: start.client_state,
            redirect: start.redirect,
            callback: start.callback,
            device: start.device,
            link: start.link.map(|Grant { user_id, session_id, .. }| PendingLink { user_id, session_id }),
            nonce,
            verifier,
        };
        let facts = serde_json::to_string(&pending).map_err(Failure::internal)?;
        let now = self.now();
        let expires = now.saturating_add(TIME_LIMIT).unwrap_or(Timestamp::MAX);
        self.store().begin_browser_login(state.clone(), facts, expires, now).await?;
        Ok(Begun { consent_page, state })
    }

    /// Takes up the log-in that a browser comes back for; where it is to go then, whatever became of the log-in.
    ///
    /// Fails only where nobody knows a way on. `own_link` is the link that this browser itself began, if it did.
    pub async fn finish_browser_login(
        &self,
        came_back: Return,
        own_link: Option<String>,
    ) -> Result<String, Failure> {
        let unknown = || {
            Failure::BadRequest(
                "this log-in is unknown, or somebody came back from it before; go to the app and start again"
                    .to_owned(),
            )
        };
        let state = came_back.state.clone().ok_or_else(unknown)?;
        let taken = self.store().take_browser_login(state.clone()).await?;
        let (facts, expires) = taken.ok_or_else(unknown)?;
        let pending: Pending = serde_json::from_str(&facts).map_err(Failure::internal)?;
        let outcome = if self.now() >= expires {
            Err("it took longer than ten minutes; start again".to_owned())
        } else if pending.link.is_some() && own_link.is_some_and(|own| own != state) {
            // A cookie is not needed, but one that speaks of another link shows that somebody was lured here.
            Err("this browser began another link since; start again".to_owned())
        } else {
            self.ending(&pending, came_back).await
        };
        let ending = outcome.unwrap_or_else(Ending::Failed);
        Ok(self.fragment(&pending.client_state, ending).on(&pending.redirect))
    }

    fn fragment<'a>(&'a self, state: &'a str, ending: Ending) -> Fragment<'a> {
        Fragment { app_id: self.facts().app_id.as_str(), state, ending }
    }

    async fn ending(&self, pending: &Pending, came_back: Return) -> Result<Ending, String> {
        if let Some(error) = came_back.error {
            let description = came_back.error_description.map(|text| format!(": {text}")).unwrap_or_default();
            let why: String = format!("{error}{description}").chars().take(LONGEST_ERROR).collect();
            self.notices()
                .tell(&format!("a log-in with '{}' was refused by the provider: {why}", pending.provider));
            return Err(why);
        }
        let code = came_back.code.ok_or("the identity provider sent no code")?;
        self.redeem(pending, &code, &came_back.request).await.map_err(|failure| {
            if let Failure::Store(_) | Failure::Internal(_) = failure {
                tracing::error!(?failure, "local App: a log-in in the browser");
            }
            self.tell_refusal(&pending.provider, &failure);
            failure.of_a_link().to_string()
        })
    }

    async fn redeem(&self, pending: &Pending, code: &str, request: &RequestFacts) -> Result<Ending, Failure> {
        let provider = self.enabled_provider(&pending.provider)?;
        let code = Code {
            code,
            redirect_uri: &pending.callback,
            verifier: Some(&pending.verifier),
            nonce: Some(&pending.nonce),
        };
        let identity = oauth2::redeem(self, provider, &code).await?;
        match &pending.link {
            Some(PendingLink { user_id, session_id }) => {
                let grant = Grant { user_id: user_id.clone(), session_id: session_id.clone() };
                self.link(grant, identity).await.map(Ending::Linked)
            }
            None => {
                self.log_in(identity, device(pending.device.clone()), request).await.map(Ending::LoggedIn)
            }
        }
    }
}

/// The device, told as in the body of a log-in.
fn device(described: Option<Value>) -> Device {
    let options = described.map(|device| ("options".to_owned(), json!({ "device": device })));
    Device::of_login(&Map::from_iter(options))
}
