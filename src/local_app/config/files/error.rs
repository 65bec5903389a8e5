//! What is wrong with a configuration.

/// A file of the configuration does not say what it should. No text of this holds a value from a file: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A file that has to be there is not.
    #[error("{file} is missing; {hint}")]
    Missing {
        /// The file.
        file: String,
        /// What to do.
        hint: String,
    },
    /// The file is not JSON.
    #[error("{file}: line {line}, column {column}: not JSON: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// A field holds something else than it should.
    #[error("{file}: {}{expected}", place(.field))]
    Field {
        /// The file.
        file: String,
        /// The way to the field, such as `local-userpass.config.autoConfirm`; empty: the file as a whole.
        field: String,
        /// What should be there.
        expected: String,
    },
}

impl ConfigError {
    /// A field that holds something else than `expected`.
    pub fn field(file: &str, field: &str, expected: impl Into<String>) -> Self {
        Self::Field { file: file.to_owned(), field: field.to_owned(), expected: expected.into() }
    }

    /// The file that it is about.
    pub fn file(&self) -> &str {
        match self {
            Self::Missing { file, .. } | Self::Syntax { file, .. } | Self::Field { file, .. } => file,
        }
    }
}

fn place(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("{field}: ") }
}
