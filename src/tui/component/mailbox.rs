//! The mailbox of a local App.

use jiff::Timestamp;
use ratatui::text::Line;

use super::confirm::{Confirm, Question};
use super::email::EmailForm;
use super::{Component, Input, Modal, Page, Reaction, Room, State, is_movement, target};
use crate::account::{AppAlias, Mail, MailPurpose, MailState};
use crate::session::{self, Snapshot};
use crate::text;
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::line::{self, span};
use crate::tui::widget::page::{Drawn, Spot};
use crate::tui::words;
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Columns of a purpose or state of a mail.
const WORD: usize = 7;

/// Columns of the age of a mail.
const AGE: usize = 6;

/// Lines that the link of a mail may take: a token has 128 characters.
const LINK: usize = 6;

/// The mailbox of a local App.
#[derive(Debug)]
pub struct Mailbox {
    /// The App.
    pub app: AppAlias,
    /// The selected mail; the newest until one is chosen.
    selected: Option<i64>,
}

impl Mailbox {
    /// The mailbox with the newest mail selected.
    pub fn new(app: AppAlias) -> Self {
        Self { app, selected: None }
    }

    /// The mails, newest first; `None` before they were read.
    pub fn mails<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a [Mail]> {
        snapshot.app(&self.app)?.local.as_ref()?.mails.as_deref()
    }

    /// The row of the selected mail: it keeps its mail when another one comes.
    pub fn cursor(&self, snapshot: &Snapshot) -> usize {
        let mails = self.mails(snapshot).unwrap_or_default();
        mails.iter().position(|mail| Some(mail.id) == self.selected).unwrap_or(0)
    }

    /// The selected mail.
    pub fn current<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Mail> {
        self.mails(snapshot)?.get(self.cursor(snapshot))
    }

    /// Selects a row, at most the last.
    pub fn go_to(&mut self, row: usize, snapshot: &Snapshot) {
        let mails = self.mails(snapshot).unwrap_or_default();
        self.selected = mails.get(row.min(mails.len().saturating_sub(1))).map(|mail| mail.id);
    }
}

impl Mailbox {
    fn act(&self, action: Action, state: &State) -> Vec<Reaction> {
        let (app, snapshot) = (self.app.clone(), &state.snapshot);
        if action == Action::ClearMails {
            let mails = self.mails(snapshot).unwrap_or_default().len();
            if mails == 0 {
                return vec![];
            }
            return Reaction::open(Confirm::of_app(Question::ClearMails { mails }, app));
        }
        let Some(mail) = self.current(snapshot) else { return vec![] };
        match (action, mail.purpose, mail.state) {
            (Action::Copy, ..) => vec![Reaction::copy(mail.link.expose(), "the link")],
            (Action::UseMail, MailPurpose::Confirm, MailState::Open) => {
                Reaction::ask(session::ConfirmMail { app, mail: mail.id })
            }
            (Action::UseMail, MailPurpose::Reset, MailState::Open) => {
                Reaction::open(EmailForm::set_password(app, mail))
            }
            (Action::UseMail, _, mail_state) => {
                let what = if mail_state == MailState::Used { "was used already" } else { "is too old" };
                let password = state.keymap.call(Context::Users, Action::Password);
                vec![Reaction::warn(format!("this mail {what}; {password} in Users has another one sent"))]
            }
            _ => vec![],
        }
    }
}

impl Component for Mailbox {
    fn context(&self) -> Context {
        Context::Mailbox
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(action) if is_movement(action) => {
                let row = target(action, self.cursor(&state.snapshot), PAGE);
                self.go_to(row, &state.snapshot);
            }
            Input::Action(Action::Reload) => {
                return Reaction::read(session::ReadMails { app: self.app.clone() });
            }
            Input::Action(action) => return self.act(action, state),
            Input::Click(Spot::Row(row)) => self.go_to(row, &state.snapshot),
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let columns = room.wide();
        let drawn = mailbox(state, self, columns, room.rows());
        Page::new(format!("The mailbox of {}", self.app), drawn).of_width(columns)
    }

    fn next_change(&self, state: &State) -> Option<Timestamp> {
        let now = state.server_time(&self.app)?;
        let ages = self.mails(&state.snapshot)?.iter();
        let next = ages.map(|mail| words::next_age_change(mail.sent_at, now)).min()?;
        // By this machine's clock.
        state.now.saturating_add(next.duration_since(now)).ok()
    }

