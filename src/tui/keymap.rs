//! Keys as data. Dispatch, the hint line and the help overlay all read the one table below.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// End the program.
    Quit,
    /// Show all keys.
    Help,
    /// Close the topmost dialog, or dismiss the error in the activity line.
    Close,
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
    /// Copy what is shown to the clipboard.
    Copy,
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

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// The Users pane.
    Users,
    /// The Session pane.
    Session,
    /// The Identities pane.
    Identities,
    /// The Custom data pane.
    CustomData,
    /// A text field of a dialog; every other key is text.
    TextField,
    /// A choice or a toggle of a dialog.
    ChoiceField,
    /// A question with two answers.
    Question,
    /// The help overlay.
    Help,
    /// Something that can only be read.
    Notice,
    /// The clock of a local App.
    Clock,
    /// The mailbox of a local App.
    Mailbox,
    /// The API keys of a user.
    ApiKeys,
    /// A secret that is shown once.
    Secret,
}

use Context::{ChoiceField, CustomData, Identities, Notice, Question, Session, TextField, Users};

const PANES: &[Context] = &[Users, Session, Identities, CustomData];
const DETAILS: &[Context] = &[Session, Identities];
const OTHERS: &[Context] = &[Users, Session, Identities];
const FORM: &[Context] = &[TextField, ChoiceField];
const BOARDS: &[Context] = &[Context::Clock, Context::Mailbox, Context::ApiKeys];
const DIALOGS: &[Context] = &[
    TextField,
    ChoiceField,
    Question,
    Context::Help,
    Context::Clock,
    Context::Mailbox,
    Context::ApiKeys,
    Context::Secret,
];
const LISTS: &[Context] = &[
    Users,
    Session,
    Identities,
    CustomData,
    Context::Help,
    Context::Clock,
    Context::Mailbox,
    Context::ApiKeys,
];

/// A key with its modifiers. Shift is part of the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const fn key(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::NONE }
}

const fn plain(c: char) -> Key {
    key(KeyCode::Char(c))
}

const fn ctrl(c: char) -> Key {
    Key { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
}

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        let held = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        self.code == event.code && self.modifiers == held
    }

    /// How people write the key.
    pub fn name(self) -> String {
        match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                format!("Ctrl-{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".to_owned(),
            KeyCode::Down => "↓".to_owned(),
            KeyCode::Left => "←".to_owned(),
            KeyCode::Right => "→".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            other => format!("{other:?}"),
        }
    }
}

/// One line of the keymap.
#[derive(Debug)]
pub struct Binding {
    /// What it asks for.
    pub action: Action,
    /// The keys that ask for it; the first is the one to show.
    pub keys: &'static [Key],
    /// Where it holds.
    pub contexts: &'static [Context],
    /// A word or two for the hint line; empty for keys that need no hint.
    pub hint: &'static str,
    /// A sentence for the help overlay; empty for keys that belong to dialogs and are hinted there.
    pub description: &'static str,
}

