//! The command line as scripts and people use it: the real binary, its output and its exit codes.
#![cfg(unix)]

#[path = "cli/apps.rs"]
mod apps;
#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "cli/clocks.rs"]
mod clocks;
#[path = "cli/credentials.rs"]
mod credentials;
#[path = "cli/device.rs"]
mod device;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/embedded_app.rs"]
mod embedded_app;
#[path = "cli/hostile_server.rs"]
mod hostile_server;
#[path = "local_app/identity_provider.rs"]
#[allow(dead_code)]
mod identity_provider;
#[path = "cli/browser.rs"]
mod in_the_browser;
#[path = "cli/locking.rs"]
mod locking;
#[path = "cli/looking_after.rs"]
mod looking_after;
#[path = "cli/output.rs"]
mod output;
#[path = "cli/prompts.rs"]
mod prompts;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/server.rs"]
mod server;
#[path = "local_app/support.rs"]
#[allow(dead_code)]
mod support;
#[path = "support/terminal.rs"]
#[allow(dead_code)]
mod terminal;
#[path = "cli/tls.rs"]
mod tls;
#[path = "cli/tokens.rs"]
mod tokens;
#[path = "cli/vault_key.rs"]
mod vault_key;
