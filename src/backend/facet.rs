//! Facets: what a backend may offer beyond its core.

use std::fmt;

use bson::{Bson, Document};
use secrecy::SecretString;

use super::{Answer, BackendError, BrowserVisit, Granted};
use crate::account::{
    ApiKey, ApiKeyId, Credentials, CustomDataSource, DeviceId, EmailAction, NewApiKey, Provider, Tokens,
    UserId,
};
use crate::data::{DataEdit, FieldPath};

/// Names a facet, for messages about one that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// [`Registration`]
    Registration,
    /// [`Identities`]
    Identities,
    /// [`CustomData`]
    CustomData,
    /// [`ApiKeys`]
    ApiKeys,
    /// [`Account`]
    Account,
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registration => "e-mail/password accounts",
            Self::Identities => "identities to link",
            Self::CustomData => "custom data",
            Self::ApiKeys => "API keys",
            Self::Account => "a way to delete accounts",
        })
    }
}

/// E-mail/password accounts, without a session.
pub trait Registration: Send + Sync {
    /// Creates an account.
    fn register<'a>(&'a self, email: &'a str, password: &'a SecretString) -> Answer<'a, ()>;

    /// Does something about an account.
    fn email_action<'a>(&'a self, action: &'a EmailAction) -> Answer<'a, ()>;

    /// Whether a log-in right after the registration was refused because the account has to be confirmed first.
    fn is_unconfirmed(&self, error: &BackendError) -> bool;

    /// Whether a registration was refused because the account exists already.
    fn is_taken(&self, error: &BackendError) -> bool;
}

/// Identities that are added to a user.
pub trait Identities: Send + Sync {
    /// Adds an identity to `user`, whom `tokens` prove. The answer is the user's new tokens.
    fn link<'a>(
        &'a self,
        user: &'a UserId,
        tokens: &'a Tokens,
        credentials: &'a Credentials,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, Granted>;

    /// Begins the addition of an identity that a person does in a browser.
    fn link_in_browser<'a>(
        &'a self,
        tokens: &'a Tokens,
        provider: &'a Provider,
        device: Option<&'a DeviceId>,
    ) -> Answer<'a, BrowserVisit>;
}

/// Data of the user's own, in a document.
pub trait CustomData: Send + Sync {
    /// Reads the document at its source.
    fn read<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        source: &'a CustomDataSource,
    ) -> Answer<'a, Option<Document>>;

    /// Changes one field; makes the document if there is none.
    fn change<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        source: &'a CustomDataSource,
        change: &'a FieldChange,
    ) -> Answer<'a, ()>;

    /// Makes a person's changes, provided that the document is still as `present` has it. Whether it was: where somebody
    /// was faster, nothing is written.
    fn edit<'a>(
        &'a self,
        tokens: &'a Tokens,
        user: &'a UserId,
        source: &'a CustomDataSource,
        edit: &'a DataEdit,
        present: Option<&'a Document>,
    ) -> Answer<'a, bool>;
}

/// API keys of a user.
pub trait ApiKeys: Send + Sync {
    /// The user's keys.
    fn list<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, Vec<ApiKey>>;

    /// Makes a key.
    fn create<'a>(&'a self, tokens: &'a Tokens, name: &'a str) -> Answer<'a, NewApiKey>;

    /// Lets a key log in, or keeps it from doing so.
    fn switch<'a>(&'a self, tokens: &'a Tokens, id: &'a ApiKeyId, enabled: bool) -> Answer<'a, ()>;

    /// Deletes a key.
    fn delete<'a>(&'a self, tokens: &'a Tokens, id: &'a ApiKeyId) -> Answer<'a, ()>;
}

/// The account itself.
pub trait Account: Send + Sync {
    /// Deletes it.
    fn delete<'a>(&'a self, tokens: &'a Tokens) -> Answer<'a, ()>;
}

/// A change of one field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldChange {
    /// Write the value.
    Set(FieldPath, Bson),
    /// Remove the field.
    Unset(FieldPath),
}
