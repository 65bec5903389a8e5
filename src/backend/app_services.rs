//! The App Services client API (protocol document, sections 2 to 9).

mod api_keys;
mod browser;
mod custom_data;
mod email;
mod location;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use bson::Document;
use jiff::SignedDuration;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::OnceCell;
use url::Url;

use self::wire::{LoginAnswer, RefreshAnswer};
use super::http::{Request, host_of};
use super::server_clock::ServerClock;
use super::{
    Answer, Backend, BackendError, BrowserVisit, ControlClient, FieldChange, HttpClient, LocalControl,
    NewSession,
};
use crate::account::grant::{self, NoGrant};
use crate::account::{
    AccessToken, ApiKey, ApiKeyId, App, Credentials, CustomDataSource, DeviceId, EmailAction, NewApiKey,
    Profile, Provider, RedirectUri, RefreshToken, UserId,
};
use crate::data::DataEdit;

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

    /// Runs an action of a data source as the user (section 8.2).
    async fn call_service(
        &self,
        access: &AccessToken,
        service: &str,
        action: &str,
        argument: Document,
    ) -> Result<Value, BackendError> {
        let body = wire::function_call(service, action, argument);
        let path = ["app", &self.client_app_id, "functions", "call"];
        self.call(Method::POST, &path, Some(access.expose()), Some(&body)).await
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
    fn other_host(&self) -> Option<String> {
        self.other_host.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hang_up(&self) {
        self.http.hang_up();
    }

    fn clock_ahead(&self) -> Option<SignedDuration> {
        self.clock.take()
    }

    fn control(&self) -> Option<Arc<dyn LocalControl>> {
        self.control.clone().map(|control| control as Arc<dyn LocalControl>)
    }

    fn log_in<'a>(
        &'a self,
        credentials: &'a Credentials,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, NewSession> {
        Box::pin(async move {
            let answer = self.provider_log_in(credentials, device, None).await?;
            answer.session(credentials.provider()).map_err(|why| self.no_grant(why))
        })
    }

    fn begin_in_browser<'a>(
        &'a self,
        provider: &'a Provider,
        device: Option<&'a DeviceId>,
        link: Option<&'a AccessToken>,
    ) -> Answer<'a, BrowserVisit> {
        Box::pin(self.begin_visit(provider, device, link))
    }

    fn register<'a>(&'a self, email: &'a str, password: &'a SecretString) -> Answer<'a, ()> {
        Box::pin(async move {
            let provider = Provider::EmailPassword;
            let path = ["app", &self.client_app_id, "auth", "providers", provider.wire_name(), "register"];
            let body = serde_json::json!({ "email": email, "password": password.expose_secret() });
            self.call(Method::POST, &path, None, Some(&body)).await.map(drop)
        })
    }

    fn email_action<'a>(&'a self, action: &'a EmailAction) -> Answer<'a, ()> {
        Box::pin(async move {
            let (action, body) = email::request(action);
            let provider = Provider::EmailPassword;
            let mut path = vec!["app", &*self.client_app_id, "auth", "providers", provider.wire_name()];
            path.extend(action);
            self.call(Method::POST, &path, None, Some(&body)).await.map(drop)
        })
    }

    fn api_keys<'a>(&'a self, refresh: &'a RefreshToken) -> Answer<'a, Vec<ApiKey>> {
        Box::pin(self.list_keys(refresh))
    }

    fn create_api_key<'a>(&'a self, refresh: &'a RefreshToken, name: &'a str) -> Answer<'a, NewApiKey> {
        Box::pin(self.create_key(refresh, name))
    }

    fn set_api_key_enabled<'a>(
        &'a self,
        refresh: &'a RefreshToken,
        id: &'a ApiKeyId,
        enabled: bool,
    ) -> Answer<'a, ()> {
        Box::pin(self.set_key_enabled(refresh, id, enabled))
    }

    fn delete_api_key<'a>(&'a self, refresh: &'a RefreshToken, id: &'a ApiKeyId) -> Answer<'a, ()> {
        Box::pin(self.delete_key(refresh, id))
    }

    fn link<'a>(
        &'a self,
        user: &'a UserId,
        access: &'a AccessToken,
        credentials: &'a Credentials,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, AccessToken> {
        Box::pin(async move {
            let answer = self.provider_log_in(credentials, device, Some(access)).await?;
            answer.linked(user).map_err(|why| self.no_grant(why))
        })
    }

    fn refresh<'a>(&'a self, user: &'a UserId, refresh: &'a RefreshToken) -> Answer<'a, AccessToken> {
        Box::pin(async move {
            let answer = self.call(Method::POST, &["auth", "session"], Some(refresh.expose()), None).await?;
            let answer: RefreshAnswer = self.decode(answer, "a refresh")?;
            grant::access_token(answer.access_token, user).map_err(|why| self.no_grant(why))
        })
    }

    fn log_out<'a>(&'a self, refresh: &'a RefreshToken) -> Answer<'a, ()> {
        Box::pin(async move {
            self.call(Method::DELETE, &["auth", "session"], Some(refresh.expose()), None).await.map(drop)
        })
    }

    fn profile<'a>(&'a self, access: &'a AccessToken) -> Answer<'a, Profile> {
        Box::pin(async move {
            let answer = self.call(Method::GET, &["auth", "profile"], Some(access.expose()), None).await?;
            self.decode::<wire::ProfileAnswer>(answer, "a profile").map(Profile::from)
        })
    }

    fn delete_user<'a>(&'a self, access: &'a AccessToken) -> Answer<'a, ()> {
        Box::pin(async move {
            self.call(Method::DELETE, &["auth", "delete"], Some(access.expose()), None).await.map(drop)
        })
    }

    fn custom_data<'a>(
        &'a self,
        access: &'a AccessToken,
        user: &'a UserId,
        source: &'a CustomDataSource,
    ) -> Answer<'a, Option<Document>> {
        Box::pin(self.read_custom_data(access, user, source))
    }

    fn edit_custom_data<'a>(
        &'a self,
        access: &'a AccessToken,
        user: &'a UserId,
        source: &'a CustomDataSource,
        edit: &'a DataEdit,
        present: Option<&'a Document>,
    ) -> Answer<'a, bool> {
        Box::pin(self.write_custom_data(access, user, source, edit, present))
    }

    fn change_custom_data<'a>(
        &'a self,
        access: &'a AccessToken,
        user: &'a UserId,
        source: &'a CustomDataSource,
        change: &'a FieldChange,
    ) -> Answer<'a, ()> {
        Box::pin(self.write_field(access, user, source, change))
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
