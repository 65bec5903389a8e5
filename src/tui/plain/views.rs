//! The other views as lines of text: when sessions end, what differs between users, what happened.

use jiff::Timestamp;

use crate::format;
use crate::session::{TokenView, UserView};
use crate::tui::content::compare::{self, Row};
use crate::tui::model::Model;
use crate::tui::words;

/// Entries of the log that are said: the newest.
const MOST: usize = 50;

/// When every session ends, the first to end first.
pub fn lifetimes(model: &Model) -> Vec<String> {
    let order = model.lifetimes.in_order(&model.state);
    let users = order.into_iter().filter_map(|row| model.state.users.get(row, &model.state.snapshot));
    users.map(|user| lifetime(model, user)).collect()
}

/// When a session ends.
pub fn lifetime(model: &Model, user: &UserView) -> String {
    let now = model.state.present(&user.key.app);
    let until = |at: Timestamp| {
        if at <= now {
            format!("was over at {}", words::moment(at))
        } else {
            format!("in {}, at {}", format::left(at, now), words::moment(at))
        }
    };
    let end =
        |token: &Option<TokenView>| token.as_ref().and_then(|token| token.lifetime).map(|life| life.expires);
    let parts = [
        end(&user.access).map(|at| format!("access token ends {}", until(at))),
        user.planned_renewal().map(|at| format!("next renewal {}", until(at))),
        end(&user.refresh).map(|at| format!("log in again {}", until(at))),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let said = if parts.is_empty() { words::state(&user.state).word.to_owned() } else { parts.join("; ") };
    format!("{} ({}): {said}", user.label, user.key.app)
}

/// What differs between users, and how much does not.
pub fn compare(users: &[&UserView]) -> Vec<String> {
    let table = compare::table(users, true);
    let equal = table.fields - table.differing;
    let mut lines = vec![format!("{} differ, {} the same", words::count(table.differing, "field"), equal)];
    for row in &table.rows {
        match row {
            Row::Heading(heading) => lines.push(format!("{heading}:")),
            Row::Field { name, values } => {
                let each = users.iter().zip(values).map(|(user, value)| {
                    format!("{} {}", user.label, value.as_deref().unwrap_or("has none"))
                });
                lines.push(format!("{}: {}", name.trim(), each.collect::<Vec<_>>().join("; ")));
            }
        }
    }
    lines
}

/// What happened in this run, oldest first.
pub fn log(model: &Model) -> Vec<String> {
    let history = model.state.activity.history();
    let entries: Vec<_> = history.iter().map(|(_, entry)| entry).collect();
    let older = entries.len().saturating_sub(MOST);
    let mut lines = Vec::new();
    if older > 0 {
        lines.push(format!("{older} older entries are left out"));
    }
    lines.extend(entries[older..].iter().map(|entry| {
        let who = entry.who().map(|who| format!(" {who}:")).unwrap_or_default();
        format!("{} {}{who} {}", words::time_of_day(entry.at), entry.level.name(), entry.words)
    }));
    if lines.is_empty() {
        lines.push("nothing has happened yet".into());
    }
    lines
}
