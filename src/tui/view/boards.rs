//! The boards: the clock and the mailbox of a local App, the API keys of a user, and a secret that is shown once.

use jiff::Timestamp;
use ratatui::text::Line;
use secrecy::ExposeSecret;

use super::form::Drawn;
use super::span;
use crate::account::{ApiKey, Mail, MailState};
use crate::tui::dialog::{ClockBoard, KeyList, Mailbox, ShownSecret};
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::words::Tone;
use crate::tui::{text, words};

/// Columns of a purpose or state of a mail.
const WORD: usize = 7;
/// Columns of the age of a mail.
const AGE: usize = 6;
/// Lines that the link of a mail may take: a token has 128 characters.
const LINK: usize = 6;

/// The clock of a local App.
pub fn clock(model: &Model, board: &ClockBoard) -> Drawn {
    let theme = &model.theme;
    let clock = model.snapshot.app(&board.app).and_then(|app| app.local.as_ref()?.clock);
    let field = |name: &str, value: String, style| {
        Line::from(vec![span(text::fit(name, 16), theme.muted), span(value, style)])
    };
    let frozen = clock.and_then(|clock| clock.frozen_at);
    let here = clock.map(|_| words::moment(model.app_time(&board.app)));
    let stand = match (clock, frozen) {
        (None, _) => ("not read yet".to_owned(), theme.muted),
        (_, Some(_)) => ("it stands still, and with it every lifetime".into(), theme.warn),
        (Some(clock), None) if clock.offset.is_zero() => ("goes with its machine's".into(), theme.good),
        (Some(clock), None) => (format!("{} from its machine's", words::offset(clock.offset)), theme.warn),
    };
    let mut drawn = Drawn::lines(vec![
        field("the App's time", here.unwrap_or_default(), theme.strong),
        field("here", words::moment(model.now), theme.text),
        field("", stand.0, stand.1),
        Line::default(),
    ]);
    let keys = ClockBoard::ROWS.map(|action| model.keymap.key(Context::Clock, action));
    let width = keys.iter().map(|key| text::width(key)).max().unwrap_or_default();
    for (row, action) in ClockBoard::ROWS.into_iter().enumerate() {
        let Some(binding) = model.keymap.binding(Context::Clock, action) else { continue };
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

/// The mailbox of a local App: its mails, and below them the selected one.
pub fn mailbox(model: &Model, mailbox: &Mailbox, columns: usize, rows: usize) -> Drawn {
    let theme = &model.theme;
    let now = model.app_time(&mailbox.app);
    let mails = match mailbox.mails(&model.snapshot) {
        None => return Drawn::lines(vec![Line::from(span("The mailbox was not read yet.", theme.muted))]),
        Some([]) => {
            let words =
                "No mails. Those that this App sends to confirm an address, or to set a password, come here.";
            let words = text::wrap(words, columns).into_iter();
            return Drawn::lines(words.map(|line| Line::from(span(line, theme.muted))).collect());
        }
        Some(mails) => mails,
    };
    let cursor = mailbox.cursor(&model.snapshot);
    let detail = mails.get(cursor).map(|mail| mail_detail(model, mail, columns)).unwrap_or_default();
    let height = rows.saturating_sub(detail.len()).max(3).min(mails.len());
    let first = (cursor + 1).saturating_sub(height);
    let mut drawn = Drawn::default();
    let shown = mails.iter().enumerate().skip(first).take(height);
    drawn.rows(first, shown.map(|(row, mail)| mail_line(model, mail, row == cursor, now, columns)));
    drawn.below(Drawn::lines(detail))
}

fn mail_line(model: &Model, mail: &Mail, selected: bool, now: Timestamp, columns: usize) -> Line<'static> {
    let theme = &model.theme;
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
        span(format!("{glyph} {}  ", text::fit(&mail.state.to_string(), WORD)), super::tone(theme, tone)),
        span(text::fit_right(&words::age(mail.sent_at, now), AGE), theme.muted),
    ])
}

/// The selected mail. Its link is shown whole: whoever looks after the App may follow it.
fn mail_detail(model: &Model, mail: &Mail, columns: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
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

/// The API keys of a user.
pub fn keys(model: &Model, list: &KeyList, columns: usize, rows: usize) -> Drawn {
    let theme = &model.theme;
    let keys = match list.keys(&model.snapshot) {
        None => return Drawn::lines(vec![Line::from(span("The keys were not read yet.", theme.muted))]),
        Some([]) => {
            let new = model.keymap.call(Context::ApiKeys, Action::NewKey);
            let words = format!(
                "No API keys. {new} makes one: whoever has it logs in as this user, until it is disabled."
            );
            let words = text::wrap(&words, columns).into_iter();
            return Drawn::lines(words.map(|line| Line::from(span(line, theme.muted))).collect());
        }
        Some(keys) => keys,
    };
    let cursor = list.cursor(&model.snapshot);
    let height = rows.max(3).min(keys.len());
    let first = (cursor + 1).saturating_sub(height);
    let shown = keys.iter().enumerate().skip(first).take(height);
    let mut drawn = Drawn::default();
    drawn.rows(first, shown.map(|(row, key)| key_line(model, key, row == cursor, columns)));
    drawn
}

fn key_line(model: &Model, key: &ApiKey, selected: bool, columns: usize) -> Line<'static> {
    let theme = &model.theme;
    let mark = if selected { "▸ " } else { "  " };
    let (glyph, word, tone) =
        if key.enabled { ("●", "enabled", Tone::Good) } else { ("○", "disabled", Tone::Bad) };
    let id = text::inert(key.id.as_str()).into_owned();
    let room = columns.saturating_sub(2 + 2 + 2 + 8 + 2 + text::width(&id));
    let style = if selected { theme.selection } else { theme.text };
    Line::from(vec![
        span(mark, theme.strong),
        span(text::fit(&text::inert(&key.name), room), style),
        span("  ", theme.text),
        span(format!("{glyph} {}  ", text::fit(word, 8)), super::tone(theme, tone)),
        span(id, theme.muted),
    ])
}

/// The secret of a key that was just made.
pub fn secret(model: &Model, shown: &ShownSecret, columns: usize) -> Vec<Line<'static>> {
    let theme = &model.theme;
    let paragraph = |words: &str, style| {
        let lines = text::wrap(words, columns).into_iter();
        lines.map(|line| Line::from(span(line, style))).collect::<Vec<_>>()
    };
    let mut lines = paragraph(
        "This is the key. It is shown this once, and kept nowhere: copy it now, or make another later.",
        theme.text,
    );
    lines.push(Line::default());
    lines.extend(paragraph(&text::inert(shown.secret.expose_secret()), theme.strong));
    lines.push(Line::default());
    let copy = format!("{} copies it", model.keymap.call(Context::Secret, Action::Copy));
    let (words, style) =
        if shown.copied { ("✓ handed to the clipboard", theme.good) } else { (copy.as_str(), theme.muted) };
    lines.extend(paragraph(words, style));
    lines
}