/// All bindings, the most useful first: the hint line shows them in this order as far as they fit.
pub const KEYMAP: &[Binding] = &[
    bind(Action::Close, &[key(KeyCode::Esc)], PANES, "dismiss", "dismiss an error, leave the zoom"),
    // First what only the focused pane means by its keys, then what holds for all of them.
    bind(Action::Edit, &[plain('e')], &[CustomData], "edit", "edit the custom data value under the cursor"),
    bind(Action::AddField, &[plain('a')], &[CustomData], "add", "add a custom data field"),
    bind(
        Action::RemoveField,
        &[plain('d')],
        &[CustomData],
        "remove field",
        "remove the custom data field under the cursor",
    ),
    bind(Action::Right, &[plain('l'), key(KeyCode::Right)], &[CustomData], "expand", "expand"),
    bind(
        Action::Left,
        &[plain('h'), key(KeyCode::Left)],
        &[CustomData],
        "collapse",
        "collapse, or go to what holds it",
    ),
    bind(Action::Toggle, &[plain(' '), key(KeyCode::Enter)], &[CustomData], "", "expand or collapse"),
    bind(Action::Right, &[plain('l'), key(KeyCode::Right)], DETAILS, "right", "to the pane on the right"),
    bind(Action::Left, &[plain('h'), key(KeyCode::Left)], DETAILS, "left", "to the pane on the left"),
    bind(Action::LogIn, &[plain('l')], &[Users], "log in", "log in another user, or this one again"),
    bind(
        Action::Right,
        &[key(KeyCode::Enter), key(KeyCode::Right)],
        &[Users],
        "",
        "to the session of the user",
    ),
    bind(Action::Refresh, &[plain('R')], PANES, "refresh", "renew the access token now"),
    bind(Action::MakeCurrent, &[plain('s')], PANES, "current", "make the user the current one (*)"),
    bind(Action::LogOut, &[plain('o')], PANES, "log out", "end the session; the user stays known"),
    bind(Action::Register, &[plain('r')], PANES, "register", "register an e-mail account, and log it in"),
    bind(Action::Link, &[plain('L')], PANES, "link", "link another identity to the user"),
    bind(Action::Remove, &[plain('x')], PANES, "remove", "forget the user here; the account lives on"),
    bind(Action::Delete, &[plain('D')], PANES, "delete", "delete the account at the server"),
    bind(Action::Mailbox, &[plain('M')], PANES, "mailbox", "the mailbox of a local App"),
    bind(Action::Clock, &[plain('T')], PANES, "clock", "the clock of a local App: move, stop, reset it"),
    bind(Action::ApiKeys, &[plain('K')], PANES, "API keys", "the API keys of the user"),
    bind(Action::Password, &[plain('P')], PANES, "password", "reset a password, confirm an address"),
    bind(Action::Edit, &[plain('e')], OTHERS, "", "edit the custom data value under the cursor"),
    bind(Action::AddField, &[plain('a')], OTHERS, "", "add a custom data field"),
    bind(Action::Zoom, &[plain('z')], PANES, "zoom", "show only the focused pane, or all again"),
    bind(Action::Down, &[plain('j'), key(KeyCode::Down)], LISTS, "", "down"),
    bind(Action::Up, &[plain('k'), key(KeyCode::Up)], LISTS, "", "up"),
    bind(Action::First, &[plain('g'), key(KeyCode::Home)], LISTS, "", "to the first row"),
    bind(Action::Last, &[plain('G'), key(KeyCode::End)], LISTS, "", "to the last row"),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], LISTS, "", "a page up"),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], LISTS, "", "a page down"),
    bind(Action::NextPane, &[key(KeyCode::Tab)], PANES, "next pane", "to the next pane"),
    bind(Action::PreviousPane, &[key(KeyCode::BackTab)], PANES, "", "to the pane before"),
    bind(Action::Repaint, &[ctrl('l')], PANES, "", "draw the screen anew"),
    bind(Action::Suspend, &[ctrl('z')], PANES, "", "suspend; fg in the shell comes back"),
    // Boards.
    bind(Action::ClockHalfHour, &[plain('m')], &[Context::Clock], "", "30 minutes on"),
    bind(Action::ClockHour, &[plain('h')], &[Context::Clock], "", "1 hour on"),
    bind(Action::ClockDay, &[plain('d')], &[Context::Clock], "", "1 day on"),
    bind(
        Action::ClockTwoMonths,
        &[plain('e')],
        &[Context::Clock],
        "",
        "61 days on: past the end of a usual refresh token",
    ),
    bind(Action::ClockAmount, &[plain('a')], &[Context::Clock], "", "another amount, forwards or back"),
    bind(Action::ClockFreeze, &[plain('f')], &[Context::Clock], "", "stop it, or let it run again"),
    bind(Action::ClockReset, &[plain('r')], &[Context::Clock], "", "back to its machine's time"),
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Context::Clock], "do it", ""),
    bind(
        Action::UseMail,
        &[plain('c'), key(KeyCode::Enter)],
        &[Context::Mailbox],
        "confirm",
        "confirm the address, or set a new password",
    ),
    bind(Action::Copy, &[plain('y')], &[Context::Mailbox], "copy link", "copy the mail's link"),
    bind(Action::ClearMails, &[plain('X')], &[Context::Mailbox], "empty", "empty the mailbox"),
    bind(Action::NewKey, &[plain('n')], &[Context::ApiKeys], "new", "make a key"),
    bind(
        Action::ToggleKey,
        &[plain('e'), plain(' ')],
        &[Context::ApiKeys],
        "enable/disable",
        "enable the key, or disable it",
    ),
    bind(Action::DeleteKey, &[plain('d')], &[Context::ApiKeys], "delete", "delete the key"),
    bind(Action::Reload, &[plain('r')], &[Context::Mailbox, Context::ApiKeys], "read again", "read it again"),
    bind(Action::Close, &[key(KeyCode::Esc), plain('q')], BOARDS, "close", ""),
    bind(Action::Copy, &[plain('y'), plain('c')], &[Context::Secret], "copy", ""),
    bind(Action::Close, &[key(KeyCode::Esc), key(KeyCode::Enter)], &[Context::Secret], "close", ""),
    // Dialogs.
    bind(Action::Submit, &[key(KeyCode::Enter)], FORM, "submit", ""),
    bind(Action::NextField, &[key(KeyCode::Tab)], FORM, "next field", ""),
    bind(Action::PreviousField, &[key(KeyCode::BackTab)], FORM, "", ""),
    bind(Action::Up, &[key(KeyCode::Up)], FORM, "", ""),
    bind(Action::Down, &[key(KeyCode::Down)], FORM, "", ""),
    bind(Action::Right, &[plain(' '), key(KeyCode::Right), plain('l')], &[ChoiceField], "change", ""),
    bind(Action::Left, &[key(KeyCode::Left), plain('h')], &[ChoiceField], "", ""),
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Question], "choose", ""),
    bind(
        Action::Right,
        &[key(KeyCode::Right), key(KeyCode::Tab), plain('l')],
        &[Question],
        "other answer",
        "",
    ),
    bind(Action::Left, &[key(KeyCode::Left), key(KeyCode::BackTab), plain('h')], &[Question], "", ""),
    bind(Action::Close, &[key(KeyCode::Esc)], &[TextField, ChoiceField, Question], "cancel", ""),
    bind(Action::Close, &[key(KeyCode::Esc), plain('q'), plain('?')], &[Context::Help], "close", ""),
    // Always last in the hint line, and always there.
    bind(Action::Help, &[plain('?')], PANES, "help", "show this help"),
    bind(Action::Quit, &[plain('q'), ctrl('c')], PANES, "quit", "quit; sessions stay in the vault"),
    bind(Action::Quit, &[plain('q'), ctrl('c')], &[Notice], "quit", ""),
    bind(Action::Quit, &[ctrl('c')], DIALOGS, "quit", ""),
    bind(Action::Suspend, &[ctrl('z')], DIALOGS, "", ""),
    bind(Action::Suspend, &[ctrl('z')], &[Notice], "", ""),
];

