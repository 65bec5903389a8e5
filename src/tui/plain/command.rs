//! What a line asks for: the name of an action, and what it is about.
//!
//! The names are those of the keymap's actions, so that whatever the screen can do has a name here.

use crate::tui::component::copy_menu::CopyMenu;
use crate::tui::keymap::{Action, Context, Keymap};
use crate::tui::layout::Pane;

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// Nothing.
    Nothing,
    /// All users.
    Users,
    /// One pane, or all, of a user.
    Show(Option<Pane>, &'a str),
    /// Make a user the one that actions are about.
    Select(&'a str),
    /// Select a row of a board, counted from 1.
    Row(usize),
    /// When every session ends, or that of a user.
    Lifetimes(&'a str),
    /// Users side by side.
    Compare(&'a str),
    /// What happened in this run.
    Log,
    /// Copy something of a user.
    Copy(Action, &'a str),
    /// Do something. The rest says to whom, and with what.
    Act(Action, &'a str),
    /// Something else, and what to write instead.
    Unknown(&'a str),
}

/// Actions that only make sense where there is a cursor, a focus or a view to look at.
const ON_SCREEN: &[Action] = &[
    Action::Up,
    Action::Down,
    Action::Left,
    Action::Right,
    Action::First,
    Action::Last,
    Action::PageUp,
    Action::PageDown,
    Action::Toggle,
    Action::Submit,
    Action::NextPane,
    Action::PreviousPane,
    Action::UsersPane,
    Action::SessionPane,
    Action::IdentitiesPane,
    Action::CustomDataPane,
    Action::TimelinePane,
    Action::OneApp,
    Action::Zoom,
    Action::Repaint,
    Action::Suspend,
    Action::EditDocument,
    Action::Palette,
    Action::Filter,
    Action::Mark,
    Action::InvertMarks,
    Action::CopyMenu,
    Action::Copy,
    Action::Lifetimes,
    Action::Compare,
    Action::Log,
    Action::ShowCode,
];

/// `Custom data` is called `custom-data`.
fn name(pane: Pane) -> String {
    pane.title().to_lowercase().replace(' ', "-")
}

/// What can be asked for in a context: names and what they do, each once.
pub fn offered(keymap: &Keymap, context: Context) -> Vec<(Action, String, &'static str)> {
    let mut offered: Vec<(Action, String, &'static str)> = Vec::new();
    for binding in keymap.of(context) {
        let known = offered.iter().any(|(action, ..)| *action == binding.action);
        if known || ON_SCREEN.contains(&binding.action) {
            continue;
        }
        let words = if binding.description.is_empty() { binding.hint } else { binding.description };
        offered.push((binding.action, binding.action.name(), words));
    }
    offered
}

/// Actions of every pane, and of no board.
pub fn main_actions(keymap: &Keymap) -> Vec<(Action, String, &'static str)> {
    let mut offered = offered(keymap, Context::Users);
    for (action, name, words) in self::offered(keymap, Context::CustomData) {
        if !offered.iter().any(|(known, ..)| *known == action) {
            offered.push((action, name, words));
        }
    }
    offered.retain(|(action, ..)| *action != Action::Close);
    offered
}

/// Reads a line. `board` is where a board is open. A key of the screen, such as `R` or one of a person's own, is as good as
/// the name of its action.
pub fn parse<'a>(line: &'a str, board: Option<Context>, keymap: &Keymap) -> Command<'a> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if word.is_empty() {
        return Command::Nothing;
    }
    if let (Some(_), Ok(row)) = (board, word.parse::<usize>()) {
        return Command::Row(row);
    }
    let here = board.map(|board| offered(keymap, board)).unwrap_or_default();
    let by_key = |context: Context| {
        let binding =
            keymap.of(context).find(|binding| binding.keys.iter().any(|key| key.to_string() == word));
        binding.map(|binding| binding.action)
    };
    let named = |offered: &[(Action, String, &'static str)], key: Option<Action>| {
        let is_meant =
            |(action, name, _): &&(Action, String, &'static str)| name == word || Some(*action) == key;
        offered.iter().find(is_meant).map(|(action, ..)| *action)
    };
    if let Some(action) = named(&here, board.and_then(by_key)) {
        return Command::Act(action, rest);
    }
    match word {
        "users" => return Command::Users,
        "show" => return Command::Show(None, rest),
        "select" => return Command::Select(rest),
        "lifetimes" => return Command::Lifetimes(rest),
        "compare" => return Command::Compare(rest),
        "log" => return Command::Log,
        _ => {}
    }
    if let Some(pane) = Pane::ALL.into_iter().skip(1).find(|pane| name(*pane) == word) {
        return Command::Show(Some(pane), rest);
    }
    if let Some(action) = CopyMenu::ROWS.into_iter().find(|action| action.name() == word) {
        return Command::Copy(action, rest);
    }
    match named(&main_actions(keymap), by_key(Context::Users).or_else(|| by_key(Context::CustomData))) {
        Some(action) => Command::Act(action, rest),
        None => Command::Unknown(word),
    }
}

/// Everything that can be written, in lines.
pub fn help(board: Option<Context>, keymap: &Keymap) -> Vec<String> {
    let line = |context: Context, (action, name, words): (Action, String, &str)| {
        let key = keymap.binding(context, action).and_then(|binding| Some(binding.keys.first()?.to_string()));
        match key {
            Some(key) => format!("{name} or {key}: {words}"),
            None => format!("{name}: {words}"),
        }
    };
    let mut lines = Vec::new();
    if let Some(board) = board {
        lines.extend(offered(keymap, board).into_iter().map(|action| line(board, action)));
        lines.push("1, 2, 3 and so on: select that row".into());
        return lines;
    }
    lines.push("Write the name of an action and a user, such as: refresh ada".into());
    lines.push("A user is a name, an e-mail address or an id, or the beginning of one; app/name where two apps have it.".into());
    lines.push("users: all users".into());
    lines.push("show USER: everything about a user".into());
    for pane in &Pane::ALL[1..] {
        lines.push(format!("{} USER: {} alone", name(*pane), pane.title()));
    }
    lines.push("select USER: whom actions without a user are about".into());
    lines
        .push("lifetimes USER: when the session ends; without a user, of all, the first to end first".into());
    lines.push("compare USER USER: what differs between two users, or up to four".into());
    lines.push("log: what happened in this run".into());
    for action in CopyMenu::ROWS {
        if let Some(binding) = keymap.binding(Context::CopyMenu, action) {
            lines.push(format!("{} USER: copy {}", action.name(), binding.description));
        }
    }
    let context = |action| match keymap.binding(Context::Users, action) {
        Some(_) => Context::Users,
        None => Context::CustomData,
    };
    lines.extend(main_actions(keymap).into_iter().map(|action| line(context(action.0), action)));
    lines.push("/cancel: leave a question unanswered".into());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, board: Option<Context>) -> Command<'_> {
        super::parse(line, board, &Keymap::default())
    }

    #[test]
    fn lines_are_commands() {
        assert_eq!(parse("  refresh  ada ", None), Command::Act(Action::Refresh, "ada"));
        assert_eq!(parse("log-in", None), Command::Act(Action::LogIn, ""));
        assert_eq!(parse("edit theme", None), Command::Act(Action::Edit, "theme"));
        assert_eq!(parse("custom-data ada", None), Command::Show(Some(Pane::CustomData), "ada"));
        assert_eq!(parse("show ada", None), Command::Show(None, "ada"));
        assert_eq!(parse("", None), Command::Nothing);
        assert_eq!(parse("frobnicate", None), Command::Unknown("frobnicate"));
        assert_eq!(parse("up", None), Command::Unknown("up"));
    }

    #[test]
    fn views_are_said_too_and_a_key_is_as_good_as_a_name() {
        assert_eq!(parse("compare ada bob", None), Command::Compare("ada bob"));
        assert_eq!(parse("lifetimes", None), Command::Lifetimes(""));
        assert_eq!(parse("copy-user-id ada", None), Command::Copy(Action::CopyUserId, "ada"));
        assert_eq!(parse("R ada", None), Command::Act(Action::Refresh, "ada"));
        assert_eq!(parse("d", Some(Context::ApiKeys)), Command::Act(Action::DeleteKey, ""));
        let setting = crate::tui::keymap::Setting {
            line: 1,
            place: None,
            action: "refresh".into(),
            keys: vec!["ctrl-r".into()],
        };
        let own = Keymap::remapped(&[setting]).unwrap();
        assert_eq!(super::parse("ctrl-r ada", None, &own), Command::Act(Action::Refresh, "ada"));
        assert_eq!(super::parse("R ada", None, &own), Command::Unknown("R"));
        assert!(help(None, &own).iter().any(|line| line.starts_with("refresh or ctrl-r: ")));
    }

    #[test]
    fn a_board_has_rows_and_actions_of_its_own() {
        let board = Some(Context::Mailbox);
        assert_eq!(parse("2", board), Command::Row(2));
        assert_eq!(parse("use-mail", board), Command::Act(Action::UseMail, ""));
        assert_eq!(parse("close", board), Command::Act(Action::Close, ""));
        assert_eq!(parse("2", None), Command::Unknown("2"));
        assert_eq!(parse("use-mail", None), Command::Unknown("use-mail"));
    }

    #[test]
    fn everything_that_is_offered_is_understood_and_explained() {
        for (action, name, words) in main_actions(&Keymap::default()) {
            assert_eq!(parse(&name, None), Command::Act(action, ""), "{name}");
            assert!(!words.is_empty(), "{name}");
        }
        for board in [Context::Clock, Context::Mailbox, Context::ApiKeys] {
            for (action, name, words) in offered(&Keymap::default(), board) {
                assert_eq!(parse(&name, Some(board)), Command::Act(action, ""), "{name}");
                assert!(!words.is_empty(), "{name}");
            }
        }
    }
}
