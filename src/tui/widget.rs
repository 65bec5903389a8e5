//! Pieces of the screen that know nothing of users and sessions.

pub mod form;
pub mod gauge;
pub mod input;
pub mod line;
pub mod list;
pub mod page;
pub mod text_field;