const fn bind(
    action: Action,
    keys: &'static [Key],
    contexts: &'static [Context],
    hint: &'static str,
    description: &'static str,
) -> Binding {
    Binding { action, keys, contexts, hint, description }
}

/// What a key press asks for in `context`.
pub fn action(context: Context, event: &KeyEvent) -> Option<Action> {
    KEYMAP
        .iter()
        .filter(|binding| binding.contexts.contains(&context))
        .find(|binding| binding.keys.iter().any(|key| key.matches(event)))
        .map(|binding| binding.action)
}

/// The binding of an action in `context`.
pub fn binding(context: Context, action: Action) -> Option<&'static Binding> {
    KEYMAP.iter().find(|binding| binding.action == action && binding.contexts.contains(&context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const CONTEXTS: [Context; 13] = [
        Users,
        Session,
        Identities,
        CustomData,
        TextField,
        ChoiceField,
        Question,
        Context::Help,
        Notice,
        Context::Clock,
        Context::Mailbox,
        Context::ApiKeys,
        Context::Secret,
    ];

    fn press(context: Context, code: KeyCode) -> Option<Action> {
        action(context, &KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in CONTEXTS {
            let mut seen = HashSet::new();
            for binding in KEYMAP.iter().filter(|binding| binding.contexts.contains(&context)) {
                for key in binding.keys {
                    assert!(seen.insert(*key), "{context:?}: {} is bound twice", key.name());
                }
            }
        }
    }

    #[test]
    fn one_can_quit_from_everywhere() {
        for context in CONTEXTS {
            let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(action(context, &event), Some(Action::Quit), "{context:?}");
        }
    }

    #[test]
    fn l_logs_in_from_the_users_and_means_right_elsewhere() {
        assert_eq!(press(Users, KeyCode::Char('l')), Some(Action::LogIn));
        for context in [Session, Identities, CustomData] {
            assert_eq!(press(context, KeyCode::Char('l')), Some(Action::Right), "{context:?}");
        }
    }

    #[test]
    fn letters_are_text_in_a_text_field() {
        for c in ' '..='~' {
            assert_eq!(press(TextField, KeyCode::Char(c)), None, "{c}");
        }
    }

    #[test]
    fn capital_letters_arrive_with_or_without_shift() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            assert_eq!(action(Users, &KeyEvent::new(KeyCode::Char('L'), modifiers)), Some(Action::Link));
        }
        let control = KeyEvent::new(KeyCode::Char('D'), KeyModifiers::CONTROL);
        assert_eq!(action(Users, &control), None);
    }

    #[test]
    fn every_key_of_the_panes_is_described() {
        for binding in KEYMAP.iter().filter(|binding| binding.contexts.iter().any(|c| PANES.contains(c))) {
            assert!(!binding.description.is_empty(), "{:?}", binding.action);
        }
    }
}
