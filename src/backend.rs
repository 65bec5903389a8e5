//! Remote services that have users: what they can do, and how they fail.
//!
//! Every backend has the small core of [`Backend`]: sign in, keep a session alive, sign out, say who it is, and judge its own
//! failures. Whatever else a service may offer is a facet, which a backend has or has not.

pub mod app_services;
pub mod browser;
mod error;
pub mod facet;
mod http;
mod inbound;
pub mod local_control;
mod server_clock;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::SignedDuration;

pub use self::browser::{Arrival, BrowserError, BrowserVisit};
pub use self::error::{BackendError, Verdict};
pub use self::facet::{Account, ApiKeys, CustomData, Facet, FieldChange, Identities, Registration};
pub use self::http::HttpClient;
pub use self::local_control::{ControlClient, LocalControl};
use crate::account::{Credentials, DeviceId, Profile, Provider, Tokens, UserId};

/// The answer to a request.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// A service that has users, over the network. One value speaks for one app.
///
/// No method retries, and none refreshes a token by itself: both are the session engine's.
pub trait Backend: Debug + Send + Sync + 'static {
    /// What kind of service it is, for a person: "App Services".
    fn name(&self) -> &'static str;

    /// Begins to sign a user in. Every call that is done opens a session.
    fn sign_in<'a>(&'a self, step: SignInStep<'a>) -> Answer<'a, SignIn>;

    /// Makes the session of `user` last longer. Whatever comes back replaces the tokens as a whole: a refresh token may have
    /// rotated, or there may be none and the access token is its own renewal.
    fn refresh<'a>(&'a self, user: &'a UserId, tokens: &'a Tokens) -> Answer<'a, Granted>;

    /// Ends the session.
    fn sign_out<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()>;

    /// Reads the profile.
    fn profile<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, Profile>;

    /// What the failure of a *refresh* says of the session. Only a definite answer in the service's own envelope ends it: a
    /// page of a proxy does not.
    fn verdict(&self, error: &BackendError) -> Verdict;

    /// Whether the service refused the access token itself, so that a refresh may help.
    fn refuses_access_token(&self, error: &BackendError) -> bool;

    /// Whether the answer to a sign-out says that the session is gone anyway.
    fn session_is_gone(&self, error: &BackendError) -> bool;

    /// How far the server's clock is ahead of ours, give or take a second, as its last answer shows. Each answer tells once.
    fn clock_ahead(&self) -> Option<SignedDuration>;

    /// E-mail/password accounts.
    fn registration(&self) -> Option<&dyn Registration> {
        None
    }

    /// Identities that are added to a user.
    fn identities(&self) -> Option<&dyn Identities> {
        None
    }

    /// Data of the user's own.
    fn custom_data(&self) -> Option<&dyn CustomData> {
        None
    }

    /// API keys of the user.
    fn api_keys(&self) -> Option<&dyn ApiKeys> {
        None
    }

    /// The account itself.
    fn account(&self) -> Option<&dyn Account> {
        None
    }

    /// The way to the App's control API, if this client has one.
    fn control(&self) -> Option<Arc<dyn LocalControl>> {
        None
    }

    /// The host that the app named as where it is served, if nobody has accepted it: nothing is sent there.
    fn other_host(&self) -> Option<String> {
        None
    }

    /// Ends connections that nothing is on, whose buffers may hold secrets.
    fn hang_up(&self) {}
}

/// A step of signing in.
#[derive(Debug, Clone, Copy)]
pub enum SignInStep<'a> {
    /// Begin with what a person gave.
    With {
        /// What.
        credentials: &'a Credentials,
        /// The device id that the service gave before.
        device: Option<&'a DeviceId>,
    },
    /// Begin at the pages of an identity provider.
    InBrowser {
        /// Which.
        provider: &'a Provider,
        /// The device id that the service gave before.
        device: Option<&'a DeviceId>,
    },
}

/// What a step of signing in comes to.
#[derive(Debug)]
pub enum SignIn {
    /// A session is open.
    Done(Box<NewSession>),
    /// A browser has to go somewhere first.
    Browser(Box<BrowserVisit>),
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

/// Tokens that take the place of the ones before, as a whole.
#[derive(Debug, Clone)]
pub struct Granted {
    /// Whose they are. Those of another user are refused.
    pub user: UserId,
    /// The tokens.
    pub tokens: Tokens,
}
