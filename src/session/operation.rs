//! Requests that need an access token, and how they run.

use std::sync::Arc;
use std::time::Duration;

use bson::Document;

use super::{RequestId, retry};
use crate::account::{
    AccessToken, ApiKey, ApiKeyAction, Credentials, CustomDataSource, DataEdit, DeviceId, NewApiKey, Profile,
    Provider, Tokens, UserId,
};
use crate::backend::{Backend, BackendError, BrowserVisit, FieldChange, Verdict};

/// Something to do as a user.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Who asked.
    pub request: Option<RequestId>,
    /// What to do.
    pub kind: OperationKind,
    /// Whether the access token was renewed for it already. It is renewed once at most.
    pub renewed: bool,
    /// How often it failed for a reason that may pass.
    pub failures: u32,
}

/// The action that reads custom data at its source. Its failure is shown where the data would be.
pub const READ_SOURCE: &str = "read custom data at its source";

/// How often a request that changes nothing is tried in all.
const TRIES: u32 = 3;

impl Operation {
    /// Something to do for the first time.
    pub fn new(request: Option<RequestId>, kind: OperationKind) -> Self {
        Self { request, kind, renewed: false, failures: 0 }
    }

    /// The wait before another try after `error`, if it is worth one: the request changes nothing, nobody watches it
    /// fail, and the reason may pass.
    pub fn retry_wait(&self, error: &BackendError, jitter: f64) -> Option<Duration> {
        let Verdict::TryLater { after } = error.verdict() else { return None };
        let again = matches!(self.kind, OperationKind::FetchProfile) && self.failures + 1 < TRIES;
        again.then(|| retry::wait(self.failures + 1, after, jitter))
    }
}

/// What to do.
#[derive(Debug, Clone)]
pub enum OperationKind {
    /// Read the profile.
    FetchProfile,
    /// Add an identity.
    Link {
        /// The credentials of the identity.
        credentials: Credentials,
        /// Whether to create the account first.
        register: bool,
    },
    /// Add an identity by the pages of an identity provider.
    LinkWithBrowser(Provider),
    /// Delete the account.
    Delete,
    /// Change the custom data.
    ChangeCustomData(FieldChange),
    /// Read the custom data at its source.
    ReadCustomData,
    /// Make a person's changes to it, unless somebody else was faster.
    EditCustomData(DataEdit),
    /// Something with the user's API keys.
    ApiKeys(ApiKeyAction),
}

/// What came of an operation.
#[derive(Debug)]
pub enum Done {
    /// The profile was read.
    Profile(Profile),
    /// The identity was added. The access token is missing if the server gave none, the profile if it could not be read
    /// again.
    Linked(Option<AccessToken>, Option<Profile>),
    /// A browser has to go somewhere first.
    BrowserNeeded(Box<BrowserVisit>),
    /// The account is gone.
    Deleted,
    /// The custom data was changed.
    CustomDataChanged,
    /// The custom data at its source.
    CustomDataRead(Option<Document>),
    /// A person's changes were made; the document as it is now, if it could be read again.
    CustomDataEdited(Option<Document>),
    /// Somebody else was faster; what is there now.
    CustomDataConflict(Option<Document>),
    /// An API key was made, if one was to be, and all of them; `None` if they could not be read again.
    ApiKeys(Option<NewApiKey>, Option<Vec<ApiKey>>),
}

