//! The command line as scripts and people use it: the real binary, its output and its exit codes.
#![cfg(unix)]

#[path = "cli/apps.rs"]
mod apps;
#[path = "cli/credentials.rs"]
mod credentials;
#[path = "cli/device.rs"]
mod device;
#[path = "cli/embedded_app.rs"]
mod embedded_app;
#[path = "cli/locking.rs"]
mod locking;
#[path = "cli/looking_after.rs"]
mod looking_after;
#[path = "cli/prompts.rs"]
mod prompts;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/server.rs"]
mod server;
#[path = "support/terminal.rs"]
#[allow(dead_code)]
mod terminal;
#[path = "cli/tokens.rs"]
mod tokens;
#[path = "cli/vault_key.rs"]
mod vault_key;
