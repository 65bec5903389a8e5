//! What of a user can be copied.

use crate::account::UserKey;
use crate::session::UserView;
use crate::tui::keymap::Action;

/// The menu. It holds no secret: tokens are asked for when they are chosen.
#[derive(Debug)]
pub struct CopyMenu {
    /// The user.
    pub user: UserKey,
    /// What the user is called.
    pub label: String,
    /// The row under the cursor.
    pub cursor: usize,
}

impl CopyMenu {
    /// What its rows do, from the top.
    pub const ROWS: [Action; 4] =
        [Action::CopyUserId, Action::CopyAccessToken, Action::CopyRefreshToken, Action::CopyProfile];

    /// The menu of a user, with the cursor on the first row.
    pub fn new(user: &UserView) -> Self {
        Self { user: user.key.clone(), label: user.label.clone(), cursor: 0 }
    }
}
