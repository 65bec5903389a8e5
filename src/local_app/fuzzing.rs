//! What the fuzz targets in `tests/fuzz` reach. Compiled for them alone (`cfg(fuzzing)`).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::app::App;
use super::config::files::AppFiles;
use super::config::{AppConfig, CustomToken, Offer, TokenAlgorithm, TokenKeys};
use super::failure::Failure;
use super::http::fuzzing::{call, object};
use super::import::ImportRequest;
use super::providers::Provider;
use super::request::RequestFacts;
use super::sessions::fuzzing::{Signer, TokenKind};
use super::sessions::{Device, fuzzing};
use super::{Options, RateLimits, Storage};
use crate::data::Budget;

/// How many requests one App answers before a fresh one takes over, so that memory does not grow for ever.
const REQUESTS: u32 = 2_000;

/// A token as it was sent, under a key that the fuzzer does not know: nothing counts.
pub fn token(text: &str) {
    let signer = Signer::new();
    for kind in [TokenKind::Access, TokenKind::Refresh] {
        assert!(signer.verify(text, kind, Timestamp::UNIX_EPOCH).is_err(), "a forged token counts: {text}");
    }
}

/// Claims that the right key signed: they count only if they say what they must.
pub fn claims(json: &[u8]) {
    let Ok(claims) = serde_json::from_slice::<Value>(json) else { return };
    let signer = Signer::new();
    let Some(token) = signer.sign(&claims) else { return };
    for (kind, typ, session) in
        [(TokenKind::Access, "access", "iss"), (TokenKind::Refresh, "refresh", "baas_id")]
    {
        if let Ok(grant) = signer.verify(&token, kind, Timestamp::UNIX_EPOCH) {
            assert_eq!(claims["typ"], typ);
            assert_eq!(claims["baas_domain_id"], fuzzing::DOMAIN);
            assert_eq!(claims["sub"], grant.user_id.as_str());
            assert_eq!(claims[session], grant.session_id.as_str());
            let expires = crate::numeric_date::read(&claims["exp"]);
            assert!(expires.is_some_and(|at| at > Timestamp::UNIX_EPOCH), "{claims}");
        }
    }
}

/// Request bodies: those of log-ins, calls and imports, each as the handlers take them, down to the store.
pub struct Bodies {
    runtime: tokio::runtime::Runtime,
    app: Arc<App>,
    user_id: String,
    left: u32,
}

impl Bodies {
    /// An App in memory, with a user.
    pub fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let mut options =
            Options { rate_limits: RateLimits::OFF, ..Options::new("fuzz-abcde", Storage::Memory) };
        options.config.providers.custom_token = Offer::Enabled(CustomToken {
            audience: Vec::new(),
            require_any_audience: false,
            algorithm: TokenAlgorithm::Hs256,
            keys: TokenKeys::Given(vec!["a key that no fuzzer finds in time".into()]),
            metadata_fields: Vec::new(),
        });
        let (app, user_id) = runtime.block_on(async {
            let app = App::open("fuzz-abcde".parse().expect("an app id"), options).await.expect("it opens");
            let anybody = app
                .verify_identity(Provider::AnonUser, &serde_json::Map::new(), &RequestFacts::default())
                .await
                .expect("an identity");
            let login =
                app.log_in(anybody, Device::Absent, &RequestFacts::default()).await.expect("a log-in");
            (Arc::new(app), login.user_id)
        });
        Self { runtime, app, user_id, left: REQUESTS }
    }

    /// `POST …/functions/call` of a user who is logged in.
    pub fn call(&mut self, body: &[u8]) {
        self.next();
        let Ok(body) = object(body) else { return };
        let Ok((Some(service), name, arguments)) = call(body) else { return };
        let budget = Budget::default();
        let (user, facts) = (self.user_id.clone(), RequestFacts::default());
        let called = self.app.call_service(user, &service, &name, arguments, &facts, &budget);
        refuse_internal(&called);
    }

    /// `POST …/auth/providers/{provider}/login`, with whatever the provider makes of the body.
    pub fn log_in(&mut self, body: &[u8]) {
        self.next();
        let Some((&provider, body)) = body.split_first() else { return };
        let provider = Provider::ALL[usize::from(provider) % Provider::ALL.len()];
        let Ok(body) = object(body) else { return };
        let facts = RequestFacts::default();
        let outcome = self.runtime.block_on(async {
            let provider = self.app.enabled_provider(provider.name())?;
            let identity = self.app.verify_identity(provider, &body, &facts).await?;
            self.app.log_in(identity, Device::of_login(&body), &facts).await
        });
        refuse_internal(&outcome);
    }

    /// `POST /users/import` of the control API, twice: all users are accounted for, and nobody lands again.
    pub fn import(&mut self, body: &[u8]) {
        self.next();
        let Ok(list) = serde_json::from_slice::<Value>(body) else { return };
        let given = list.as_array().or_else(|| list.get("users")?.as_array()).map_or(0, Vec::len);
        for again in [false, true] {
            let Ok(request) = ImportRequest::parse(list.clone()) else { return };
            let imported = self.runtime.block_on(self.app.import_users(request));
            refuse_internal(&imported);
            let Ok(report) = imported else { return };
            assert_eq!(report.imported + report.unchanged + report.refused.len(), given);
            assert!(!again || report.imported == 0, "a second run brings {} users", report.imported);
        }
    }

    fn next(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            *self = Self::new();
        }
    }
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new()
    }
}

/// Whatever is sent, it is not the server's own trouble.
fn refuse_internal<T>(outcome: &Result<T, Failure>) {
    if let Err(failure @ (Failure::Store(_) | Failure::Internal(_))) = outcome {
        panic!("{failure:?}");
    }
}

/// The files of an App, as `idmux serve --app` reads them: parts separated by NUL, path and text by turns.
pub fn app_files(text: &str) {
    let parts: Vec<&str> = text.split('\0').collect();
    let files: AppFiles = parts.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let _ = AppConfig::from_files(&files);
}
