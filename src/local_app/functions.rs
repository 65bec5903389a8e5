//! JavaScript functions of the App: its own ones, which clients call, and hooks, which the App runs itself
//! (sections 8.1, 11.5 and 13).
//!
//! They run in workers, which are processes of the idmux program: only a process can be ended whatever it does.

#[doc(hidden)]
pub mod benching;
mod call;
mod engine;
mod frames;
mod input;
mod pool;
mod program;
mod secrets;
mod turns;
mod user_object;
mod worker;

use std::fmt;
use std::sync::Arc;

use bson::Bson;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::app::App;
use super::config::AppConfig;
use super::failure::Failure;
use super::request::RequestFacts;
use input::{Caller, Input};
use pool::Call;

pub use call::expansions;
pub use engine::Limits;
pub use input::bson_of;
pub use pool::Pool;
pub use user_object::{of_user, user_object};
pub use worker::work_if_asked;

/// Why a function has no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
        /// Where, as far as that is known.
        at: Option<Place>,
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
    /// It took its process with it.
    #[error("the process that the function ran in ended: {0}")]
    Ended(String),
    /// There is nothing to run it in.
    #[error("this server cannot run functions: {0}")]
    NoWorker(String),
    /// The engine itself failed; `0` is for the log.
    #[error("internal error")]
    Engine(String),
}

/// A place in the App's functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The function, which another one may have called.
    pub function: String,
    /// The line in its file, from 1.
    pub line: Option<u32>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "functions/{}.js", self.function)?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

impl FunctionFailure {
    fn engine(cause: impl fmt::Display) -> Self {
        Self::Engine(cause.to_string())
    }

    fn thrown(name: &str, message: impl Into<String>) -> Self {
        Self::Thrown { name: name.to_owned(), message: message.into(), at: None }
    }

    /// What a login is refused with when a function that it depends on fails: the protocol has that only for what a
    /// function throws (section 3.6), whose message the client gets.
    pub fn at_login(self) -> Failure {
        match self {
            // Exactly this text makes realm-web repeat a link request for ever.
            Self::Thrown { message, .. } if message == "unauthorized" => {
                Failure::FunctionThrew("unauthorized, says the function".to_owned())
            }
            Self::Thrown { message, .. } => Failure::FunctionThrew(message),
            Self::NotFound(_) => Failure::FunctionThrew(self.to_string()),
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
            FunctionFailure::NoWorker(_) => Self::NoFunctions,
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
        // What it is given are credentials, for the most part; it may throw them.
        let secrets = secrets::of(&arguments);
        self.run_function(self.config(), name, arguments, &Caller::system(), request, None)
            .await
            .inspect_err(|failure| self.tell_failure(name, failure, &secrets))
    }

    async fn run_function(
        &self,
        config: Arc<AppConfig>,
        name: &str,
        arguments: Vec<Bson>,
        caller: &Caller,
        request: &RequestFacts,
        user: Option<&str>,
    ) -> Result<Bson, FunctionFailure> {
        if !config.functions.contains_key(name) {
            return Err(FunctionFailure::NotFound(name.to_owned()));
        }
        let input = Input { app: self.facts(), config: &config, caller, request, now: self.now() };
        let input = Bson::Document(input.document(arguments));
        let call = Call { name: name.to_owned(), config, input, user: user.map(str::to_owned) };
        let outcome = self.functions().run(call).await;
        for line in &outcome.logs {
            tracing::debug!(function = name, line, "local App: console");
        }
        outcome.result
    }

    /// Tells whoever looks after the App that a function failed, and why.
    fn tell_failure(&self, name: &str, failure: &FunctionFailure, secrets: &[String]) {
        let why = match failure {
            FunctionFailure::Thrown { name, message, at } => {
                let at = at.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
                format!("{name}: {message}{at}")
            }
            FunctionFailure::Engine(cause) => format!("the engine failed: {cause}"),
            other => other.to_string(),
        };
        self.notices().tell(&format!("function '{name}' failed: {}", secrets::hidden(&why, secrets)));
    }
}
