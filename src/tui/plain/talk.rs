//! The conversation: what is said, what is asked, and what an answer leads to. Pure, as `update` is.

mod commands;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{lines, questions};
use crate::account::{SessionState, UserKey};
use crate::session::{
    CustomDataChange, Event, EventKind, RequestId, SendError, Snapshot, Subject, Timeline, TokenRead,
    VaultStatus,
};
use crate::text;
use crate::tui::component::apps::AppList;
use crate::tui::component::confirm::{Answer, Confirm};
use crate::tui::component::conflict::Conflict;
use crate::tui::component::credentials::CredentialsForm;
use crate::tui::component::delete::DeleteForm;
use crate::tui::component::palette::Palette;
use crate::tui::component::picker::Picker;
use crate::tui::component::secret::ShownSecret;
use crate::tui::dialog::{Dialog, DialogId, Progress};
use crate::tui::effect::Effect;
use crate::tui::form::FieldName;
use crate::tui::keymap::{Action, Context};
use crate::tui::layout::Pane;
use crate::tui::message::Message;
use crate::tui::model::Model;
use crate::tui::update::update;
use crate::tui::words;

/// New users that are said one by one; of more at once it is said how many.
const MOST_NEW: usize = 50;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What to do.
    Command,
    /// A field of a dialog.
    Field { dialog: DialogId, name: FieldName, prompt: String, secret: bool },
    /// Whether to do what a dialog asks about.
    Agreement { dialog: DialogId, answer: &'static str },
}

impl Ask {
    /// Whether the answer is not shown.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Field { secret: true, .. })
    }

    /// The question.
    pub fn prompt(&self) -> String {
        match self {
            Self::Command => "> ".into(),
            Self::Field { prompt, .. } => text::inert(prompt).into_owned(),
            Self::Agreement { answer, .. } => format!("{answer}, yes or no [no]: "),
        }
    }
}

/// The conversation.
#[derive(Debug)]
pub struct Talk {
    model: Model,
    /// Whether a person answers, who can be asked again.
    with_person: bool,
    lines: Vec<String>,
    /// The dialog that is asked about, and its fields that were answered.
    form: Option<(DialogId, Vec<FieldName>)>,
    /// The request that the last line led to, while it is on its way.
    pending: Option<RequestId>,
    /// Whether an open board is to be said.
    board_due: bool,
    /// Whether an App is known: before that nothing can be done.
    has_app: bool,
    /// Nothing more comes from standard input.
    ended: bool,
    /// How each user stood when it was said last.
    known: HashMap<UserKey, &'static str>,
}

