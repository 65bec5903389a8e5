//! What the panes list, as data: computed when it changes, drawn by `view`, measured by `update`.

pub mod claims;
pub mod compare;
pub mod qr;
pub mod scale;
pub mod track;
pub mod tree;
