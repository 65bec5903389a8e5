//! The API keys of a user. The list is read again after every change.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::account::{ApiKey, ApiKeyId, NewApiKey, Severity, UserKey};
use crate::backend::{self, BackendError, Facet};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Change, UserContext, UserOperation};
use crate::session::{Operation, Outcome, RequestId};

/// Read the user's API keys.
#[derive(Debug, Clone)]
pub struct ListApiKeys {
    /// The user.
    pub user: UserKey,
}

/// The user's API keys.
#[derive(Debug)]
pub struct ApiKeys(pub Arc<[ApiKey]>);

impl Outcome for ApiKeys {
    fn sentence(&self) -> String {
        match self.0.len() {
            1 => "1 API key".into(),
            keys => format!("{keys} API keys"),
        }
    }

    fn is_answer(&self) -> bool {
        true
    }
}

impl Operation for ListApiKeys {
    type Outcome = ApiKeys;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for ListApiKeys {
    fn name(&self) -> &'static str {
        "read the API keys"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let keys = keys(context)?.list(&context.tokens).await?;
            let user = self.user.clone();
            Ok(Change::new(move |engine, request| {
                let keys: Arc<[ApiKey]> = keys.into();
                engine.take_api_keys(&user, Some(Arc::clone(&keys)));
                let subject = engine.subject(&user);
                engine.tell(request, subject, ApiKeys(keys));
            }))
        })
    }
}

/// Make an API key.
#[derive(Debug, Clone)]
pub struct CreateApiKey {
    /// The user.
    pub user: UserKey,
    /// The key's name.
    pub name: String,
}

/// An API key was made. This is the only time that its secret is told.
#[derive(Debug)]
pub struct ApiKeyCreated(pub NewApiKey);

impl Outcome for ApiKeyCreated {
    fn sentence(&self) -> String {
        format!("API key {} made", self.0.key.name)
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        Some((self.sentence(), "its secret is told once and kept nowhere"))
    }
}

impl Operation for CreateApiKey {
    type Outcome = ApiKeyCreated;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for CreateApiKey {
    fn name(&self) -> &'static str {
        "make an API key"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            let created = keys(context)?.create(&context.tokens, &self.name).await?;
            Ok(changed(self.user.clone(), list(context).await, move |_| ApiKeyCreated(created)))
        })
    }
}

/// Let an API key log in, or keep it from doing so.
#[derive(Debug, Clone)]
pub struct SwitchApiKey {
    /// The user.
    pub user: UserKey,
    /// The key.
    pub key: ApiKeyId,
    /// Whether it may log in.
    pub enabled: bool,
}

/// One can log in with an API key again, or not any more.
#[derive(Debug, PartialEq, Eq)]
pub struct ApiKeySwitched {
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub enabled: bool,
}

impl Outcome for ApiKeySwitched {
    fn sentence(&self) -> String {
        format!("API key {} {}", self.name, if self.enabled { "enabled" } else { "disabled" })
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        let rule = match self.enabled {
            true => "whoever has it can log in as the user again",
            false => "nobody logs in with it until it is enabled; sessions that it opened may end",
        };
        Some((self.sentence(), rule))
    }
}

impl Operation for SwitchApiKey {
    type Outcome = ApiKeySwitched;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for SwitchApiKey {
    fn name(&self) -> &'static str {
        if self.enabled { "enable the API key" } else { "disable the API key" }
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            keys(context)?.switch(&context.tokens, &self.key, self.enabled).await?;
            let (key, enabled) = (self.key.clone(), self.enabled);
            Ok(changed(self.user.clone(), list(context).await, move |keys| ApiKeySwitched {
                name: name(&key, keys),
                enabled,
            }))
        })
    }
}

/// Delete an API key for good.
#[derive(Debug, Clone)]
pub struct DeleteApiKey {
    /// The user.
    pub user: UserKey,
    /// The key.
    pub key: ApiKeyId,
}

/// An API key is gone.
#[derive(Debug)]
pub struct ApiKeyDeleted {
    /// Its name.
    pub name: String,
}

impl Outcome for ApiKeyDeleted {
    fn sentence(&self) -> String {
        format!("API key {} deleted", self.name)
    }

    fn timeline(&self) -> Option<(String, &'static str)> {
        Some((self.sentence(), "nobody logs in with it again"))
    }
}

impl Operation for DeleteApiKey {
    type Outcome = ApiKeyDeleted;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.run_as_user(Some(id), self);
    }
}

impl UserOperation for DeleteApiKey {
    fn name(&self) -> &'static str {
        "delete the API key"
    }

    fn user(&self) -> &UserKey {
        &self.user
    }

    fn run<'a>(&'a self, context: &'a UserContext) -> BoxFuture<'a, Result<Change, BackendError>> {
        Box::pin(async {
            keys(context)?.delete(&context.tokens, &self.key).await?;
            let key = self.key.clone();
            Ok(changed(self.user.clone(), list(context).await, move |keys| ApiKeyDeleted {
                name: name(&key, keys),
            }))
        })
    }
}

fn keys(context: &UserContext) -> Result<&dyn backend::ApiKeys, BackendError> {
    context.facet(Facet::ApiKeys, |backend| backend.api_keys())
}

/// The keys after a change. What was asked for is done; a list that does not come changes nothing of it.
async fn list(context: &UserContext) -> Option<Arc<[ApiKey]>> {
    keys(context).ok()?.list(&context.tokens).await.ok().map(Into::into)
}

/// What a change of the keys leads to. `outcome` is made of the keys that were known before and those that are there now.
fn changed<T: Outcome>(
    user: UserKey,
    keys: Option<Arc<[ApiKey]>>,
    outcome: impl FnOnce(&[ApiKey]) -> T + Send + 'static,
) -> Change {
    Change::new(move |engine, request| {
        let former = engine.roster.get(&user).and_then(|session| session.api_keys.clone());
        let known: Vec<ApiKey> =
            former.iter().chain(keys.iter()).flat_map(|keys| keys.iter().cloned()).collect();
        let outcome = outcome(&known);
        engine.take_api_keys(&user, keys);
        let subject = engine.subject(&user);
        engine.tell(request, subject, outcome);
    })
}

fn name(key: &ApiKeyId, known: &[ApiKey]) -> String {
    known.iter().find(|it| it.id == *key).map_or_else(|| key.to_string(), |it| it.name.clone())
}

impl Engine {
    fn take_api_keys(&mut self, user: &UserKey, keys: Option<Arc<[ApiKey]>>) {
        if let (Some(keys), Some(session)) = (keys, self.roster.get_mut(user)) {
            session.api_keys = Some(keys);
            self.user_changed(user);
        }
    }
}
