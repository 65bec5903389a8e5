//! Users and panes as lines of text. The text may be from a server; whoever prints it makes it inert.

use bson::Bson;
use jiff::Timestamp;

use crate::account::SessionState;
use crate::data::edited_text::edit_text;
use crate::format;
use crate::session::{TimelineEntry, TokenView, UserView};
use crate::tui::component::{identities, session};
use crate::tui::content::tree;
use crate::tui::layout::Pane;
use crate::tui::model::Model;
use crate::tui::words;

/// How long a token lives on.
fn token(name: &str, token: Option<&TokenView>, now: Timestamp) -> Option<String> {
    let life = token?.lifetime?;
    Some(if life.is_over(now) {
        format!("{name} over")
    } else {
        format!("{name} {} left", format::left(life.expires, now))
    })
}

/// Where a session stands, in words.
fn state(user: &UserView, now: Timestamp) -> String {
    let next = |at: &Option<Timestamp>| match at {
        Some(at) => format!("next try in {}", format::left(*at, now)),
        None => "refresh tries again".into(),
    };
    let name = words::state(&user.state).word;
    match &user.state {
        SessionState::RefreshDue { cause, retry_at } | SessionState::AccessExpired { cause, retry_at } => {
            format!("{name}, {cause}, {}", next(retry_at))
        }
        SessionState::LogInRequired(reason) => format!("{name}, {reason}"),
        _ => name.into(),
    }
}

/// A user in one line.
pub fn user(model: &Model, user: &UserView) -> String {
    let now = model.state.present(&user.key.app);
    let mut parts = vec![format!("{} ({}): {}", user.label, user.key.app, state(user, now))];
    parts.extend(token("access", user.access.as_ref(), now));
    parts.extend(token("refresh", user.refresh.as_ref(), now));
    if model.state.snapshot.is_current(&user.key) {
        parts.push("current".into());
    }
    parts.join(", ")
}

/// The lines of a pane for the selected user, below its heading.
pub fn pane(model: &Model, pane: Pane) -> Vec<String> {
    let Some(selected) = model.state.selected() else {
        let why = if model.state.is_locked() { "the vault is locked" } else { "no user is selected" };
        return vec![why.into()];
    };
    let mut lines = vec![format!("{} of {}:", pane.title(), selected.label)];
    let before = lines.len();
    match pane {
        Pane::Users => lines = vec![user(model, selected)],
        Pane::Session => lines.extend(session_lines(model, selected)),
        Pane::Identities => lines.extend(model.identities.rows.iter().map(identity)),
        Pane::CustomData => {
            if let Some(document) = &selected.custom_data {
                document.iter().for_each(|(name, value)| fields(name.clone(), value, &mut lines));
            }
        }
        Pane::Timeline => {
            lines.extend(model.timeline.entries().iter().map(|TimelineEntry { at, what, rule, .. }| {
                format!("{}: {what}; {rule}", words::moment(*at))
            }));
        }
    }
    if lines.len() == before && pane != Pane::Users {
        lines.push("nothing".into());
    }
    lines
}

fn session_lines(model: &Model, user: &UserView) -> Vec<String> {
    let now = model.state.present(&user.key.app);
    let mut lines = vec![state(user, now)];
    let rows = session::rows(user, &model.session.claims, &model.state.keymap, model.state.now, usize::MAX);
    let mut gauge = None;
    for row in rows {
        match row {
            // The state is said above, without the keys of the screen; a gauge is said with the line below it.
            session::Row::State { .. } => {}
            session::Row::Gauge { name, life } => {
                gauge = Some(format!("{name}: {} left, expires", format::left(life.expires, now)));
            }
            session::Row::Field { name: "", value } => {
                lines.push(format!("{} {value}", gauge.take().unwrap_or_default()));
            }
            session::Row::Field { name, value } => lines.push(format!("{name}: {value}")),
            session::Row::Heading(heading) => lines.push(format!("claims of the {heading}:")),
            session::Row::Claim(claim) => {
                lines.push(format!("{}: {}", claim.name, claim.value).trim_end().to_owned())
            }
        }
    }
    lines
}

fn identity(row: &identities::Row) -> String {
    match row {
        identities::Row::Identity { number, provider, id } => format!("identity {number}: {provider} {id}"),
        identities::Row::Heading(heading) => format!("{heading}:"),
        identities::Row::Data { name, value } => format!("{name}: {value}"),
    }
}

/// A field of custom data by its whole path, so that no line depends on the one above.
fn fields(path: String, value: &Bson, lines: &mut Vec<String>) {
    match value {
        Bson::Document(document) if !document.is_empty() => {
            document.iter().for_each(|(name, value)| fields(format!("{path}.{name}"), value, lines));
        }
        Bson::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, value)| fields(format!("{path}.{at}"), value, lines));
        }
        value => lines.push(format!("{path}: {} ({})", edit_text(value), tree::type_name(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::bson;

    #[test]
    fn each_field_of_custom_data_is_a_line_with_its_whole_path() {
        let mut lines = Vec::new();
        let data = bson!({ "items": [{ "sku": "A-1" }, 7], "none": {} });
        fields("cart".into(), &data, &mut lines);
        assert_eq!(
            lines,
            ["cart.items.0.sku: A-1 (string)", "cart.items.1: 7 (int32)", "cart.none: {} (object)"]
        );
    }
}
