//! Pieces of the screen that know nothing of users and sessions.

pub mod gauge;
pub mod text_field;
