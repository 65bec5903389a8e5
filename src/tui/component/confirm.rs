//! Questions before something that is hard to undo.

use bson::Bson;
use ratatui::layout::Alignment;
use ratatui::text::Line;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State};
use crate::account::{ApiKeyId, AppAlias, UserKey};
use crate::data::{DataEdit, FieldPath};
use crate::session::{self, AnyOperation};
use crate::tui::batch::BatchAction;
use crate::tui::content::tree;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, Spot, Target, paragraph};
use crate::tui::words;

/// A question with two answers.
#[derive(Debug)]
pub struct Confirm {
    /// What would be done.
    pub question: Question,
    /// Whom it concerns.
    pub about: About,
    /// The answer under the focus.
    pub answer: Answer,
}

/// An answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Leave everything as it is.
    Cancel,
    /// Give the user an identity to log in by first, so that nothing is lost.
    Keep,
    /// Do it.
    Agree,
}

/// Whom a question concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A user.
    User {
        /// App and id.
        key: UserKey,
        /// What the user is called; text from a server.
        label: String,
    },
    /// An App.
    App(AppAlias),
}

/// What would be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Forget the user on this device.
    Remove {
        /// Whether nobody can log in as this user again.
        lost: bool,
    },
    /// End the session of a user who is lost with it.
    LogOut,
    /// Do something to all marked users.
    Many {
        /// What is done.
        action: BatchAction,
        /// The users.
        users: Vec<UserKey>,
        /// How many of them nobody can log in as again.
        lost: usize,
    },
    /// Remove a field of the custom data.
    Unset {
        /// The field.
        path: FieldPath,
        /// Its value, as far as it is known.
        before: Option<Bson>,
    },
    /// Delete an API key.
    DeleteKey {
        /// The key.
        id: ApiKeyId,
        /// Its name; text from a server.
        name: String,
    },
    /// Forget an App, with so many users.
    ForgetApp {
        /// How many users go with it.
        users: usize,
        /// How many of them nobody can log in as again.
        lost: usize,
    },
    /// Let an App be served at another host.
    AcceptHost {
        /// Where the App is known to be; host and port.
        host: String,
        /// Where it says that it is served.
        to: String,
    },
    /// Empty the mailbox of an App, with so many mails.
    ClearMails {
        /// How many mails are in it.
        mails: usize,
    },
}

impl Confirm {
    /// A question about a user.
    pub fn new(question: Question, key: UserKey, label: String) -> Self {
        Self::about(question, About::User { key, label })
    }

    /// A question about an App.
    pub fn of_app(question: Question, app: AppAlias) -> Self {
        Self::about(question, About::App(app))
    }

    /// Where nothing brings back what is lost, or much is lost at once, the focus is on the harmless answer.
    fn about(question: Question, about: About) -> Self {
        let is_harmless = matches!(
            question,
            Question::Remove { lost: false } | Question::Unset { .. } | Question::ForgetApp { users: 0, .. }
        );
        let answer = if is_harmless { Answer::Agree } else { Answer::Cancel };
        Self { question, about, answer }
    }

    /// The user that it is about, and what the user is called.
    pub fn user(&self) -> Option<(&UserKey, &str)> {
        match &self.about {
            About::User { key, label } => Some((key, label)),
            About::App(_) => None,
        }
    }

