//! The local App from the outside: real HTTP, and the real process.

#[path = "local_app/accounts.rs"]
mod accounts;
#[path = "local_app/control.rs"]
mod control;
#[path = "local_app/documents.rs"]
mod documents;
#[path = "local_app/durability.rs"]
mod durability;
#[path = "local_app/linking.rs"]
mod linking;
#[path = "local_app/mailbox.rs"]
mod mailbox;
#[path = "local_app/serve.rs"]
mod serve;
#[path = "local_app/sessions.rs"]
mod sessions;
#[path = "local_app/support.rs"]
mod support;
#[path = "local_app/userpass.rs"]
mod userpass;
#[path = "local_app/userpass_app.rs"]
mod userpass_app;
#[path = "local_app/wire.rs"]
mod wire;
