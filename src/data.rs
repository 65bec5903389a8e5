//! Documents and operators, once for the client and the local App: how values are written and read, compared and counted, found
//! by paths, filtered, sorted, updated, and how two documents differ. No I/O, and nobody else's types.

pub mod budget;
pub mod change;
pub mod compare;
pub mod edited_text;
pub mod ejson;
pub mod filter;
pub mod number;
pub mod path;
pub mod projection;
pub mod sort;
pub mod update;
pub mod value;

pub use budget::{Budget, Spent};
pub use change::{DataChange, DataEdit, EditBase};
pub use path::{FieldPath, PathError};

/// Why an operator could not be read, or not be applied to a document.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It is not what MongoDB takes; the text says what.
    #[error("{0}")]
    Refused(String),
    /// It needs more steps than the request has.
    #[error(transparent)]
    Spent(#[from] Spent),
    /// A value cannot be encoded.
    #[error(transparent)]
    Encode(#[from] bson::error::Error),
}

impl From<PathError> for DataError {
    fn from(error: PathError) -> Self {
        Self::Refused(match error {
            PathError::Empty => "a path contains an empty field name, or a NUL".into(),
            PathError::TooLong => format!("a path has at most {} segments", path::LONGEST),
            PathError::Operator(segment) => format!("the field name '{segment}' starts with '$'"),
        })
    }
}
