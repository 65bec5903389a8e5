//! A secret that is shown once.

use secrecy::SecretString;

/// The secret of an API key that was just made. It is on the screen until the dialog closes, and nowhere afterwards.
#[derive(Debug)]
pub struct ShownSecret {
    /// What it is the secret of; text from a server.
    pub name: String,
    /// The secret.
    pub secret: SecretString,
    /// Whether it was handed to the clipboard.
    pub copied: bool,
}
