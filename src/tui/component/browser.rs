//! A browser is away: where it has to go, as text and for a phone, and the address that it ended at, for whoever brings it.

use jiff::Timestamp;
use ratatui::style::Style;
use ratatui::text::Line;
use secrecy::ExposeSecret;

use super::{COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form};
use crate::account::BrowserAddress;
use crate::session::{self, Event, EventKind, RequestId};
use crate::text;
use crate::tui::content::qr::Code;
use crate::tui::effect::Effect;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, below, paragraph};
use crate::tui::words;

/// Columns between the words and the code.
const GAP: usize = 2;

/// A browser that is away.
#[derive(Debug)]
pub struct BrowserWait {
    /// The request that sent it away.
    pub request: RequestId,
    /// What it is for: `Log in to shop`.
    pub title: String,
    /// Where it has to go.
    pub address: BrowserAddress,
    /// Until when it is waited for.
    pub until: Timestamp,
    /// The address for a phone; `None` where it is too long for any code.
    pub code: Option<Code>,
    /// Whether the code has the screen to itself.
    pub shows_code: bool,
}

impl BrowserWait {
    /// A browser that has just left. `title` says what for.
    pub fn new(request: RequestId, title: String, address: BrowserAddress, until: Timestamp) -> Self {
        let code = Code::of(address.as_str());
        Self { request, title, address, until, code, shows_code: false }
    }
}

impl Component for BrowserWait {
    fn context(&self) -> Context {
        Context::Browser
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::ShowCode) => self.shows_code = !self.shows_code,
            Input::Action(Action::Copy) => return vec![Reaction::copy(self.address.as_str(), "the address")],
            Input::Action(Action::OpenBrowser) => {
                return vec![Reaction::Effect(Effect::OpenBrowser(self.address.clone()))];
            }
            Input::Action(Action::PasteAddress) => return Reaction::open(ReturnForm::new(self.request)),
            // What is pasted while a browser is away is the address that it ended at.
            Input::Paste(text) => {
                let mut dialog = ReturnForm::new(self.request);
                dialog.form.paste(text);
                return Reaction::open(dialog);
            }
            // How it ended, the dialog below says.
            Input::Event(event) if is_end_of(event, self.request) => return vec![Reaction::Close],
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, room: Room) -> Page {
        let (lines, columns) = match self.shows_code {
            true => alone(state, self),
            false => page(state, self, COLUMNS, (room.columns(), room.rows() + 3)),
        };
        let page = Page::new(self.title.clone(), Drawn::lines(lines)).of_width(columns);
        Page { alone: self.shows_code, ..page }
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![
            format!("{}: go on in the browser; if none opens, open this address in one:", self.title),
            self.address.as_str().to_owned(),
            format!("waiting for the browser until {}", words::time_of_day(self.until)),
            "where it runs on another machine, paste-address takes the address that it ends at".into(),
        ]
    }
}

impl Modal for BrowserWait {
    fn is_panel(&self) -> bool {
        true
    }

    fn step_back(&mut self) -> bool {
        std::mem::take(&mut self.shows_code)
    }

    /// Gives up what is waited for; what asked for it closes too.
    fn give_up(&mut self, _request: Option<RequestId>) -> Option<Reaction> {
        Some(Reaction::CancelWaiting(self.request))
    }
}

/// Whether an event ends a request that sent a browser away.
fn is_end_of(event: &Event, request: RequestId) -> bool {
    event.request == Some(request) && !matches!(event.kind, EventKind::BrowserNeeded { .. })
}

/// The address that a browser ended at.
#[derive(Debug)]
pub struct ReturnForm {
    /// The request that sent it away.
    pub request: RequestId,
    /// The one field. The address has tokens in it.
    pub form: Form,
}

impl ReturnForm {
    /// A form to paste the address into.
    pub fn new(request: RequestId) -> Self {
        Self { request, form: Form::new(vec![Field::secret(FieldName::Address, "Address")]) }
    }

    pub fn submit(&mut self) -> Vec<Reaction> {
        let address = self.form.take_secret(FieldName::Address);
        if address.expose_secret().trim().is_empty() {
            self.form.refuse(FieldName::Address, "is needed");
            return vec![];
        }
        Reaction::ask(session::BrowserEndedAt { request: self.request, address })
    }
}

impl Component for ReturnForm {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        match input {
            Input::Action(Action::Submit) => return self.submit(),
            Input::Event(event) if is_end_of(event, self.request) => return vec![Reaction::Close],
            input => handle_form(&mut self.form, &input),
        }
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let theme = &state.theme;
        let words = "Paste the address of the page that the browser ended at, from http:// to its end.";
        let intro = paragraph(words, theme.text, COLUMNS);
        let drawn = below(intro, form::draw(&self.form, theme, COLUMNS));
        Page::new("The address that the browser ended at", drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec!["the address that the browser ended at, from http:// to its end".into()]
    }
}

impl Modal for ReturnForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn waiting(&self) -> &'static str {
        "looking at the address…"
    }
}

