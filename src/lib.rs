//! idmux: a terminal account manager.
//!
//! It logs many users of an App in at once, shows them side by side, keeps their sessions alive, and makes every
//! identity, token lifetime and piece of custom data visible and editable from the keyboard. `ARCHITECTURE.md` says
//! which part may know which.

#![forbid(unsafe_code)]

pub mod account;
pub mod app;
pub mod backend;
pub mod browser;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash;
pub mod data;
pub mod folders;
pub mod format;
pub mod hardening;
mod hidden_input;
pub mod local_app;
pub mod logging;
pub mod loopback;
pub mod numeric_date;
pub mod session;
pub mod text;
pub mod tui;
pub mod vault;