impl Talk {
    /// A conversation that begins.
    pub fn new(mut model: Model, with_person: bool) -> Self {
        // A form that opens by itself would take the first command for its answer.
        model.first_run_over = true;
        Self {
            model,
            with_person,
            lines: vec!["idmux, plain mode; help says what can be written".into()],
            form: None,
            pending: None,
            board_due: false,
            has_app: false,
            ended: false,
            known: HashMap::new(),
        }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What is to be said. Nothing in it acts on a terminal.
    pub fn take_lines(&mut self) -> Vec<String> {
        self.lines.drain(..).map(|line| text::inert(&line).into_owned()).collect()
    }

    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Takes one message in, and says what it changes.
    pub fn tell(&mut self, message: Message) -> Vec<Effect> {
        let before = self.model.state.snapshot.clone();
        let mut effects = update(&mut self.model, message);
        self.say_changes(&before);
        self.say_failure();
        self.leave_when_done(&mut effects);
        effects
    }

    /// It is this late.
    pub fn time(&mut self, now: Timestamp) -> Vec<Effect> {
        if now == self.model.state.now { vec![] } else { self.tell(Message::Now(now)) }
    }

    /// What became of a command on its way to the worker.
    pub fn sent(&mut self, dialog: Option<DialogId>, result: Result<RequestId, SendError>) -> Vec<Effect> {
        match (dialog, &result) {
            (None, Ok(id)) => self.pending = Some(*id),
            (None, Err(error)) => self.say(error.to_string()),
            _ => {}
        }
        self.tell(Message::Sent { dialog, result })
    }

    /// Something was handed to the clipboard.
    pub fn copied(&mut self, name: String, terminal: bool, tool: Option<&'static str>) -> Vec<Effect> {
        self.say(words::copied(&name, terminal, tool).1);
        self.tell(Message::Copied { name, terminal, tool })
    }

    /// Takes in what happened, and announces it.
    pub fn hear(&mut self, event: Event) -> Vec<Effect> {
        self.has_app |= matches!(event.subject, Subject::App { .. });
        let waits = |progress: &Progress| match (progress, event.request) {
            (Progress::Waiting(Some(id)), Some(request)) => *id == request,
            _ => false,
        };
        let in_dialog = self.model.dialogs.iter().any(|dialog| waits(&dialog.progress));
        if self.pending.is_some() && self.pending == event.request {
            self.pending = None;
        }
        let is_timeline = event.kind.is::<Timeline>();
        let is_answer = match &event.kind {
            EventKind::Done(done) => done.outcome().is_answer() && !event.kind.is::<TokenRead>(),
            kind => matches!(kind, EventKind::AnswerDropped { .. }),
        };
        let is_said_with_dialog = in_dialog && matches!(event.kind, EventKind::Failed(_));
        if !is_answer && !is_said_with_dialog {
            self.say(words::event(&event).1);
        }
        let is_conflict = matches!(event.kind.outcome(), Some(CustomDataChange::Conflict(_)));
        let is_away = matches!(event.kind, EventKind::BrowserNeeded { .. });
        let effects = self.tell(Message::Event(event));
        self.board_due |= is_away && self.board().is_some();
        if is_timeline {
            self.lines.extend(lines::pane(&self.model, Pane::Timeline));
        }
        // It is announced already.
        while self.model.state.activity.dismiss() {}
        if is_conflict {
            self.meet_conflict();
        }
        effects
    }

    /// A person is asked which of two versions shall stand. A pipe has its next line for a command: nothing is written.
    fn meet_conflict(&mut self) {
        if !self.model.dialog().is_some_and(Dialog::is::<Conflict>) {
            return;
        }
        if self.with_person {
            // The dialog is the same, what it says is new.
            self.form = None;
        } else {
            self.model.dialogs.pop();
            self.say("nothing was written: somebody else changed it meanwhile; refresh, and edit again");
        }
    }

    /// Users that are new, or stand otherwise than before.
    fn say_changes(&mut self, before: &Snapshot) {
        let after = self.model.state.snapshot.clone();
        if before.version == after.version {
            return;
        }
        let mut others = before.users.iter();
        let mut new = Vec::new();
        for user in &after.users {
            if others.next().is_some_and(|other| Arc::ptr_eq(other, user)) {
                continue;
            }
            let word = words::state(&user.state).word;
            match self.known.get(&user.key) {
                // It is on its way to another state, or back to the one before.
                Some(_) if user.state == SessionState::Refreshing => {}
                Some(known) if *known == word => {}
                Some(_) => {
                    self.known.insert(user.key.clone(), word);
                    self.say(lines::user(&self.model, user));
                }
                None => {
                    self.known.insert(user.key.clone(), word);
                    new.push(user.clone());
                }
            }
        }
        for user in new.iter().take(MOST_NEW) {
            self.say(lines::user(&self.model, user));
        }
        if new.len() > MOST_NEW {
            self.say(format!("and {} more; users says all", new.len() - MOST_NEW));
        }
        if before.users.len() > after.users.len() {
            self.known.retain(|key, _| after.user(key).is_some());
        }
    }

    /// What a dialog's request failed with. A person is asked again; a pipe has its next line for the next command.
    fn say_failure(&mut self) {
        let Some(dialog) = self.model.dialogs.last_mut() else { return };
        let Progress::Failed { message, hint } = &dialog.progress else { return };
        let line = format!("it failed: {message}. {hint}");
        let is_panel = dialog.body.is_panel();
        dialog.progress = Progress::Idle;
        self.say(line.trim_end().trim_end_matches(". ").to_owned());
        if !is_panel {
            self.ask_again(None);
        }
    }

    /// Has the fields asked for again, or one of them.
    fn ask_again(&mut self, only: Option<FieldName>) {
        if !self.with_person {
            self.close();
        }
        if let Some((_, answered)) = &mut self.form {
            answered.retain(|name| only.is_some_and(|only| only != *name));
        }
    }

    /// Closes the dialog on top, with whatever was typed into it.
    fn close(&mut self) {
        let id = self.model.dialog().map(|dialog| dialog.id);
        // One step may lead back to fields, and one asks whether they may be dropped: nobody sees that question here.
        for _ in 0..3 {
            if self.model.dialog().is_some_and(|dialog| Some(dialog.id) == id) {
                update(&mut self.model, Message::Act(Action::Close));
            }
        }
        self.form = None;
    }

    /// What is to be asked now; `None` while something is on its way.
    pub fn ask(&mut self) -> Option<Ask> {
        if self.ended || self.is_busy() {
            return None;
        }
        loop {
            let Some(dialog) = self.model.dialogs.last() else { return Some(Ask::Command) };
            let (id, is_new) = (dialog.id, self.form.as_ref().is_none_or(|(asked, _)| *asked != dialog.id));
            if dialog.body.is_panel() && !dialog.is::<AppList>() {
                let said = dialog.body.describe(&self.model.state);
                if std::mem::take(&mut self.board_due) {
                    self.lines.extend(said);
                    self.say("help says what can be done here; close leaves it");
                }
                return Some(Ask::Command);
            }
            if dialog.is::<ShownSecret>() {
                let said = dialog.body.describe(&self.model.state);
                self.lines.extend(said);
                self.close();
                continue;
            }
            if is_new {
                let asks = dialog.is::<Confirm>() || dialog.is::<Conflict>() || dialog.body.form().is_some();
                let is_search = dialog.is::<Palette>() || dialog.is::<Picker>();
                let opening =
                    if asks && !is_search { dialog.body.describe(&self.model.state) } else { vec![] };
                self.lines.extend(opening);
                self.form = Some((id, Vec::new()));
                continue;
            }
            if let Some(preview) = dialog.get::<CredentialsForm>().and_then(CredentialsForm::link_preview) {
                self.lines.extend(preview.into_iter().map(|(_, line)| line));
                return Some(Ask::Agreement { dialog: id, answer: "Link" });
            }
            if dialog.is::<Conflict>() {
                return Some(Ask::Agreement { dialog: id, answer: "Write yours over theirs" });
            }
            if let Some(confirm) = dialog.get::<Confirm>() {
                return Some(Ask::Agreement { dialog: id, answer: confirm.verb() });
            }
            let form = dialog.body.form().filter(|_| !dialog.is::<Palette>());
            let Some(form) = form else {
                self.say("that is on the screen only");
                self.close();
                continue;
            };
            let answered = self.form.as_ref().map_or(&[][..], |(_, answered)| answered);
            let next = form.fields().find(|field| !answered.contains(&field.name));
            return Some(match next {
                Some(field) => Ask::Field {
                    dialog: id,
                    name: field.name,
                    prompt: questions::prompt(field),
                    secret: field.is_secret(),
                },
                // Nothing to fill in: a vault that cannot be used.
                None => Ask::Command,
            });
        }
    }

    fn is_busy(&self) -> bool {
        let is_waiting = self.model.dialog().is_some_and(|dialog| dialog.is_waiting());
        let is_starting = match self.model.state.snapshot.vault {
            VaultStatus::Opening => true,
            VaultStatus::Open { .. } => !self.has_app,
            _ => false,
        };
        is_starting || is_waiting || self.pending.is_some()
    }

    /// Takes an answer, which may be a secret.
    pub fn answer(&mut self, asked: &Ask, answer: &str) -> Vec<Effect> {
        self.model.touched = self.model.state.now;
        let on_top = self.model.dialog().map(|dialog| dialog.id);
        match asked {
            Ask::Command => self.command(answer),
            Ask::Field { dialog, .. } | Ask::Agreement { dialog, .. } if on_top != Some(*dialog) => {
                self.say("that question is no more");
                vec![]
            }
            _ if matches!(answer.trim(), "/cancel" | "\u{1b}") => {
                self.close();
                self.say("cancelled");
                vec![]
            }
            Ask::Field { name, .. } => self.fill(*name, answer),
            Ask::Agreement { .. } => self.agree(answer),
        }
    }

    fn fill(&mut self, name: FieldName, answer: &str) -> Vec<Effect> {
        let Some(dialog) = self.model.dialogs.last_mut() else { return vec![] };
        if answer.is_empty() && dialog.is::<DeleteForm>() {
            self.close();
            self.say("cancelled");
            return vec![];
        }
        let Some(form) = dialog.body.form_mut() else { return vec![] };
        let filled = questions::fill(form, name, answer);
        dialog.body.settle();
        if let Err(why) = filled {
            self.say(why);
            self.ask_again(Some(name));
            return vec![];
        }
        let Some((_, answered)) = &mut self.form else { return vec![] };
        answered.push(name);
        let form = dialog.body.form_mut();
        let is_last = form.is_some_and(|form| {
            form.focus_on(name);
            form.fields().all(|field| answered.contains(&field.name))
        });
        if is_last { self.submit() } else { vec![] }
    }

    fn agree(&mut self, answer: &str) -> Vec<Effect> {
        let Some(agreed) = questions::agreed(answer) else {
            self.say("yes or no");
            self.ask_again(None);
            return vec![];
        };
        let on_top = self.model.dialogs.last_mut();
        if on_top.as_ref().is_some_and(|dialog| dialog.is::<Conflict>()) {
            return self.act(if agreed { Action::WriteMine } else { Action::TakeTheirs });
        }
        if let Some(confirm) = on_top.and_then(Dialog::get_mut::<Confirm>) {
            confirm.answer = if agreed { Answer::Agree } else { Answer::Cancel };
        } else if !agreed {
            self.close();
            self.say("cancelled");
            return vec![];
        }
        self.submit()
    }

    fn submit(&mut self) -> Vec<Effect> {
        let asked = self.model.dialog().map(|dialog| dialog.id);
        let effects = self.tell(Message::Act(Action::Submit));
        let has_preview = |dialog: &Dialog| {
            dialog.get::<CredentialsForm>().is_some_and(|form| form.link_preview().is_some())
        };
        let refused = self
            .model
            .dialog()
            .filter(|dialog| Some(dialog.id) == asked && !dialog.is_waiting() && !has_preview(dialog));
        if let Some(dialog) = refused {
            let (field, why) = questions::complaint(&*dialog.body);
            self.say(why);
            self.ask_again(field);
        }
        effects
    }

    fn board(&self) -> Option<Context> {
        self.model.dialog().filter(|dialog| dialog.body.is_panel()).map(|dialog| dialog.context())
    }

    /// Nothing more comes from standard input: what is on its way is waited for, then it ends.
    pub fn end_of_input(&mut self) -> Vec<Effect> {
        self.ended = true;
        let mut effects = vec![];
        self.leave_when_done(&mut effects);
        effects
    }

    fn leave_when_done(&self, effects: &mut Vec<Effect>) {
        let sends = effects.iter().any(|effect| matches!(effect, Effect::Send { .. }));
        if self.ended && !sends && !self.is_busy() {
            effects.push(Effect::Quit);
        }
    }
}

#[cfg(test)]
mod tests;
