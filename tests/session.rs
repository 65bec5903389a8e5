//! The session worker as its users see it: commands in, events and snapshots out.

#[path = "session/against_a_local_app.rs"]
mod against_a_local_app;
#[path = "session/against_a_scripted_server.rs"]
mod against_a_scripted_server;
#[path = "session/custom_data.rs"]
mod custom_data;
#[path = "session/harness.rs"]
mod harness;
#[path = "session/looking_after.rs"]
mod looking_after;