/// The words in `columns` columns, and the code beside them, where `room` has columns and rows for both. The lines, and how
/// many columns they take.
fn page(
    state: &State,
    wait: &BrowserWait,
    columns: usize,
    room: (usize, usize),
) -> (Vec<Line<'static>>, usize) {
    let beside = room.0.saturating_sub(columns + GAP);
    let code = (wait.code.as_ref()).filter(|_| !state.look.ascii);
    let Some((code, margin)) = code.and_then(|code| Some((code, code.margin(beside, room.1)?))) else {
        return (words(state, wait, columns, room.1, Some(about_code(state, wait))), columns);
    };
    let mut left = words(state, wait, columns, room.1, None).into_iter();
    let mut page: Vec<_> = rows(state, code, margin)
        .map(|code| {
            let mut line = left.next().unwrap_or_default();
            let gap = (columns + GAP).saturating_sub(line.width());
            line.spans.push(span(" ".repeat(gap), Style::new()));
            line.spans.extend(code.spans);
            line
        })
        .collect();
    let width = page.first().map_or(columns, Line::width);
    page.extend(left);
    (page, width)
}

/// The code alone on the whole screen, or how large the screen would have to be. The lines, and how many columns they take.
fn alone(state: &State, wait: &BrowserWait) -> (Vec<Line<'static>>, usize) {
    // The last line tells the way back.
    let (columns, most) = (usize::from(state.size.width), usize::from(state.size.height));
    let way_back = key(state, Action::Close).map(|key| format!("{key} goes back")).unwrap_or_default();
    let code = (wait.code.as_ref()).filter(|_| !state.look.ascii);
    let fitting = code.and_then(|code| Some((code, code.margin(columns, most)?)));
    let (mut page, width): (Vec<_>, _) = match fitting {
        Some((code, margin)) => {
            let rows: Vec<_> = rows(state, code, margin).collect();
            let width = rows.first().map_or(0, Line::width);
            (rows, width)
        }
        None => {
            let columns = columns.saturating_sub(4).min(62);
            let why = text::wrap(&missing(state, wait), columns);
            (why.into_iter().map(|line| Line::from(span(line, state.theme.text))).collect(), columns)
        }
    };
    if page.len() < most {
        page.push(Line::from(span(way_back, state.theme.muted)));
    }
    (page, width)
}

fn rows(state: &State, code: &Code, margin: usize) -> impl Iterator<Item = Line<'static>> {
    let style = state.theme.code;
    // Without colours what is light has to be drawn: terminals are dark more often than not.
    let invert = style == Style::default();
    let rows: Vec<_> = code.rows(margin).collect();
    rows.into_iter().map(move |row| {
        let drawn = |cell| match cell {
            '█' => ' ',
            '▀' => '▄',
            '▄' => '▀',
            _ => '█',
        };
        let row = if invert { row.chars().map(drawn).collect() } else { row };
        Line::from(span(row, style))
    })
}

/// The address, what to do with it, and what is waited for; `more` at the end.
fn words(
    state: &State,
    wait: &BrowserWait,
    columns: usize,
    rows: usize,
    more: Option<String>,
) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let paragraph = |words: &str, style| {
        let lines: Vec<_> =
            text::wrap(words, columns).into_iter().map(|line| Line::from(span(line, style))).collect();
        lines
    };
    let before = paragraph("Go on in the browser, or open this address in one:", theme.text);
    let mut after = vec![Line::default()];
    let paste = key(state, Action::PasteAddress).unwrap_or_default();
    after.extend(paragraph(
        &format!(
            "Where the browser runs on another machine, it ends at a page that it cannot reach. Copy the address of \
             that page, and press {paste} to paste it here."
        ),
        theme.muted,
    ));
    if let Some(more) = more {
        after.extend(paragraph(&more, theme.muted));
    }
    after.push(Line::default());
    let until = words::time_of_day(wait.until);
    after.extend(paragraph(&format!("Waiting for the browser until {until}."), theme.busy));

    let address = text::wrap(&text::inert(wait.address.as_str()), columns);
    let room = rows.saturating_sub(before.len() + after.len() + 1);
    let mut lines = before;
    let cut = address.len() > room;
    let shown = if cut { room.saturating_sub(1) } else { address.len() };
    lines.extend(address.iter().take(shown).map(|line| Line::from(span(line.clone(), theme.strong))));
    if cut {
        let copy = key(state, Action::Copy).unwrap_or_default();
        let rest = words::count(address.len() - shown, "more line");
        lines.push(Line::from(span(format!("… {rest}: {copy} copies all of it"), theme.warn)));
    }
    lines.extend(after);
    lines
}

/// How to get the code, where it is not in sight.
fn about_code(state: &State, wait: &BrowserWait) -> String {
    let fits = wait
        .code
        .as_ref()
        .filter(|_| !state.look.ascii)
        .is_some_and(|code| code.margin(state.size.width.into(), state.size.height.into()).is_some());
    match key(state, Action::ShowCode).filter(|_| fits) {
        Some(key) => format!("{key} shows it as a QR code for a phone."),
        None => missing(state, wait),
    }
}

/// Why there is no code.
fn missing(state: &State, wait: &BrowserWait) -> String {
    match &wait.code {
        _ if state.look.ascii => "There is no QR code in ASCII.".into(),
        None => "The address is too long for a QR code.".into(),
        Some(code) => {
            let (columns, rows) = code.least();
            format!("Its QR code needs {columns} columns and {rows} rows.")
        }
    }
}

fn key(state: &State, action: Action) -> Option<String> {
    Some(state.keymap.key(Context::Browser, action)).filter(|key| !key.is_empty())
}
