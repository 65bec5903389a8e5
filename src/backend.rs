//! Remote services that have users: what they can do, and how they fail.

pub mod app_services;
pub mod browser;
mod error;
mod http;
mod inbound;
pub mod local_control;
mod server_clock;

use std::fmt::Debug;
use std::sync::Arc;

use bson::{Bson, Document};
use futures_util::future::BoxFuture;
use jiff::SignedDuration;

pub use self::browser::{Arrival, BrowserError, BrowserVisit};
pub use self::error::{BackendError, Verdict};
pub use self::http::HttpClient;
pub use self::local_control::{ControlClient, LocalControl};
use crate::account::{
    AccessToken, ApiKey, ApiKeyId, Credentials, CustomDataSource, DeviceId, EmailAction, NewApiKey, Profile,
    Provider, RefreshToken, Tokens, UserId,
};
use crate::data::{DataEdit, FieldPath};

/// The answer to a request.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// A service that has users, over the network. One value speaks for one App.
///
/// No method retries, and none renews a token by itself: both are the session worker's.
pub trait Backend: Debug + Send + Sync + 'static {
    /// Logs in; every call opens a session.
    fn log_in<'a>(
        &'a self,
        credentials: &'a Credentials,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, NewSession>;

    /// Creates an e-mail/password account.
    fn register<'a>(&'a self, email: &'a str, password: &'a secrecy::SecretString) -> Answer<'a, ()>;

    /// Does something about an e-mail/password account without a session.
    fn email_action<'a>(&'a self, action: &'a EmailAction) -> Answer<'a, ()>;

    /// Adds an identity to `user`, whom `access` proves. The answer is the user's new access token.
    fn link<'a>(
        &'a self,
        user: &'a UserId,
        access: &'a AccessToken,
        credentials: &'a Credentials,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, AccessToken>;

    /// Begins a log-in, or the addition of an identity to the user whom `link` proves, that a person does in a browser.
    fn begin_in_browser<'a>(
        &'a self,
        provider: &'a Provider,
        device: Option<&'a DeviceId>,
        link: Option<&'a AccessToken>,
    ) -> Answer<'a, BrowserVisit> {
        let _ = (provider, device, link);
        Box::pin(std::future::ready(Err(BrowserError::NoPages.into())))
    }

    /// Renews the access token of `user`.
    fn refresh<'a>(&'a self, user: &'a UserId, refresh: &'a RefreshToken) -> Answer<'a, AccessToken>;

    /// Ends the session.
    fn log_out<'a>(&'a self, refresh: &'a RefreshToken) -> Answer<'a, ()>;

    /// Reads the profile.
    fn profile<'a>(&'a self, access: &'a AccessToken) -> Answer<'a, Profile>;

    /// Deletes the account.
    fn delete_user<'a>(&'a self, access: &'a AccessToken) -> Answer<'a, ()>;

    /// Changes one field of the user's custom data; makes the document if there is none.
    fn change_custom_data<'a>(
        &'a self,
        access: &'a AccessToken,
        user: &'a UserId,
        source: &'a CustomDataSource,
        change: &'a FieldChange,
    ) -> Answer<'a, ()>;

    /// Reads the user's custom data at its source.
    fn custom_data<'a>(
        &'a self,
        access: &'a AccessToken,
        user: &'a UserId,
        source: &'a CustomDataSource,
    ) -> Answer<'a, Option<Document>>;

    /// Makes a person's changes, provided that the document is still as `present` has it. Whether it was: where somebody
    /// was faster, nothing is written.
    fn edit_custom_data<'a>(
        &'a self,
        access: &'a AccessToken,
        user: &'a UserId,
        source: &'a CustomDataSource,
        edit: &'a DataEdit,
        present: Option<&'a Document>,
    ) -> Answer<'a, bool>;

    /// The user's API keys.
    fn api_keys<'a>(&'a self, refresh: &'a RefreshToken) -> Answer<'a, Vec<ApiKey>>;

    /// Makes an API key.
    fn create_api_key<'a>(&'a self, refresh: &'a RefreshToken, name: &'a str) -> Answer<'a, NewApiKey>;

    /// Lets an API key log in, or keeps it from doing so.
    fn set_api_key_enabled<'a>(
        &'a self,
        refresh: &'a RefreshToken,
        id: &'a ApiKeyId,
        enabled: bool,
    ) -> Answer<'a, ()>;

    /// Deletes an API key.
    fn delete_api_key<'a>(&'a self, refresh: &'a RefreshToken, id: &'a ApiKeyId) -> Answer<'a, ()>;

    /// The way to the App's control API, if this client has one.
    fn control(&self) -> Option<Arc<dyn LocalControl>> {
        None
    }

    /// The host that the App named as where it is served, if nobody has accepted it: nothing is sent there.
    fn other_host(&self) -> Option<String> {
        None
    }

    /// Ends connections that nothing is on, whose buffers may hold secrets.
    fn hang_up(&self) {}

    /// How far the server's clock is ahead of ours, give or take a second, as its last answer shows. Each answer tells once.
    fn clock_ahead(&self) -> Option<SignedDuration>;
}

/// A session as it was opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Whose it is.
    pub user: UserId,
    /// How the user logged in.
    pub provider: Provider,
    /// The tokens.
    pub tokens: Tokens,
    /// The device id that the server gave, if it gave one.
    pub device: Option<DeviceId>,
}

/// A change of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldChange {
    /// Write the value.
    Set(FieldPath, Bson),
    /// Remove the field.
    Unset(FieldPath),
}
