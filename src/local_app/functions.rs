//! JavaScript functions of the App: its own ones, which clients call, and hooks, which the App runs itself
//! (sections 8.1, 11.5 and 13).

mod engine;
mod input;

use bson::Bson;
use serde_json::json;

use super::app::App;
use super::request::RequestFacts;
use engine::Call;
use input::{Caller, Input};

pub use engine::{Engine, Limits};

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
        self.run_function(name, arguments, &Caller::system(), request).await
    }

    async fn run_function(
        &self,
        name: &str,
        arguments: Vec<Bson>,
        caller: &Caller,
        request: &RequestFacts,
    ) -> Result<Bson, FunctionFailure> {
        let config = self.config();
        if !config.functions.contains_key(name) {
            return Err(FunctionFailure::NotFound(name.to_owned()));
        }
        let input = Input { app: self.facts(), config: &config, caller, request, now: self.now() };
        let input = Bson::Document(input.document(arguments));
        let outcome = self.functions().run(Call { name: name.to_owned(), config, input }).await;
        if let Err(failure) = &outcome.result {
            tracing::debug!(function = name, %failure, "local App: a function failed");
        }
        outcome.result
    }
}