    fn offers(&self, action: Action, state: &State) -> bool {
        let mail = self.current(&state.snapshot);
        match action {
            Action::UseMail => mail.is_some_and(|mail| mail.state == MailState::Open),
            Action::Copy | Action::ClearMails => mail.is_some(),
            _ => true,
        }
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let mails = self.mails(&state.snapshot).unwrap_or_default();
        let now = state.app_time(&self.app);
        let mut lines = vec![format!("mailbox of {}: {}", self.app, words::count(mails.len(), "mail"))];
        lines.extend(mails.iter().enumerate().map(|(at, mail)| {
            let (number, age) = (at + 1, words::age(mail.sent_at, now));
            format!("{number}. {} {}, {}, {age}: {}", mail.purpose, mail.email, mail.state, mail.subject)
        }));
        if let Some(mail) = self.current(&state.snapshot) {
            lines.push(format!("selected: {}", self.cursor(&state.snapshot) + 1));
            lines.push(format!("link: {}", mail.link.expose()));
        }
        lines
    }
}

impl Modal for Mailbox {
    fn waiting(&self) -> &'static str {
        "reading the mailbox…"
    }

    fn is_panel(&self) -> bool {
        true
    }
}

/// The mailbox of a local App: its mails, and below them the selected one.
pub fn mailbox(state: &State, mailbox: &Mailbox, columns: usize, rows: usize) -> Drawn {
    let theme = &state.theme;
    let now = state.app_time(&mailbox.app);
    let mails = match mailbox.mails(&state.snapshot) {
        None => return Drawn::lines(vec![Line::from(span("The mailbox was not read yet.", theme.muted))]),
        Some([]) => {
            let words =
                "No mails. Those that this App sends to confirm an address, or to set a password, come here.";
            let words = text::wrap(words, columns).into_iter();
            return Drawn::lines(words.map(|line| Line::from(span(line, theme.muted))).collect());
        }
        Some(mails) => mails,
    };
    let cursor = mailbox.cursor(&state.snapshot);
    let detail = mails.get(cursor).map(|mail| mail_detail(state, mail, columns)).unwrap_or_default();
    let height = rows.saturating_sub(detail.len()).max(3).min(mails.len());
    let first = (cursor + 1).saturating_sub(height);
    let mut drawn = Drawn::default();
    let shown = mails.iter().enumerate().skip(first).take(height);
    drawn.rows(first, shown.map(|(row, mail)| mail_line(state, mail, row == cursor, now, columns)));
    drawn.below(Drawn::lines(detail))
}

fn mail_line(state: &State, mail: &Mail, selected: bool, now: Timestamp, columns: usize) -> Line<'static> {
    let theme = &state.theme;
    let mark = if selected { "▸ " } else { "  " };
    let (glyph, tone) = match mail.state {
        MailState::Open => ("●", Tone::Good),
        MailState::Used => ("✓", Tone::Plain),
        MailState::Expired => ("✗", Tone::Bad),
    };
    let room = columns.saturating_sub(2 + 2 * (WORD + 2) + 2 + AGE + 2);
    let address = text::fit(&text::inert(&mail.email), room);
    let style = if selected { theme.selection } else { theme.text };
    Line::from(vec![
        span(mark, theme.strong),
        span(format!("{}  ", text::fit(&mail.purpose.to_string(), WORD)), theme.muted),
        span(address, style),
        span("  ", theme.text),
        span(format!("{glyph} {}  ", text::fit(&mail.state.to_string(), WORD)), line::tone(theme, tone)),
        span(text::fit_right(&words::age(mail.sent_at, now), AGE), theme.muted),
    ])
}

/// The selected mail. Its link is shown whole: whoever looks after the App may follow it.
fn mail_detail(state: &State, mail: &Mail, columns: usize) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let subject = text::inert(&mail.subject);
    let sent = format!("sent {}, {}", words::moment(mail.sent_at), text::inert(&mail.delivery));
    let mut lines = vec![
        Line::from(span("─".repeat(columns), theme.border)),
        Line::from(span(text::cut(&subject, columns).into_owned(), theme.strong)),
        Line::from(span(text::cut(&sent, columns).into_owned(), theme.muted)),
    ];
    let link = text::inert(mail.link.expose());
    let shown = text::wrap(&link, columns).into_iter().take(LINK);
    lines.extend(shown.map(|line| Line::from(span(line, theme.text))));
    lines
}
