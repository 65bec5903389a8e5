//! Functions of an App (section 11.5).

use serde_json::Value;

/// A function: its source, and who may run it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Function {
    /// JavaScript that assigns the entry point to `exports`.
    pub source: String,
    /// Who may run it, and as whom.
    pub rules: FunctionRules,
}

impl Function {
    /// A function that every user may call.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), rules: FunctionRules::default() }
    }
}

/// What `functions/config.json` says of a function, with the documented defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FunctionRules {
    /// Clients cannot call it.
    pub private: bool,
    /// A rule expression that a client's call has to meet; `None`: always met.
    pub can_evaluate: Option<Value>,
    /// A script that says as whom it runs. Scripts are not run here, and so clients may not call it.
    pub run_as_script: Option<String>,
    /// Runs as the system user; goes before `run_as_user_id`.
    pub run_as_system: bool,
    /// Runs as this user.
    pub run_as_user_id: Option<String>,
    /// Its arguments stay out of the log.
    pub disable_arg_logs: bool,
}
