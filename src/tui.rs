//! The terminal user interface.
//!
//! The model is the screen: [`update::update`] takes messages in and changes the [`model::Model`], [`view::view`] draws
//! it, and [`event_loop`] carries keys, snapshots, events and time to the one and draws the other when something changed.
//! It knows nothing of the worker but its public face, `crate::session`.

pub mod activity;
pub mod content;
pub mod countdown;
pub mod dialog;
pub mod effect;
pub mod form;
pub mod keymap;
pub mod layout;
pub mod message;
pub mod model;
pub mod needs;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod wake;
pub mod widget;
pub mod words;
