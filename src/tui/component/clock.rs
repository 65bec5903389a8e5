//! The clock of a local App, and how far to move it.

use jiff::{SignedDuration, Timestamp};
use ratatui::text::Line;

use super::{
    COLUMNS, Component, Input, Modal, Page, Reaction, Room, State, form_context, handle_form, is_movement,
    next_second, target,
};
use crate::account::{AppAlias, ClockChange, local};
use crate::session;
use crate::text;
use crate::tui::form::{Field, FieldName, Form};
use crate::tui::keymap::{Action, Context};
use crate::tui::widget::form;
use crate::tui::widget::line::span;
use crate::tui::widget::page::{Drawn, Spot, below, paragraph};
use crate::tui::words;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// The clock of a local App.
#[derive(Debug)]
pub struct ClockBoard {
    /// The App.
    pub app: AppAlias,
    /// The row under the cursor.
    pub cursor: usize,
}

impl ClockBoard {
    /// What its rows do, from the top.
    pub const ROWS: [Action; 7] = [
        Action::ClockHalfHour,
        Action::ClockHour,
        Action::ClockDay,
        Action::ClockTwoMonths,
        Action::ClockAmount,
        Action::ClockFreeze,
        Action::ClockReset,
    ];

    /// The board with the cursor on the first row.
    pub fn new(app: AppAlias) -> Self {
        Self { app, cursor: 0 }
    }

    /// The step of a row that has one.
    pub fn step(action: Action) -> Option<SignedDuration> {
        match action {
            Action::ClockHalfHour => Some(SignedDuration::from_mins(30)),
            Action::ClockHour => Some(SignedDuration::from_hours(1)),
            Action::ClockDay => Some(SignedDuration::from_hours(24)),
            Action::ClockTwoMonths => Some(SignedDuration::from_hours(61 * 24)),
            _ => None,
        }
    }
}

impl ClockBoard {
    fn act(&self, action: Action, state: &State) -> Vec<Reaction> {
        let app = self.app.clone();
        let clock = state.snapshot.app(&app).and_then(|app| app.local.as_ref()?.clock);
        let change = match action {
            Action::ClockAmount => return Reaction::open(AmountForm::new(app)),
            Action::ClockFreeze => ClockChange::Freeze(clock.is_none_or(|clock| clock.frozen_at.is_none())),
            Action::ClockReset => ClockChange::Reset,
            step => match Self::step(step) {
                Some(step) => ClockChange::Advance(step),
                None => return vec![],
            },
        };
        Reaction::ask(session::ChangeClock { app, change })
    }
}

impl Component for ClockBoard {
    fn context(&self) -> Context {
        Context::Clock
    }

    fn handle(&mut self, input: Input, state: &State) -> Vec<Reaction> {
        let last = Self::ROWS.len() - 1;
        match input {
            Input::Action(action) if is_movement(action) => {
                self.cursor = target(action, self.cursor, PAGE).min(last)
            }
            Input::Action(Action::Reload) => {
                return Reaction::read(session::ReadClock { app: self.app.clone() });
            }
            Input::Action(Action::Submit) => return self.act(Self::ROWS[self.cursor], state),
            Input::Action(action) => return self.act(action, state),
            Input::Click(Spot::Row(row)) => self.cursor = row.min(last),
            _ => {}
        }
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        Page::new(format!("The clock of {}", self.app), clock(state, self))
    }

    fn next_change(&self, state: &State) -> Option<Timestamp> {
        next_second(state)
    }

    fn describe(&self, state: &State) -> Vec<String> {
        let clock = state.snapshot.app(&self.app).and_then(|app| app.local.as_ref()?.clock);
        let stand = match clock {
            None => "not read yet".into(),
            Some(clock) if clock.frozen_at.is_some() => "it stands still, and with it every lifetime".into(),
            Some(clock) if clock.offset.is_zero() => "goes with its machine's".into(),
            Some(clock) => format!("{} from its machine's", words::offset(clock.offset)),
        };
        vec![format!("clock of {}: {}, {stand}", self.app, words::moment(state.app_time(&self.app)))]
    }
}

impl Modal for ClockBoard {
    fn waiting(&self) -> &'static str {
        "asking the App for its clock…"
    }

    fn is_panel(&self) -> bool {
        true
    }
}