impl OperationKind {
    /// What is tried, for a person.
    pub fn action(&self) -> &'static str {
        match self {
            Self::FetchProfile => "read the profile",
            Self::Link { .. } | Self::LinkWithBrowser(_) => "link an identity",
            Self::Delete => "delete the account",
            Self::ChangeCustomData(_) => "change custom data",
            Self::ReadCustomData => READ_SOURCE,
            Self::EditCustomData(_) => "change custom data",
            Self::ApiKeys(ApiKeyAction::List) => "read the API keys",
            Self::ApiKeys(ApiKeyAction::Create { .. }) => "make an API key",
            Self::ApiKeys(ApiKeyAction::Enable(_)) => "enable the API key",
            Self::ApiKeys(ApiKeyAction::Disable(_)) => "disable the API key",
            Self::ApiKeys(ApiKeyAction::Delete(_)) => "delete the API key",
        }
    }

    /// Runs the operation once, with the given tokens.
    pub async fn run(
        &self,
        backend: Arc<dyn Backend>,
        user: &UserId,
        tokens: &Tokens,
        device: Option<&DeviceId>,
        source: &CustomDataSource,
    ) -> Result<Done, BackendError> {
        let access = &tokens.access;
        match self {
            Self::FetchProfile => backend.profile(access).await.map(Done::Profile),
            Self::Link { credentials, register } => {
                if let (true, Credentials::EmailPassword { email, password }) = (*register, credentials) {
                    register_once(backend.as_ref(), email, password).await?;
                }
                let access = backend.link(user, access, credentials, device).await?;
                let profile = backend.profile(&access).await.ok();
                Ok(Done::Linked(Some(access), profile))
            }
            Self::LinkWithBrowser(provider) => {
                let visit = backend.begin_in_browser(provider, device, Some(access)).await?;
                Ok(Done::BrowserNeeded(Box::new(visit)))
            }
            Self::Delete => backend.delete_user(access).await.map(|()| Done::Deleted),
            Self::ChangeCustomData(change) => backend
                .change_custom_data(access, user, source, change)
                .await
                .map(|()| Done::CustomDataChanged),
            Self::ReadCustomData => backend.custom_data(access, user, source).await.map(Done::CustomDataRead),
            Self::EditCustomData(edit) => edit_once(backend.as_ref(), access, user, source, edit).await,
            Self::ApiKeys(action) => {
                let (backend, refresh) = (backend.as_ref(), &tokens.refresh);
                let created = match action {
                    ApiKeyAction::List => {
                        let keys = backend.api_keys(refresh).await?;
                        return Ok(Done::ApiKeys(None, Some(keys)));
                    }
                    ApiKeyAction::Create { name } => Some(backend.create_api_key(refresh, name).await?),
                    ApiKeyAction::Enable(id) => {
                        backend.set_api_key_enabled(refresh, id, true).await.map(|()| None)?
                    }
                    ApiKeyAction::Disable(id) => {
                        backend.set_api_key_enabled(refresh, id, false).await.map(|()| None)?
                    }
                    ApiKeyAction::Delete(id) => backend.delete_api_key(refresh, id).await.map(|()| None)?,
                };
                // What was asked for is done; a list that does not come changes nothing of it.
                Ok(Done::ApiKeys(created, backend.api_keys(refresh).await.ok()))
            }
        }
    }
}

/// Makes a person's changes where everything is as the person saw it. The source is read right before, since only that
/// finds every difference; the write itself carries conditions, for whoever is faster still.
async fn edit_once(
    backend: &dyn Backend,
    access: &AccessToken,
    user: &UserId,
    source: &CustomDataSource,
    edit: &DataEdit,
) -> Result<Done, BackendError> {
    let present = backend.custom_data(access, user, source).await?;
    if edit.conflicts_with(present.as_ref()) {
        return Ok(Done::CustomDataConflict(present));
    }
    let edit = &present.as_ref().map_or_else(|| edit.clone(), |present| edit.with_types_of(present));
    if !backend.edit_custom_data(access, user, source, edit, present.as_ref()).await? {
        return backend.custom_data(access, user, source).await.map(Done::CustomDataConflict);
    }
    // The changes are made; a source that cannot be read again changes nothing of it.
    let now = backend.custom_data(access, user, source).await.ok().flatten();
    Ok(Done::CustomDataEdited(now))
}

/// Creates an account. That it exists already is no failure here: an earlier try may have got this far, and the
/// password decides at the link itself.
async fn register_once(
    backend: &dyn Backend,
    email: &str,
    password: &secrecy::SecretString,
) -> Result<(), BackendError> {
    match backend.register(email, password).await {
        Err(BackendError::Refused { code: Some(code), .. }) if code == "AccountNameInUse" => Ok(()),
        other => other,
    }
}
