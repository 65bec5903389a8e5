//! The App Services client API (protocol document, sections 2 to 9).

mod api_keys;
mod browser;
mod custom_data;
mod email;
mod location;
pub mod verdict;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use self::wire::{LoginAnswer, RefreshAnswer};
use super::http::{Request, host_of};
use super::server_clock::ServerClock;
use super::{
    Account, Answer, ApiKeys, Backend, BackendError, BrowserVisit, ControlClient, CustomData, Granted,
    HttpClient, Identities, LocalControl, Registration, SignIn, SignInStep, Verdict,
};
use crate::account::grant::{self, NoGrant};
use crate::account::{
    AccessToken, App, Credentials, DeviceId, Profile, Provider, RedirectUri, Tokens, UserId,
};

/// The client of one App.
#[derive(Debug)]
pub struct AppServices {
    http: HttpClient,
    base_url: Url,
    client_app_id: String,
    /// The host that serves the App: asked for once, before the first request; asked again after a failure.
    host: OnceCell<Url>,
    clock: ServerClock,
    control: Option<Arc<ControlClient>>,
    /// Another host that a person accepted for the App.
    accepted_host: Option<String>,
    /// The one that the App named at last, where it is not accepted.
    other_host: Mutex<Option<String>>,
    /// Where a log-in in the browser ends.
    redirect: RedirectUri,
}

impl AppServices {
    /// A client for `app`. Nothing is sent yet.
    pub fn new(http: HttpClient, app: &App) -> Self {
        let control = app.control.clone().map(|access| ControlClient::new(http.clone(), access));
        Self {
            control: control.map(Arc::new),
            http,
            base_url: app.base_url.clone(),
            client_app_id: app.client_app_id.clone(),
            accepted_host: app.accepted_host.clone(),
            other_host: Mutex::default(),
            host: OnceCell::new(),
            clock: ServerClock::default(),
            redirect: RedirectUri::default(),
        }
    }

    /// The same client, whose log-ins in the browser end at `redirect`.
    pub fn with_redirect(self, redirect: RedirectUri) -> Self {
        Self { redirect, ..self }
    }

    /// Asks where the App is served (section 2.2).
    async fn host(&self) -> Result<&Url, BackendError> {
        self.host
            .get_or_try_init(|| async {
                let url = endpoint(&self.base_url, &["app", &self.client_app_id, "location"]);
                let answer = self
                    .http
                    .send(Request { method: Method::GET, url, token: None, body: None }, &self.clock)
                    .await?;
                let hostname = answer.get("hostname").and_then(Value::as_str).unwrap_or_default();
                let served = location::check(&self.base_url, hostname, self.accepted_host.as_deref());
                *self.other_host.lock().unwrap_or_else(PoisonError::into_inner) = match &served {
                    Err(BackendError::OtherHost { to, .. }) => Some(to.clone()),
                    _ => None,
                };
                served
            })
            .await
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, BackendError> {
        let url = endpoint(self.host().await?, path);
        self.http.send(Request { method, url, token, body }, &self.clock).await
    }

    /// A log-in, or with `link` the addition of an identity.
    async fn provider_log_in(
        &self,
        credentials: &Credentials,
        device: Option<&DeviceId>,
        link: Option<&AccessToken>,
    ) -> Result<LoginAnswer, BackendError> {
        let provider = credentials.provider();
        let path = ["app", &self.client_app_id, "auth", "providers", provider.wire_name(), "login"];
        let mut url = endpoint(self.host().await?, &path);
        if link.is_some() {
            url.set_query(Some("link=true"));
        }
        let body = wire::login_body(credentials, device);
        let request =
            Request { method: Method::POST, url, token: link.map(AccessToken::expose), body: Some(&body) };
        self.decode(self.http.send(request, &self.clock).await?, "a log-in")
    }

    /// The refresh token, which every session of App Services has.
    fn refresh_token<'a>(&self, tokens: &'a Tokens) -> Result<Option<&'a str>, BackendError> {
        match &tokens.refresh {
            Some(refresh) => Ok(Some(refresh.expose())),
            None => Err(self.garbage("a session without a refresh token")),
        }
    }

    fn decode<T: serde::de::DeserializeOwned>(&self, answer: Value, what: &str) -> Result<T, BackendError> {
        serde_json::from_value(answer).map_err(|error| self.garbage(&format!("{what}: {error}")))
    }

    fn garbage(&self, what: &str) -> BackendError {
        BackendError::garbage(&host_of(&self.base_url), what)
    }

    fn no_grant(&self, why: NoGrant) -> BackendError {
        self.garbage(&format!("an invalid answer, {why}"))
    }
}

