//! The local App from the outside: real HTTP, and the real process.

#[path = "local_app/accounts.rs"]
mod accounts;
#[path = "local_app/admin.rs"]
mod admin;
#[path = "local_app/api_keys.rs"]
mod api_keys;
#[path = "local_app/app_folder.rs"]
mod app_folder;
#[path = "local_app/browser_login.rs"]
mod browser_login;
#[path = "local_app/clock.rs"]
mod clock;
#[path = "local_app/control.rs"]
mod control;
#[path = "local_app/custom_jwt.rs"]
mod custom_jwt;
#[path = "local_app/data_rules.rs"]
mod data_rules;
#[path = "local_app/documents.rs"]
mod documents;
#[path = "local_app/durability.rs"]
mod durability;
#[path = "local_app/every_endpoint.rs"]
mod every_endpoint;
#[path = "local_app/faults.rs"]
mod faults;
#[path = "local_app/functions.rs"]
mod functions;
#[path = "local_app/housekeeping.rs"]
mod housekeeping;
#[path = "local_app/identity_provider.rs"]
mod identity_provider;
#[path = "local_app/import.rs"]
mod import;
#[path = "local_app/keys.rs"]
mod keys;
#[path = "local_app/killed.rs"]
mod killed;
#[path = "local_app/linking.rs"]
mod linking;
#[path = "local_app/mailbox.rs"]
mod mailbox;
#[path = "local_app/network.rs"]
mod network;
#[path = "local_app/oauth.rs"]
mod oauth;
#[path = "local_app/older_clients.rs"]
mod older_clients;
#[path = "local_app/older_databases.rs"]
mod older_databases;
#[path = "local_app/rate_limits.rs"]
mod rate_limits;
#[path = "local_app/serve.rs"]
mod serve;
#[path = "local_app/sessions.rs"]
mod sessions;
#[path = "local_app/snapshots.rs"]
mod snapshots;
#[path = "local_app/support.rs"]
mod support;
#[path = "local_app/userpass.rs"]
mod userpass;
#[path = "local_app/userpass_app.rs"]
mod userpass_app;
#[path = "local_app/wire.rs"]
mod wire;
#[path = "local_app/work.rs"]
mod work;
