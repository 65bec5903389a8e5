//! JavaScript functions of the App: its own ones, which clients call, and hooks, which the App runs itself
//! (sections 8.1, 11.5 and 13).

mod call;
mod engine;
mod input;
mod user_object;

use std::sync::Arc;

use bson::Bson;
use serde_json::json;

use super::app::App;
use super::config::AppConfig;
use super::failure::Failure;
use super::request::RequestFacts;
use engine::Call;
use input::{Caller, Input};

pub use engine::{Engine, Limits};
pub use user_object::user_object;

/// Why a function has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionFailure {
    /// There is no such function, or clients cannot call it.
    #[error("function not found: '{0}'")]
    NotFound(String),
    /// What the function threw. Clients expect the text of an object (section 8.1).
    #[error("{}", json!({ "message": message, "name": name }))]
    Thrown {
        /// `Error`, `TypeError` and so on.
        name: String,
        /// What it says.
        message: String,
    },
    /// It ran too long.
    #[error("execution time limit exceeded")]
    TimeLimit,
    /// It needed too much memory.
    #[error("execution memory limit exceeded")]
    MemoryLimit,
    /// Too many functions run already.
    #[error("too many functions run at the same time; try again in a moment")]
    Busy,
    /// The engine itself failed; `0` is for the log.
    #[error("internal error")]
    Engine(String),
}

impl FunctionFailure {
    fn engine(cause: impl std::fmt::Display) -> Self {
        Self::Engine(cause.to_string())
    }

    /// What a login is refused with when a function that it depends on fails: the protocol has that only for what a
    /// function throws (section 3.6), whose message the client gets.
    pub fn at_login(self) -> Failure {
        match self {
            // Exactly this text makes realm-web repeat a link request for ever.
            Self::Thrown { message, .. } if message == "unauthorized" => {
                Failure::AuthError("unauthorized, says the function".to_owned())
            }
            Self::Thrown { message, .. } => Failure::AuthError(message),
            Self::NotFound(_) => Failure::AuthError(self.to_string()),
            other => other.into(),
        }
    }
}

impl From<FunctionFailure> for Failure {
    fn from(failure: FunctionFailure) -> Self {
        match failure {
            FunctionFailure::NotFound(name) => Self::FunctionNotFound(name),
            FunctionFailure::Busy => Self::Busy,
            FunctionFailure::Engine(cause) => Self::Internal(cause),
            other => Self::Function(other),
        }
    }
}

impl App {
    /// Runs a hook of the App (confirmation, reset, user creation, authentication) as the system user.
    ///
    /// It takes as long as a function may: never call it inside a transaction.
    pub async fn run_hook(
        &self,
        name: &str,
        arguments: Vec<Bson>,
        request: &RequestFacts,
    ) -> Result<Bson, FunctionFailure> {
        self.run_function(self.config(), name, arguments, &Caller::system(), request).await
    }

    async fn run_function(
        &self,
        config: Arc<AppConfig>,
        name: &str,
        arguments: Vec<Bson>,
        caller: &Caller,
        request: &RequestFacts,
    ) -> Result<Bson, FunctionFailure> {
        if !config.functions.contains_key(name) {
            return Err(FunctionFailure::NotFound(name.to_owned()));
        }
        let input = Input { app: self.facts(), config: &config, caller, request, now: self.now() };
        let input = Bson::Document(input.document(arguments));
        let outcome = self.functions().run(Call { name: name.to_owned(), config, input }).await;
        for line in &outcome.logs {
            tracing::debug!(function = name, line, "local App: console");
        }
        if let Err(failure) = &outcome.result {
            tracing::debug!(function = name, %failure, "local App: a function failed");
        }
        outcome.result
    }
}