    /// The title.
    pub fn title(&self) -> &'static str {
        match self.question {
            Question::Remove { .. } | Question::Many { action: BatchAction::Remove, .. } => {
                "Remove from this device"
            }
            Question::LogOut | Question::Many { action: BatchAction::LogOut, .. } => "Log out",
            Question::Many { action: BatchAction::Refresh, .. } => "Refresh",
            Question::Unset { .. } => "Remove a custom data field",
            Question::DeleteKey { .. } => "Delete an API key",
            Question::ForgetApp { .. } => "Forget an App",
            Question::AcceptHost { .. } => "Another host",
            Question::ClearMails { .. } => "Empty the mailbox",
        }
    }

    /// What would happen to whom.
    pub fn text(&self) -> String {
        let (label, who) = match &self.about {
            About::User { key, label } => (label.as_str(), format!("{label} of the App {}", key.app)),
            About::App(app) => (app.as_str(), format!("the App {app}")),
        };
        match &self.question {
            Question::Many { action, users, lost } => {
                let others = match users.len().saturating_sub(1) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let are = if users.len() == 1 { "is" } else { "are" };
                let marked = format!("{label}{others}: {} {are}", words::count(users.len(), "marked user"));
                let text = match action {
                    BatchAction::Remove if users.len() == *lost => {
                        format!("{marked} logged out and forgotten on this device.")
                    }
                    BatchAction::LogOut if users.len() == *lost => format!("{marked} logged out."),
                    BatchAction::Remove => format!(
                        "{marked} logged out and forgotten on this device. The accounts themselves live on."
                    ),
                    BatchAction::LogOut => {
                        format!(
                            "{marked} logged out, and listed on. To have a session again takes a log-in for each."
                        )
                    }
                    BatchAction::Refresh => format!("{marked} given new access tokens."),
                };
                text + &lost_among(*lost, users.len())
            }
            Question::LogOut => format!("{who} is logged out. {LOST} {KEEP}"),
            Question::Remove { lost: true } => {
                format!("{who} is logged out and forgotten on this device. {LOST} {KEEP}")
            }
            Question::Remove { lost: false } => format!(
                "{who} is logged out and forgotten on this device. The account itself lives on: \
                 a log-in brings it back, where there is one."
            ),
            Question::Unset { path, before } => {
                let value = before.as_ref().map(tree::summary).unwrap_or_default();
                format!("The field {path} is removed from the custom data of {who}: {value}")
            }
            Question::DeleteKey { name, .. } => format!(
                "The API key {name} of {who} is deleted. Whoever uses it cannot log in again. \
                 This cannot be undone; disabling it can."
            ),
            Question::ForgetApp { users: 0, .. } => {
                format!("{label} is forgotten on this device. No user of it is known here.")
            }
            Question::ForgetApp { users, lost } => {
                let live_on = if users == lost { "" } else { " The accounts themselves live on at the App." };
                let gone = words::count(*users, "user");
                format!(
                    "{label} is forgotten on this device, and {gone} with it: logged out and forgotten too.{live_on}"
                ) + &lost_among(*lost, *users)
            }
            Question::AcceptHost { host, to } => format!(
                "{who} is known at {host}, and says that it is served at {to}. Passwords and tokens would go there. \
                 Nothing was sent yet. Use that host from now on?"
            ),
            Question::ClearMails { mails } => format!(
                "{} of {label} {} deleted, with {} links. Whoever waits for one has to have it sent again.",
                words::count(*mails, "mail"),
                if *mails == 1 { "is" } else { "are" },
                if *mails == 1 { "its" } else { "their" },
            ),
        }
    }

    /// The answers, in the order in which they stand.
    pub fn answers(&self) -> Vec<(Answer, &'static str)> {
        let keeps = matches!(self.question, Question::LogOut | Question::Remove { lost: true });
        let keep = keeps.then_some((Answer::Keep, "Make it permanent"));
        [Some((Answer::Cancel, "Cancel")), keep, Some((Answer::Agree, self.verb()))]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Moves the focus to the next answer, or to the one before.
    pub fn turn(&mut self, forwards: bool) {
        let answers = self.answers();
        let at = answers.iter().position(|(answer, _)| *answer == self.answer).unwrap_or_default();
        let step = if forwards { 1 } else { answers.len() - 1 };
        self.answer = answers[(at + step) % answers.len()].0;
    }

    /// The answer that does it.
    pub fn verb(&self) -> &'static str {
        match self.question {
            Question::DeleteKey { .. } => "Delete",
            Question::LogOut => "Log out for good",
            Question::Remove { lost: true } => "Remove for good",
            Question::Remove { .. }
            | Question::Unset { .. }
            | Question::Many { action: BatchAction::Remove, .. } => "Remove",
            Question::Many { action: BatchAction::LogOut, .. } => "Log out",
            Question::Many { action: BatchAction::Refresh, .. } => "Refresh",
            Question::ForgetApp { .. } => "Forget",
            Question::ClearMails { .. } => "Empty it",
            Question::AcceptHost { .. } => "Use it",
        }
    }

    /// The change of the custom data, if the question is about one.
    pub fn edit(&self) -> Option<DataEdit> {
        let Question::Unset { path, before } = &self.question else { return None };
        Some(DataEdit::field(path.clone(), before.clone(), None))
    }

    pub fn submit(&self) -> Vec<Reaction> {
        match (self.answer, &self.about) {
            (Answer::Cancel, _) => return vec![Reaction::Close],
            (Answer::Keep, About::User { key, .. }) => {
                return vec![Reaction::Close, Reaction::Link(key.clone())];
            }
            _ => {}
        }
        if let Question::Many { action, users, .. } = &self.question {
            return vec![Reaction::Close, Reaction::Batch(*action, users.clone())];
        }
        self.operation().map_or_else(|| vec![Reaction::Close], Reaction::ask)
    }

    fn operation(&self) -> Option<AnyOperation> {
        Some(match (&self.question, &self.about) {
            (Question::Remove { .. }, About::User { key, .. }) => {
                session::Remove { user: key.clone() }.into()
            }
            (Question::LogOut, About::User { key, .. }) => session::LogOut { user: key.clone() }.into(),
            (Question::Unset { .. }, About::User { key, .. }) => {
                session::EditCustomData { user: key.clone(), edit: self.edit()? }.into()
            }
            (Question::DeleteKey { id, .. }, About::User { key, .. }) => {
                session::DeleteApiKey { user: key.clone(), key: id.clone() }.into()
            }
            (Question::ForgetApp { .. }, About::App(app)) => session::ForgetApp { app: app.clone() }.into(),
            (Question::AcceptHost { to, .. }, About::App(app)) => {
                session::AcceptHost { app: app.clone(), host: to.clone() }.into()
            }
            (Question::ClearMails { .. }, About::App(app)) => session::ClearMails { app: app.clone() }.into(),
            _ => return None,
        })
    }
}

