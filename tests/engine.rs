//! The guarantees of the session engine, against a scripted backend: no network, and time that the test moves.

#[path = "engine/clock_truth.rs"]
mod clock_truth;
#[path = "engine/early_renewal.rs"]
mod early_renewal;
#[path = "engine/late_answers.rs"]
mod late_answers;
#[path = "engine/model.rs"]
mod model;
#[path = "engine/script.rs"]
mod script;
#[path = "engine/secrets.rs"]
mod secrets;
#[path = "engine/shared_vault.rs"]
mod shared_vault;
#[path = "engine/timeline.rs"]
mod timeline;
#[path = "engine/worker.rs"]
mod worker;
#[path = "engine/world.rs"]
mod world;
