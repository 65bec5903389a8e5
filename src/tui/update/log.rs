//! Keys on the log.

use super::panes;
use crate::text;
use crate::tui::component::target;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::layout;
use crate::tui::log::{self, Filter};
use crate::tui::model::Model;
use crate::tui::words::Tone;

/// Does what a key asks for.
pub fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let body = model.state.regions().body;
    match action {
        Action::Toggle => {
            if !model.log.close_entry() {
                model.log.open_entry();
            }
        }
        Action::FilterLevel | Action::FilterUser | Action::FilterApp => filter(model, action),
        Action::Copy => return copy(model),
        Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
            match model.log.open() {
                Some(line) => {
                    let page = usize::from(layout::inside(body).height);
                    model.log.scroll_to(target(action, line, page));
                }
                None => model.log.go_to(target(action, model.log.cursor(), log::rows(body))),
            }
        }
        other => return panes::act(model, other),
    }
    vec![]
}

fn filter(model: &mut Model, action: Action) {
    let filter = model.log.filter().clone();
    let filter = match action {
        Action::FilterLevel => Filter { level: filter.level.next(), ..filter },
        Action::FilterApp => {
            let mut apps = model.state.snapshot.apps.iter().map(|app| app.alias.clone());
            let app = match &filter.app {
                None => apps.next(),
                Some(shown) => apps.skip_while(|app| app != shown).nth(1),
            };
            Filter { app, ..filter }
        }
        _ => match (filter.user, model.state.selected()) {
            (None, None) => {
                model.state.say(Tone::Warn, "no user is selected on the board");
                return;
            }
            (None, Some(user)) => Filter { user: Some((user.key.clone(), user.label.clone())), ..filter },
            (Some(_), _) => Filter { user: None, ..filter },
        },
    };
    model.log.set_filter(filter);
}

/// Copies all of the selected entry, as it is shown.
fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(entry) = model.log.current(&model.state) else { return vec![] };
    let fields = entry.fields();
    let lines: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}: {}", text::inert(value))).collect();
    super::copy::copy(lines.join("\n"), "the entry")
}
