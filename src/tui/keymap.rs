//! Keys as data: the one table below, and the keymap in force, which is the table with the keys that a person chose.
//! Dispatch, the hint line, the help overlay, the palette and the documentation all read it.

mod action;
mod context;
mod effective;
mod key;
mod remap;
mod table;

use crossterm::event::KeyCode;

pub use action::Action;
pub use context::Context;
pub use effective::{Bound, Keymap};
pub use key::{Key, KeyError};
pub use remap::{Mistake, NO_KEY, RemapError, Setting};
pub use table::Row;

use key::{ctrl, key, plain};

use Context::{ChoiceField, CustomData, Identities, Notice, Question, Session, TextField, Timeline, Users};

const PANES: &[Context] = &[Users, Session, Identities, CustomData, Timeline];
const VIEWS: &[Context] = &[Context::Lifetimes, Context::Compare, Context::Log];
/// Wherever no dialog is open.
const ANYWHERE: &[Context] =
    &[Users, Session, Identities, CustomData, Timeline, Context::Lifetimes, Context::Compare, Context::Log];
/// Where there is a selected user to do something with.
const SESSIONS: &[Context] = &[Users, Session, Identities, CustomData, Timeline, Context::Lifetimes];
const DETAILS: &[Context] = &[Session, Identities, Timeline];
const OTHERS: &[Context] = &[Users, Session, Identities, Timeline];
const FORM: &[Context] = &[TextField, ChoiceField];
const FINDERS: &[Context] = &[Context::Filter, Context::Palette];
const BOARDS: &[Context] = &[Context::Clock, Context::Mailbox, Context::ApiKeys, Context::Apps];
const DIALOGS: &[Context] = &[
    TextField,
    ChoiceField,
    Question,
    Context::Help,
    Context::Clock,
    Context::Mailbox,
    Context::ApiKeys,
    Context::Apps,
    Context::LinkPreview,
    Context::Browser,
    Context::Secret,
    Context::Filter,
    Context::Palette,
    Context::CopyMenu,
    Context::Document,
    Context::Conflict,
];
const CHANGES: &[Context] = &[Context::Document, Context::Conflict];
const LISTS: &[Context] = &[
    Users,
    Session,
    Identities,
    CustomData,
    Timeline,
    Context::Lifetimes,
    Context::Compare,
    Context::Log,
    Context::Clock,
    Context::Mailbox,
    Context::ApiKeys,
    Context::Apps,
    Context::CopyMenu,
];

