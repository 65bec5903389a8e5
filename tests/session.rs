//! The session worker as its users see it: commands in, events and snapshots out.

#[path = "session/against_a_local_app.rs"]
mod against_a_local_app;
#[path = "session/against_a_scripted_server.rs"]
mod against_a_scripted_server;
#[path = "session/any_document.rs"]
mod any_document;
#[path = "support/browser.rs"]
#[allow(dead_code)]
mod browser;
#[path = "session/custom_data.rs"]
mod custom_data;
#[path = "session/harness.rs"]
mod harness;
#[path = "local_app/identity_provider.rs"]
#[allow(dead_code)]
mod identity_provider;
#[path = "session/browser.rs"]
mod in_the_browser;
#[path = "session/looking_after.rs"]
mod looking_after;
#[path = "session/sliding.rs"]
mod sliding;
#[path = "local_app/support.rs"]
#[allow(dead_code)]
mod support;
