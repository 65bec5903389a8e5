//! What a line that a person writes leads to.

use std::sync::Arc;

use super::Talk;
use crate::data::FieldPath;
use crate::session::{self, FindError, Snapshot, UserView, find_user};
use crate::tui::component::api_keys::KeyList;
use crate::tui::component::mailbox::Mailbox;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout::Pane;
use crate::tui::message::Message;
use crate::tui::plain::command::{self, Command};
use crate::tui::plain::{lines, views};
use crate::tui::words;

impl Talk {
    /// Does what a line asks for.
    pub(super) fn command(&mut self, line: &str) -> Vec<Effect> {
        let board = self.board();
        match command::parse(line, board, &self.model.state.keymap) {
            Command::Nothing => vec![],
            Command::Users => {
                let users = self.model.state.snapshot.users.clone();
                self.say(words::count(users.len(), "user"));
                let said: Vec<_> = users.iter().map(|user| lines::user(&self.model, user)).collect();
                self.lines.extend(said);
                vec![]
            }
            Command::Show(pane, user) => {
                if !self.select(user) {
                    return vec![];
                }
                let panes = pane.map_or_else(|| Pane::ALL.to_vec(), |pane| vec![pane]);
                let here = panes.iter().filter(|pane| **pane != Pane::Timeline);
                let said: Vec<_> = here.flat_map(|pane| lines::pane(&self.model, *pane)).collect();
                self.lines.extend(said);
                // It is said when it was read.
                let user = self.model.state.selected().filter(|_| panes.contains(&Pane::Timeline));
                user.map_or_else(Vec::new, |user| {
                    let operation = session::ReadTimeline { user: user.key.clone() };
                    vec![Effect::Send { operation: operation.into(), dialog: None }]
                })
            }
            Command::Select(user) => {
                if self.select(user) {
                    self.lines.extend(lines::pane(&self.model, Pane::Users));
                }
                vec![]
            }
            Command::Lifetimes(user) => {
                if user.is_empty() {
                    self.lines.extend(views::lifetimes(&self.model));
                } else if self.select(user) {
                    let said = self.model.state.selected().map(|user| views::lifetime(&self.model, user));
                    self.lines.extend(said);
                }
                vec![]
            }
            Command::Compare(users) => {
                self.compare(users);
                vec![]
            }
            Command::Log => {
                self.lines.extend(views::log(&self.model));
                vec![]
            }
            Command::Copy(action, user) => {
                if !self.select(user) {
                    return vec![];
                }
                // The menu closes itself when it has what it copies.
                self.tell(Message::Act(Action::CopyMenu));
                self.tell(Message::Act(action))
            }
            Command::Row(row) => {
                self.select_row(row);
                self.board_due = true;
                vec![]
            }
            Command::Act(Action::Help, _) => {
                self.lines.extend(command::help(board, &self.model.state.keymap));
                vec![]
            }
            Command::Act(Action::Quit, _) => vec![Effect::Quit],
            Command::Act(action, _) if board.is_some() => self.act(action),
            Command::Act(action @ (Action::Edit | Action::RemoveField), about) => {
                if self.select_field(about) { self.act(action) } else { vec![] }
            }
            Command::Act(action, user) => {
                if self.select(user) {
                    self.act(action)
                } else {
                    vec![]
                }
            }
            Command::Unknown("help") => {
                self.lines.extend(command::help(board, &self.model.state.keymap));
                vec![]
            }
            Command::Unknown(word) => {
                self.say(format!("{word} is not known; help says what can be written"));
                vec![]
            }
        }
    }

    /// Does what a key of that action does, and says what the screen would say.
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        let before = self.model.state.activity.shown().cloned();
        let effects = self.tell(Message::Act(action));
        let after = self.model.state.activity.shown().cloned();
        if let Some(notice) = after.filter(|after| Some(after) != before.as_ref()) {
            self.say(notice.text);
        }
        self.board_due = self.board().is_some();
        effects
    }

    fn select_row(&mut self, row: usize) {
        let snapshot = self.model.state.snapshot.clone();
        let row = row.saturating_sub(1);
        let Some(dialog) = self.model.dialogs.last_mut() else { return };
        if let Some(mailbox) = dialog.get_mut::<Mailbox>() {
            mailbox.go_to(row, &snapshot);
        } else if let Some(keys) = dialog.get_mut::<KeyList>() {
            keys.go_to(row, &snapshot);
        }
    }

    /// Selects the user that is meant; whether there is one. Without words it is the one that is selected.
    fn select(&mut self, words: &str) -> bool {
        if words.is_empty() {
            return true;
        }
        let snapshot = self.model.state.snapshot.clone();
        match find(&snapshot, words) {
            Ok(user) => {
                self.model.state.users.select(user.key.clone(), &snapshot);
                self.model.settle();
                true
            }
            Err(why) => {
                self.say(why);
                false
            }
        }
    }

    /// Says what differs between users.
    fn compare(&mut self, words: &str) {
        let snapshot = self.model.state.snapshot.clone();
        let found: Result<Vec<_>, _> = words.split_whitespace().map(|word| find(&snapshot, word)).collect();
        match found {
            Err(why) => self.say(why),
            Ok(users) if users.len() < 2 => self.say("write two users or more, such as: compare ada bob"),
            Ok(users) => {
                let users: Vec<_> = users.iter().map(Arc::as_ref).collect();
                self.lines.extend(views::compare(&users));
            }
        }
    }

    /// Selects a field of the custom data: `theme`, `ada theme`. Without a field it is the first, or a new one.
    fn select_field(&mut self, words: &str) -> bool {
        let (user, field) = match words.split_once(char::is_whitespace) {
            Some((user, field)) => (user, field.trim()),
            None if self.go_to_field(words) => return true,
            None => (words, ""),
        };
        if !self.select(user) {
            return false;
        }
        if !field.is_empty() && !self.go_to_field(field) {
            self.say(format!("there is no field {field}"));
            return false;
        }
        true
    }

    /// Moves the cursor of the tree to a field.
    fn go_to_field(&mut self, field: &str) -> bool {
        let Ok(path) = FieldPath::parse_writable(field) else { return false };
        let mut at = FieldPath::default();
        for segment in path.segments() {
            at = at.child(segment.clone());
            let tree = &mut self.model.custom_data.tree;
            tree.expand();
            let Some(row) = tree.rows().iter().position(|row| row.path == at) else { return false };
            tree.go_to(row);
        }
        true
    }
}

/// The user that is meant, or why nobody is.
fn find(snapshot: &Snapshot, who: &str) -> Result<Arc<UserView>, String> {
    find_user(snapshot, None, who).map_err(|error| match error {
        FindError::Unknown => format!("nobody is called {who}; users says who is there"),
        FindError::Ambiguous(users) => {
            let name = |user: &Arc<UserView>| format!("{}/{} ({})", user.key.app, user.label, user.key.id);
            let names: Vec<_> = users.iter().take(5).map(name).collect();
            format!("{who} may be {}", names.join(", "))
        }
    })
}