impl Component for Confirm {
    fn context(&self) -> Context {
        Context::Question
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => return self.submit(),
            Input::Action(Action::Left) => self.turn(false),
            Input::Action(Action::Right) => self.turn(true),
            Input::Click(Spot::Answer(at)) => {
                if let Some((answer, _)) = self.answers().get(at) {
                    self.answer = *answer;
                    return self.submit();
                }
            }
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let theme = &state.theme;
        let mut lines = paragraph(&self.text(), theme.text, COLUMNS);
        lines.push(Line::default());
        let answers = self.answers();
        let buttons: Vec<_> = answers
            .iter()
            .map(|(answer, name)| {
                let focused = *answer == self.answer;
                let mark = if focused { "▸" } else { " " };
                span(format!("[{mark}{name} ]"), if focused { theme.selection } else { theme.text })
            })
            .collect();
        // The line is centred.
        const GAP: u16 = 3;
        let widths: Vec<_> = buttons.iter().map(|button| button.width() as u16).collect();
        let whole = widths.iter().sum::<u16>() + GAP * (widths.len() as u16 - 1);
        let start = (COLUMNS as u16).saturating_sub(whole) / 2;
        let mut spans = Vec::new();
        for button in buttons {
            if !spans.is_empty() {
                spans.push(span(" ".repeat(GAP.into()), theme.text));
            }
            spans.push(button);
        }
        lines.push(Line::from(spans).alignment(Alignment::Center));
        let mut drawn = Drawn::lines(lines);
        let line = drawn.lines.len() - 1;
        let mut column = start;
        for (at, width) in widths.into_iter().enumerate() {
            let columns = Some(column..column + width);
            drawn.spots.push(Target { line, columns, spot: Spot::Answer(at) });
            column += width + GAP;
        }
        Page::new(self.title(), drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![self.text()]
    }
}

impl Modal for Confirm {
    fn waiting(&self) -> &'static str {
        match self.question {
            Question::DeleteKey { .. } => "deleting…",
            Question::LogOut => "logging out…",
            Question::Remove { .. } | Question::Unset { .. } => "removing…",
            Question::ForgetApp { .. } => "forgetting…",
            Question::ClearMails { .. } => "emptying…",
            Question::AcceptHost { .. } => "changing…",
            // Its results are told together, outside of the dialog.
            Question::Many { .. } => "",
        }
    }

    fn data_edit(&self) -> Option<(UserKey, String, DataEdit)> {
        let (user, label) = self.user()?;
        Some((user.clone(), label.to_owned(), self.edit()?))
    }
}

/// What an anonymous user loses with the session.
const LOST: &str = "It is anonymous, and this session is the only way in: nobody can log in as this user again, and the \
                    account and its data are lost.";

const KEEP: &str =
    "Make it permanent to keep it: link an e-mail address and a password, or another identity.";

/// What is to be said of those among `users` who have no other way in.
fn lost_among(lost: usize, users: usize) -> String {
    match lost {
        0 => String::new(),
        _ if lost == users => " All are anonymous, and their sessions are the only way in: the accounts and their data \
                               are lost."
            .into(),
        1 => " One of them is anonymous, and its session is the only way in: that account and its data are lost.".into(),
        lost => format!(
            " {lost} of them are anonymous, and their sessions are the only way in: those accounts and their data are \
             lost."
        ),
    }
}