/// The clock of a local App.
pub fn clock(state: &State, board: &ClockBoard) -> Drawn {
    let theme = &state.theme;
    let clock = state.snapshot.app(&board.app).and_then(|app| app.local.as_ref()?.clock);
    let field = |name: &str, value: String, style| {
        Line::from(vec![span(text::fit(name, 16), theme.muted), span(value, style)])
    };
    let frozen = clock.and_then(|clock| clock.frozen_at);
    let here = clock.map(|_| words::moment(state.app_time(&board.app)));
    let stand = match (clock, frozen) {
        (None, _) => ("not read yet".to_owned(), theme.muted),
        (_, Some(_)) => ("it stands still, and with it every lifetime".into(), theme.warn),
        (Some(clock), None) if clock.offset.is_zero() => ("goes with its machine's".into(), theme.good),
        (Some(clock), None) => (format!("{} from its machine's", words::offset(clock.offset)), theme.warn),
    };
    let mut drawn = Drawn::lines(vec![
        field("the App's time", here.unwrap_or_default(), theme.strong),
        field("here", words::moment(state.now), theme.text),
        field("", stand.0, stand.1),
        Line::default(),
    ]);
    let keys = ClockBoard::ROWS.map(|action| state.keymap.key(Context::Clock, action));
    let width = keys.iter().map(|key| text::width(key)).max().unwrap_or_default();
    for (row, action) in ClockBoard::ROWS.into_iter().enumerate() {
        let Some(binding) = state.keymap.binding(Context::Clock, action) else { continue };
        let chosen = row == board.cursor;
        let mark = if chosen { "▸ " } else { "  " };
        let style = if chosen { theme.selection } else { theme.text };
        let line = Line::from(vec![
            span(mark, theme.strong),
            span(format!("{}  ", text::fit(&keys[row], width)), theme.key),
            span(binding.description, style),
        ]);
        drawn.rows(row, [line]);
    }
    drawn
}

/// How far to move the clock of a local App.
#[derive(Debug)]
pub struct AmountForm {
    /// The App.
    pub app: AppAlias,
    /// The fields.
    pub form: Form,
}

impl AmountForm {
    /// An empty form.
    pub fn new(app: AppAlias) -> Self {
        Self { app, form: Form::new(vec![Field::text(FieldName::Amount, "Move by", "")]) }
    }

    /// What the typed text means, or why it means nothing.
    pub fn verdict(&self) -> Result<SignedDuration, local::StepError> {
        local::parse_step(self.form.text(FieldName::Amount))
    }

    pub fn submit(&mut self) -> Vec<Reaction> {
        match self.verdict() {
            Ok(step) => Reaction::ask(session::ChangeClock {
                app: self.app.clone(),
                change: ClockChange::Advance(step),
            }),
            // The line below the field says what is wrong.
            Err(_) => vec![],
        }
    }
}

impl Component for AmountForm {
    fn context(&self) -> Context {
        form_context(&self.form)
    }

    fn handle(&mut self, input: Input, _state: &State) -> Vec<Reaction> {
        if let Input::Action(Action::Submit) = input {
            return self.submit();
        }
        handle_form(&mut self.form, &input);
        vec![]
    }

    fn draw(&self, state: &State, _room: Room) -> Page {
        let theme = &state.theme;
        let intro =
            paragraph("A length of time such as 61d, 1h 30min, or -2d to go back.", theme.muted, COLUMNS);
        let mut drawn = below(intro, form::draw(&self.form, theme, COLUMNS));
        let (words, style) = match self.verdict() {
            Ok(step) => {
                let then = state.app_time(&self.app).saturating_add(step).unwrap_or(Timestamp::MAX);
                (format!("the App's time will be {}", words::moment(then)), theme.good)
            }
            Err(_) if self.form.text(FieldName::Amount).trim().is_empty() => (String::new(), theme.muted),
            Err(error) => (format!("✗ {error}"), theme.bad),
        };
        drawn.lines.push(Line::default());
        drawn.lines.extend(paragraph(&words, style, COLUMNS));
        Page::new(format!("Move the clock of {}", self.app), drawn)
    }

    fn describe(&self, _state: &State) -> Vec<String> {
        vec![format!("move the clock of {} by a length of time such as 61d or -2d", self.app)]
    }
}

impl Modal for AmountForm {
    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        Some(&mut self.form)
    }

    fn objection(&self) -> Option<String> {
        self.verdict().err().map(|error| error.to_string())
    }

    fn waiting(&self) -> &'static str {
        "asking the App for its clock…"
    }
}