/// One line of the table.
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
    bind(
        Action::Close,
        &[key(KeyCode::Esc)],
        PANES,
        "dismiss",
        "dismiss an error, clear marks, filter, zoom",
    ),
    bind(Action::Close, &[key(KeyCode::Esc)], VIEWS, "back", "back to the board"),
    bind(Action::ZoomIn, &[plain('+'), plain('=')], &[Context::Lifetimes], "zoom in", "a shorter time"),
    bind(Action::ZoomOut, &[plain('-')], &[Context::Lifetimes], "zoom out", "a longer time"),
    bind(
        Action::Sort,
        &[plain('s')],
        &[Context::Lifetimes],
        "sort",
        "by the end of the refresh token, or of the access token",
    ),
    bind(
        Action::Toggle,
        &[key(KeyCode::Enter)],
        &[Context::Lifetimes],
        "to the user",
        "to the user on the board",
    ),
    bind(
        Action::Toggle,
        &[key(KeyCode::Enter)],
        &[Context::Log],
        "details",
        "all of the entry, or the list again",
    ),
    bind(Action::FilterLevel, &[plain('f')], &[Context::Log], "level", "leave out what matters less"),
    bind(Action::FilterUser, &[plain('u')], &[Context::Log], "user", "only the selected user, or everybody"),
    bind(Action::FilterApp, &[plain('a')], &[Context::Log], "app", "only the next App, or all"),
    bind(Action::Copy, &[plain('y')], &[Context::Log], "copy", "copy all of the entry"),
    bind(Action::AddUser, &[plain('a')], &[Context::Compare], "add user", "add a user, up to four"),
    bind(Action::RemoveUser, &[plain('x')], &[Context::Compare], "remove", "take the user of the column out"),
    bind(
        Action::HideEqual,
        &[plain('=')],
        &[Context::Compare],
        "hide equal",
        "hide what is equal, or show it",
    ),
    bind(
        Action::BeforeAfter,
        &[plain('b')],
        &[Context::Compare],
        "before/after",
        "the user of the column before and after the last renewal",
    ),
    bind(Action::Refresh, &[plain('R')], &[Context::Compare], "refresh", ""),
    bind(
        Action::Left,
        &[plain('h'), key(KeyCode::Left)],
        &[Context::Compare],
        "",
        "to the column on the left",
    ),
    bind(
        Action::Right,
        &[plain('l'), key(KeyCode::Right)],
        &[Context::Compare],
        "",
        "to the column on the right",
    ),
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
    bind(
        Action::EditDocument,
        &[plain('E')],
        &[CustomData],
        "in $EDITOR",
        "edit all custom data in $VISUAL or $EDITOR",
    ),
    bind(Action::ReadSource, &[plain('S')], &[CustomData], "source", "read the custom data at its source"),
    bind(Action::Right, &[plain('l'), key(KeyCode::Right)], &[CustomData], "expand", "expand"),
    bind(
        Action::Left,
        &[plain('h'), key(KeyCode::Left)],
        &[CustomData],
        "collapse",
        "collapse, or go to what holds it",
    ),
    bind(Action::Toggle, &[plain(' '), key(KeyCode::Enter)], &[CustomData], "", "expand or collapse"),
    bind(
        Action::LogIn,
        &[plain('l')],
        &[Users, Context::Lifetimes],
        "log in",
        "log in another user, or this one again",
    ),
    bind(
        Action::Right,
        &[key(KeyCode::Enter), key(KeyCode::Right)],
        &[Users],
        "",
        "to the session of the user",
    ),
    bind(Action::Refresh, &[plain('R')], SESSIONS, "refresh", "renew the access token now"),
    bind(Action::MakeCurrent, &[plain('s')], PANES, "current", "make the user the current one (*)"),
    bind(Action::LogOut, &[plain('o')], PANES, "log out", "end the session; the user stays known"),
    bind(Action::Register, &[plain('r')], PANES, "register", "register an e-mail account, and log it in"),
    bind(Action::Link, &[plain('L')], PANES, "link", "link an identity: anonymous becomes permanent"),
    bind(Action::Remove, &[plain('x')], PANES, "remove", "forget the user here; the account lives on"),
    bind(Action::Delete, &[plain('D')], PANES, "delete", "delete the account at the server"),
    bind(Action::Mailbox, &[plain('M'), plain('9')], PANES, "mailbox", "the mailbox of a local App"),
    bind(
        Action::Clock,
        &[plain('T'), plain('0')],
        SESSIONS,
        "clock",
        "the clock of a local App: move, stop, reset it",
    ),
    bind(Action::ApiKeys, &[plain('K')], PANES, "API keys", "the API keys of the user"),
    bind(Action::Undo, &[plain('u')], PANES, "undo", "undo the last change of the custom data"),
    bind(Action::Password, &[plain('P')], PANES, "password", "reset a password, confirm an address"),
    bind(Action::Filter, &[plain('/')], PANES, "filter", "show only the users that match a text"),
    bind(Action::OneApp, &[plain('f')], PANES, "one app", "only this app's users, or those of all apps"),
    bind(Action::Mark, &[plain(' ')], &[Users], "mark", "mark it; refresh, log out, remove act on all"),
    bind(Action::InvertMarks, &[plain('v')], &[Users], "", "mark exactly those that are not marked"),
    bind(Action::Edit, &[plain('e')], OTHERS, "", "edit the custom data value under the cursor"),
    bind(Action::AddField, &[plain('a')], OTHERS, "", "add a custom data field"),
    bind(Action::EditDocument, &[plain('E')], OTHERS, "", "edit all custom data in $VISUAL or $EDITOR"),
    bind(Action::ReadSource, &[plain('S')], OTHERS, "", "read the custom data at its source"),
    bind(Action::Copy, &[plain('y')], PANES, "copy", "copy what is under the cursor"),
    bind(Action::Apps, &[plain('A')], PANES, "apps", "the Apps: add, change, forget one, log in"),
    bind(Action::AddApp, &[], PANES, "", "add an App"),
    bind(Action::CopyMenu, &[plain('Y')], PANES, "", "choose what to copy: id, tokens, profile"),
    bind(Action::Zoom, &[plain('z')], PANES, "zoom", "show only the focused pane, or all again"),
    bind(Action::Right, &[plain('l'), key(KeyCode::Right)], DETAILS, "right", "to the pane on the right"),
    bind(Action::Left, &[plain('h'), key(KeyCode::Left)], DETAILS, "left", "to the pane on the left"),
    bind(Action::Down, &[plain('j'), key(KeyCode::Down)], LISTS, "", "down"),
    bind(Action::Up, &[plain('k'), key(KeyCode::Up)], LISTS, "", "up"),
    bind(Action::First, &[plain('g'), key(KeyCode::Home)], LISTS, "", "to the first row"),
    bind(Action::Last, &[plain('G'), key(KeyCode::End)], LISTS, "", "to the last row"),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], LISTS, "", "a page up"),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], LISTS, "", "a page down"),
    bind(Action::NextPane, &[key(KeyCode::Tab)], PANES, "next pane", "to the next pane"),
    bind(Action::PreviousPane, &[key(KeyCode::BackTab)], PANES, "", "to the pane before"),
    bind(Action::UsersPane, &[plain('1')], ANYWHERE, "", "to the Users pane"),
    bind(Action::SessionPane, &[plain('2')], ANYWHERE, "", "to the Session pane"),
    bind(Action::IdentitiesPane, &[plain('3')], ANYWHERE, "", "to the Identities pane"),
    bind(Action::CustomDataPane, &[plain('4')], ANYWHERE, "", "to the Custom data pane"),
    bind(Action::TimelinePane, &[plain('5')], ANYWHERE, "", "to the Timeline pane"),
    bind(
        Action::Palette,
        &[plain(':'), ctrl('p')],
        ANYWHERE,
        "commands",
        "find any action, user or app by its name",
    ),
    bind(Action::Lifetimes, &[plain('6')], ANYWHERE, "lifetimes", "all sessions as a chart over time"),
    bind(Action::Compare, &[plain('7')], ANYWHERE, "compare", "users side by side"),
    bind(Action::Log, &[plain('8')], ANYWHERE, "log", "what happened in this run"),
    bind(Action::Lock, &[ctrl('k')], ANYWHERE, "", "lock the vault, in every idmux of this device"),
    bind(Action::Repaint, &[ctrl('l')], ANYWHERE, "", "draw the screen anew"),
    bind(Action::Suspend, &[ctrl('z')], ANYWHERE, "", "suspend; fg in the shell comes back"),
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
        "confirm/reset",
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
    bind(
        Action::LogIn,
        &[plain('l'), key(KeyCode::Enter)],
        &[Context::Apps],
        "log in",
        "log a user in at the App",
    ),
    bind(Action::Register, &[plain('r')], &[Context::Apps], "register", "register an account at the App"),
    bind(Action::AddApp, &[plain('n')], &[Context::Apps], "new", "add an App"),
    bind(Action::EditApp, &[plain('e')], &[Context::Apps], "change", "change the App"),
    bind(
        Action::ForgetApp,
        &[plain('d')],
        &[Context::Apps],
        "forget",
        "forget the App on this device, with its users",
    ),
    bind(Action::Reload, &[plain('r')], &[Context::Mailbox, Context::ApiKeys], "read again", "read it again"),
    bind(Action::Close, &[key(KeyCode::Esc), plain('q')], BOARDS, "close", ""),
    bind(Action::Close, &[key(KeyCode::Esc)], &[Context::Browser], "cancel", "give the log-in up"),
    bind(Action::Copy, &[plain('y')], &[Context::Browser], "copy", "copy the address to open"),
    bind(
        Action::PasteAddress,
        &[plain('p')],
        &[Context::Browser],
        "paste",
        "paste the address that the browser ended at",
    ),
    bind(Action::ShowCode, &[plain('c')], &[Context::Browser], "QR code", "the address as a QR code"),
    bind(Action::OpenBrowser, &[plain('o')], &[Context::Browser], "open", "open the browser again"),
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Context::Document], "go on", ""),
    bind(Action::Edit, &[plain('e')], &[Context::Document], "edit again", ""),
    bind(Action::TakeTheirs, &[plain('t')], &[Context::Conflict], "take theirs", ""),
    bind(Action::WriteMine, &[plain('w')], &[Context::Conflict], "write mine", ""),
    bind(Action::Edit, &[plain('e')], &[Context::Conflict], "edit again", ""),
    bind(Action::Down, &[plain('j'), key(KeyCode::Down)], CHANGES, "", ""),
    bind(Action::Up, &[plain('k'), key(KeyCode::Up)], CHANGES, "", ""),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], CHANGES, "", ""),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], CHANGES, "", ""),
    bind(Action::Close, &[key(KeyCode::Esc)], CHANGES, "cancel", ""),
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Context::LinkPreview], "link", ""),
    bind(Action::Close, &[key(KeyCode::Esc)], &[Context::LinkPreview], "back", ""),
    bind(Action::Copy, &[plain('y'), plain('c')], &[Context::Secret], "copy", ""),
    bind(Action::Close, &[key(KeyCode::Esc), key(KeyCode::Enter)], &[Context::Secret], "close", ""),
    bind(Action::CopyUserId, &[plain('u')], &[Context::CopyMenu], "", "the user's id"),
    bind(
        Action::CopyAccessToken,
        &[plain('a')],
        &[Context::CopyMenu],
        "",
        "the access token, renewed if need be",
    ),
    bind(Action::CopyRefreshToken, &[plain('r')], &[Context::CopyMenu], "", "the refresh token"),
    bind(Action::CopyProfile, &[plain('p')], &[Context::CopyMenu], "", "the profile, as JSON"),
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Context::CopyMenu], "copy", ""),
    bind(Action::Close, &[key(KeyCode::Esc), plain('q')], &[Context::CopyMenu], "close", ""),
    // Where text is looked for.
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Context::Filter], "keep", ""),
    bind(Action::Close, &[key(KeyCode::Esc)], &[Context::Filter], "clear", ""),
    bind(Action::Submit, &[key(KeyCode::Enter)], &[Context::Palette], "run", ""),
    bind(Action::Down, &[key(KeyCode::Down), ctrl('n')], FINDERS, "next", ""),
    bind(Action::Up, &[key(KeyCode::Up), ctrl('p')], FINDERS, "before", ""),
    bind(Action::PageDown, &[key(KeyCode::PageDown)], FINDERS, "", ""),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], FINDERS, "", ""),
    bind(Action::Close, &[key(KeyCode::Esc)], &[Context::Palette], "close", ""),
    // Dialogs.
    bind(Action::Submit, &[key(KeyCode::Enter)], FORM, "submit", ""),
    bind(Action::NextField, &[key(KeyCode::Tab)], FORM, "next field", ""),
    bind(Action::Reveal, &[ctrl('r')], &[TextField], "show/hide", ""),
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
    bind(Action::Down, &[plain('j'), key(KeyCode::Down)], &[Context::Help], "scroll", ""),
    bind(Action::Up, &[plain('k'), key(KeyCode::Up)], &[Context::Help], "back", ""),
    bind(Action::PageDown, &[key(KeyCode::PageDown), plain(' ')], &[Context::Help], "a page", ""),
    bind(Action::PageUp, &[key(KeyCode::PageUp)], &[Context::Help], "", ""),
    bind(Action::First, &[plain('g'), key(KeyCode::Home)], &[Context::Help], "", ""),
    bind(Action::Last, &[plain('G'), key(KeyCode::End)], &[Context::Help], "", ""),
    bind(Action::Close, &[key(KeyCode::Esc), plain('q'), plain('?')], &[Context::Help], "close", ""),
    // Always last in the hint line, and always there.
    bind(Action::Help, &[plain('?')], ANYWHERE, "help", "show this help"),
    bind(Action::Quit, &[plain('q'), ctrl('c')], ANYWHERE, "quit", "quit; sessions stay in the vault"),
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