impl Backend for AppServices {
    fn name(&self) -> &'static str {
        "App Services"
    }

    fn sign_in<'a>(&'a self, step: SignInStep<'a>) -> Answer<'a, SignIn> {
        Box::pin(async move {
            match step {
                SignInStep::With { credentials, device } => {
                    let answer = self.provider_log_in(credentials, device, None).await?;
                    let session = answer.session(credentials.provider()).map_err(|why| self.no_grant(why))?;
                    Ok(SignIn::Done(Box::new(session)))
                }
                SignInStep::InBrowser { provider, device } => {
                    Ok(SignIn::Browser(Box::new(self.begin_visit(provider, device, None).await?)))
                }
            }
        })
    }

    fn refresh<'a>(&'a self, user: &'a UserId, tokens: &'a Tokens) -> Answer<'a, Granted> {
        Box::pin(async move {
            let answer =
                self.call(Method::POST, &["auth", "session"], self.refresh_token(tokens)?, None).await?;
            let answer: RefreshAnswer = self.decode(answer, "a refresh")?;
            let access = grant::access_token(answer.access_token, user).map_err(|why| self.no_grant(why))?;
            Ok(Granted { user: user.clone(), tokens: tokens.with_access(access) })
        })
    }

    fn sign_out<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()> {
        Box::pin(async move {
            let token = self.refresh_token(tokens)?;
            self.call(Method::DELETE, &["auth", "session"], token, None).await.map(drop)
        })
    }

    fn profile<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, Profile> {
        Box::pin(async move {
            let token = Some(tokens.access.expose());
            let answer = self.call(Method::GET, &["auth", "profile"], token, None).await?;
            self.decode::<wire::ProfileAnswer>(answer, "a profile").map(Profile::from)
        })
    }

    fn verdict(&self, error: &BackendError) -> Verdict {
        verdict::verdict(error)
    }

    fn refuses_access_token(&self, error: &BackendError) -> bool {
        verdict::refuses_access_token(error)
    }

    fn session_is_gone(&self, error: &BackendError) -> bool {
        matches!(error, BackendError::Refused { status: 401, .. })
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.clock.take()
    }

    fn registration(&self) -> Option<&dyn Registration> {
        Some(self)
    }

    fn identities(&self) -> Option<&dyn Identities> {
        Some(self)
    }

    fn custom_data(&self) -> Option<&dyn CustomData> {
        Some(self)
    }

    fn api_keys(&self) -> Option<&dyn ApiKeys> {
        Some(self)
    }

    fn account(&self) -> Option<&dyn Account> {
        Some(self)
    }

    fn control(&self) -> Option<Arc<dyn LocalControl>> {
        self.control.clone().map(|control| control as Arc<dyn LocalControl>)
    }

    fn other_host(&self) -> Option<String> {
        self.other_host.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hang_up(&self) {
        self.http.hang_up();
    }
}

impl Identities for AppServices {
    fn link<'a>(
        &'a self,
        user: &'a UserId,
        tokens: &'a Tokens,
        credentials: &'a Credentials,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, Granted> {
        Box::pin(async move {
            let answer = self.provider_log_in(credentials, device, Some(&tokens.access)).await?;
            let access = answer.linked(user).map_err(|why| self.no_grant(why))?;
            Ok(Granted { user: user.clone(), tokens: tokens.with_access(access) })
        })
    }

    fn link_in_browser<'a>(
        &'a self,
        tokens: &'a Tokens,
        provider: &'a Provider,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, BrowserVisit> {
        Box::pin(self.begin_visit(provider, device, Some(&tokens.access)))
    }
}

impl Account for AppServices {
    fn delete<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()> {
        Box::pin(async move {
            let token = Some(tokens.access.expose());
            self.call(Method::DELETE, &["auth", "delete"], token, None).await.map(drop)
        })
    }
}

/// The address of an endpoint of the client API. Segments are escaped, so an app id cannot leave its place.
fn endpoint(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["api", "client", "v2.0"]).extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_keeps_the_base_and_escapes_its_segments() {
        let base = Url::parse("https://example.com/prefix/?x=1").unwrap();
        assert_eq!(
            endpoint(&base, &["app", "../evil?", "location"]).as_str(),
            "https://example.com/prefix/api/client/v2.0/app/..%2Fevil%3F/location"
        );
        let base = Url::parse("http://127.0.0.1:4000").unwrap();
        assert_eq!(
            endpoint(&base, &["auth", "session"]).as_str(),
            "http://127.0.0.1:4000/api/client/v2.0/auth/session"
        );
    }
}
