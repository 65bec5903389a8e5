//! What the panes list, as data: computed when it changes, drawn by `view`, measured by `update`.

pub mod claims;
pub mod compare;
pub mod help;
pub mod identities;
pub mod session;
pub mod tree;
