//! What a key can ask for.

use super::{KEYMAP, kebab_case};

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// End the program.
    Quit,
    /// Show all keys.
    Help,
    /// Close the topmost dialog, or dismiss the error in the activity line.
    Close,
    /// Close the vault: keys and tokens leave the memory of every idmux process.
    Lock,
    /// Draw the whole screen anew.
    Repaint,
    /// Stop the program until the shell lets it go on.
    Suspend,
    /// Focus the next pane.
    NextPane,
    /// Focus the pane before.
    PreviousPane,
    /// Show only the focused pane.
    Zoom,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Leftwards: collapse, go to the pane on the left, choose the option before.
    Left,
    /// Rightwards: expand, go to the pane on the right, choose the next option.
    Right,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// Expand what is collapsed, collapse what is expanded.
    Toggle,
    /// All Apps.
    Apps,
    /// Make an App known.
    AddApp,
    /// Change the App under the cursor.
    EditApp,
    /// Forget the App under the cursor on this device.
    ForgetApp,
    /// Write the former value of custom data back.
    Undo,
    /// Show a secret field, or hide it again.
    Reveal,
    /// Log a user in.
    LogIn,
    /// Register an account.
    Register,
    /// Add an identity to the selected user.
    Link,
    /// Renew the selected user's access token.
    Refresh,
    /// Make the selected user the current one.
    MakeCurrent,
    /// Log the selected user out.
    LogOut,
    /// Forget the selected user on this device.
    Remove,
    /// Delete the selected user's account.
    Delete,
    /// Edit the custom data value under the cursor.
    Edit,
    /// Add a custom data field.
    AddField,
    /// Remove the custom data field under the cursor.
    RemoveField,
    /// Edit the custom data as a whole in an editor.
    EditDocument,
    /// Read the custom data at its source.
    ReadSource,
    /// Leave the custom data as somebody else has written it.
    TakeTheirs,
    /// Write the own change over it.
    WriteMine,
    /// To the next field of a dialog.
    NextField,
    /// To the field before.
    PreviousField,
    /// Do what the dialog offers.
    Submit,
    /// What helps somebody who cannot log in.
    Password,
    /// The API keys of the selected user.
    ApiKeys,
    /// The mailbox of a local App.
    Mailbox,
    /// The clock of a local App.
    Clock,
    /// Open the chart of lifetimes, or go back to the board.
    Lifetimes,
    /// Look at a shorter time in more detail.
    ZoomIn,
    /// Look at a longer time in less detail.
    ZoomOut,
    /// Sort by something else.
    Sort,
    /// Leave out the next level of the log.
    FilterLevel,
    /// Show what concerns the selected user alone, or everybody.
    FilterUser,
    /// Show what concerns the next App alone.
    FilterApp,
    /// Open the comparison of users, or go back to the board.
    Compare,
    /// Add a user to the comparison.
    AddUser,
    /// Take a user out of it.
    RemoveUser,
    /// Hide what is equal, or show it again.
    HideEqual,
    /// One user before and after the last renewal, or all of them again.
    BeforeAfter,
    /// Open the log of this run, or go back to the board.
    Log,
    /// Copy what is shown, or under the cursor, to the clipboard.
    Copy,
    /// Choose what of the selected user to copy.
    CopyMenu,
    /// Copy the user's id.
    CopyUserId,
    /// Copy the access token.
    CopyAccessToken,
    /// Copy the refresh token.
    CopyRefreshToken,
    /// Copy the profile.
    CopyProfile,
    /// Find an action, a user or an app by its name.
    Palette,
    /// Show only the users that match a text.
    Filter,
    /// Mark the user under the cursor, or take its mark away.
    Mark,
    /// Mark the users that are not marked, and no others.
    InvertMarks,
    /// Focus the Users pane.
    UsersPane,
    /// Focus the Session pane.
    SessionPane,
    /// Focus the Identities pane.
    IdentitiesPane,
    /// Focus the Custom data pane.
    CustomDataPane,
    /// Open the address that is shown in the browser.
    OpenBrowser,
    /// Show the address as a QR code on the whole screen.
    ShowCode,
    /// Paste the address that the browser ended at.
    PasteAddress,
    /// Focus the Timeline pane.
    TimelinePane,
    /// Show the users of one app alone, or of all.
    OneApp,
    /// Read again what is shown.
    Reload,
    /// Make an API key.
    NewKey,
    /// Enable the API key under the cursor, or disable it.
    ToggleKey,
    /// Delete the API key under the cursor.
    DeleteKey,
    /// Do what the mail under the cursor is for.
    UseMail,
    /// Empty the mailbox.
    ClearMails,
    /// Move the App's clock by half an hour.
    ClockHalfHour,
    /// By an hour.
    ClockHour,
    /// By a day.
    ClockDay,
    /// Past the life of a refresh token.
    ClockTwoMonths,
    /// By an amount that is asked for.
    ClockAmount,
    /// Stop the App's clock, or let it run.
    ClockFreeze,
    /// Back to the machine's time.
    ClockReset,
}

impl Action {
    /// All actions, in the order of the table.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for binding in KEYMAP {
            if !all.contains(&binding.action) {
                all.push(binding.action);
            }
        }
        all
    }

    /// Its name in the configuration.
    pub fn name(self) -> String {
        kebab_case(&format!("{self:?}"))
    }

    /// Other names that people know it by, for the palette.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::ApiKeys => &["keys of the user"],
            Self::Clock => &["time"],
            Self::Close => &["back"],
            Self::Compare => &["diff", "side by side"],
            Self::CopyMenu => &["yank"],
            Self::Delete => &["delete account"],
            Self::EditDocument => &["editor"],
            Self::Filter => &["search", "find"],
            Self::Help => &["keys"],
            Self::Link => &["make permanent"],
            Self::Lock => &["lock vault"],
            Self::LogIn => &["login", "sign in"],
            Self::LogOut => &["logout", "sign out"],
            Self::Mailbox => &["mail"],
            Self::MakeCurrent => &["switch", "use"],
            Self::Password => &["reset password", "confirm"],
            Self::Quit => &["exit"],
            Self::ReadSource => &["source"],
            Self::Refresh => &["renew"],
            Self::Register => &["sign up", "create user"],
            Self::Remove => &["forget"],
            Self::TimelinePane => &["history"],
            _ => &[],
        }
    }

    /// The action of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|action| action.name() == name)
    }
}
