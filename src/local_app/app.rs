//! The App's shared parts. What it can do is in the rooms: each adds its operations to [`App`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once, PoisonError};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::accounts::Creations;
use super::app_clock::AppClock;
use super::app_id::AppId;
use super::budget::Workshop;
use super::config::{AppFolder, ConfigSource, LiveConfig};
use super::failure::Failure;
use super::faults::Faults;
use super::functions::{Limits, Pool};
use super::hashing::{HashingMemory, HashingPool};
use super::lifetimes::Lifetimes;
use super::notices::Notices;
use super::providers::{Provider, RemoteDocuments};
use super::rate_limits::{Limiters, network_of};
use super::request::RequestFacts;
use super::sessions::TokenSigner;
use super::shared_state::SharedState;
use super::store::{self, AppFacts, Opened, Opening, Store};
use super::{LocalAppError, Options, ids};

/// Bytes of the key that signs tokens; HS256 asks for at least as many as its hash has (RFC 7518, section 3.2).
const SIGNING_KEY_BYTES: usize = 64;
/// Characters of the control token.
const CONTROL_TOKEN_LENGTH: usize = 40;

/// One App, as its rooms share it.
pub struct App {
    facts: AppFacts,
    store: Arc<dyn Store>,
    config: LiveConfig,
    clock: AppClock,
    shared: SharedState,
    faults: Faults,
    control_token: SecretString,
    signer: TokenSigner,
    functions: Pool,
    notices: Notices,
    creations: Creations,
    hashing: HashingPool,
    workshop: Workshop,
    limiters: Limiters,
    remote: RemoteDocuments,
    lifetimes: Lifetimes,
    new_session_lifetimes: Mutex<Option<Lifetimes>>,
    links_without_origins: Once,
}

impl App {
    /// Opens the App's storage; at its first start, makes its ids and its key.
    pub async fn open(app_id: AppId, options: Options) -> Result<Self, LocalAppError> {
        let Options {
            storage,
            lifetimes,
            given_lifetimes,
            config,
            app_folder,
            clock,
            move_clock,
            control_token,
            rate_limits,
            function_worker,
            ..
        } = options;
        let store = store::open(&storage, &app_id).await?;
        let source = match app_folder {
            Some(folder) => ConfigSource::Folder(AppFolder::new(folder)),
            None => ConfigSource::Store(Box::new(config)),
        };
        let config = LiveConfig::open(source, given_lifetimes, store.as_ref()).await?;
        let no_random = |error: getrandom::Error| LocalAppError::Server(error.to_string());
        let control_token = match control_token {
            Some(token) => token,
            None => ids::secret(CONTROL_TOKEN_LENGTH).map_err(no_random)?,
        };
        let opening = Opening {
            facts: AppFacts { app_id, internal_id: ids::oid(), group_id: ids::oid(), domain_id: ids::oid() },
            key_id: ids::oid(),
            key: random_key().map_err(no_random)?,
            provider_ids: fresh_provider_ids(),
            move_clock,
            system: clock.now(),
        };
        let Opened { facts, keys, clock: setting } = store.open_app(opening).await?;
        let limits = Limits::default();
        let time = config.config().settings.function_time_limit.unwrap_or(limits.time);
        Ok(Self {
            signer: TokenSigner::new(&keys, &facts.domain_id),
            facts,
            store,
            config,
            clock: AppClock::new(clock, setting),
            shared: SharedState::new(),
            faults: Faults::default(),
            control_token,
            notices: Notices::default(),
            creations: Creations::default(),
            functions: Pool::new(Limits { time, ..limits }, function_worker.as_deref()),
            hashing: HashingPool::default(),
            workshop: Workshop::default(),
            limiters: Limiters::new(rate_limits),
            remote: RemoteDocuments::default(),
            lifetimes,
            new_session_lifetimes: Mutex::new(None),
            links_without_origins: Once::new(),
        })
    }

    /// Finishes what the store has queued and closes it.
    pub async fn close(&self) {
        self.store.close().await;
    }

    pub fn facts(&self) -> &AppFacts {
        &self.facts
    }

    pub fn control_token(&self) -> &SecretString {
        &self.control_token
    }

    /// Whether `token` is the control token; takes as long whatever is wrong with it.
    pub fn is_control_token(&self, token: &str) -> bool {
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        digest(token) == digest(self.control_token.expose_secret())
    }

    /// SHA-256 of the control token.
    pub fn control_token_hash(&self) -> Vec<u8> {
        Sha256::digest(self.control_token.expose_secret().as_bytes()).to_vec()
    }

    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    pub fn live_config(&self) -> &LiveConfig {
        &self.config
    }

    pub fn clock(&self) -> &AppClock {
        &self.clock
    }

    pub fn shared(&self) -> &SharedState {
        &self.shared
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn creations(&self) -> &Creations {
        &self.creations
    }

    /// What whoever runs the server is told.
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    pub fn functions(&self) -> &Pool {
        &self.functions
    }

    /// The present moment of the App: all lifetimes follow it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// What identity providers publish, and the way to ask them.
    pub fn remote(&self) -> &RemoteDocuments {
        &self.remote
    }

    /// The server's lifetimes, of every session without its own.
    pub fn lifetimes(&self) -> Lifetimes {
        let settings = &self.config().settings;
        Lifetimes {
            access: settings.access_token_lifetime.unwrap_or(self.lifetimes.access),
            refresh: settings.refresh_token_lifetime.unwrap_or(self.lifetimes.refresh),
        }
    }

    /// Lifetimes that a session opened now keeps for itself.
    pub fn new_session_lifetimes(&self) -> Option<Lifetimes> {
        *self.new_session_lifetimes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn open_sessions_with(&self, lifetimes: Option<Lifetimes>) {
        *self.new_session_lifetimes.lock().unwrap_or_else(PoisonError::into_inner) = lifetimes;
    }

    /// Says, at the first link, that the hosted service refused links to Apps without a list of origins (section 17.1).
    pub fn warn_of_links_without_origins(&self) {
        if self.config().allowed_request_origins.is_empty() {
            self.links_without_origins.call_once(|| {
                tracing::warn!(
                    "local App: an identity was linked; App Services forbade that (403, \"linking forbidden without first \
                     specifying allowed request origins\") to an App without allowed_request_origins: list the origins of \
                     your pages in root_config.json"
                );
            });
        }
    }

    /// Runs `work`, which hashes for a request, away from the tasks that answer requests, a few at a time.
    pub async fn hashing<T: Send + 'static>(
        &self,
        request: &RequestFacts,
        work: impl FnOnce(&mut HashingMemory) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        self.hashing.run(network_of(request), work).await
    }

    /// How often something was hashed.
    #[cfg(test)]
    pub fn hashes(&self) -> u64 {
        self.hashing.count()
    }

    /// Where work is done whose size a client chooses.
    pub fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// How often credentials may be tried.
    pub fn limiters(&self) -> &Limiters {
        &self.limiters
    }
}

/// An id for the configuration of each provider.
pub fn fresh_provider_ids() -> BTreeMap<String, String> {
    Provider::ALL.into_iter().map(|provider| (provider.name().to_owned(), ids::oid())).collect()
}

/// Bytes that sign tokens.
pub fn random_key() -> Result<Zeroizing<Vec<u8>>, getrandom::Error> {
    let mut key = Zeroizing::new(vec![0_u8; SIGNING_KEY_BYTES]);
    getrandom::fill(&mut key)?;
    Ok(key)
}