/// `LogIn` as `log-in`.
fn kebab_case(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(c.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyEvent, KeyModifiers};
    use std::collections::HashSet;

    fn press(context: Context, code: KeyCode) -> Option<Action> {
        Keymap::default().action(context, &KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::all() {
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
        for context in Context::all() {
            let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(Keymap::default().action(context, &event), Some(Action::Quit), "{context:?}");
        }
    }

    #[test]
    fn l_logs_in_from_the_users_and_means_right_elsewhere() {
        assert_eq!(press(Users, KeyCode::Char('l')), Some(Action::LogIn));
        for context in [Session, Identities, CustomData, Timeline] {
            assert_eq!(press(context, KeyCode::Char('l')), Some(Action::Right), "{context:?}");
        }
    }

    #[test]
    fn letters_are_text_in_a_text_field() {
        for context in Context::all().into_iter().filter(|context| context.takes_text()) {
            for c in ' '..='~' {
                assert_eq!(press(context, KeyCode::Char(c)), None, "{context:?} {c}");
            }
        }
    }

    #[test]
    fn capital_letters_arrive_with_or_without_shift() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            let event = KeyEvent::new(KeyCode::Char('L'), modifiers);
            assert_eq!(Keymap::default().action(Users, &event), Some(Action::Link));
        }
        let control = KeyEvent::new(KeyCode::Char('D'), KeyModifiers::CONTROL);
        assert_eq!(Keymap::default().action(Users, &control), None);
    }

    #[test]
    fn every_key_of_the_panes_is_described() {
        for binding in KEYMAP.iter().filter(|binding| binding.contexts.iter().any(|c| PANES.contains(c))) {
            assert!(!binding.description.is_empty(), "{:?}", binding.action);
        }
    }
}
