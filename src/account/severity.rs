//! How good or bad something is.

use serde::{Deserialize, Serialize};

/// How something stands, or how something went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// It works, or went as it should.
    Good,
    /// It is on its way.
    Busy,
    /// It may need attention.
    Warn,
    /// It failed, or needs a person.
    Bad,
}
