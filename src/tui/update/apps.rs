//! Keys of the list of Apps.

use super::panes::target;
use crate::account::AppAlias;
use crate::session::{AppView, Snapshot};
use crate::tui::dialog::{AppForm, AppList, Body, Confirm, CredentialsForm, Question};
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::needs;
use crate::tui::words::Tone;

/// Rows that a page key goes.
const PAGE: usize = 10;

/// Opens the list, with the App of the selected user under the cursor.
pub fn open(model: &mut Model) {
    let app = model.app().map(|app| app.alias.clone());
    model.open(Body::Apps(AppList::new(app)));
}

/// Opens the form of a new App.
pub fn add(model: &mut Model) {
    let form = AppForm::add(&model.snapshot);
    model.open(Body::App(form));
}

/// A key for the list.
pub fn press(model: &mut Model, action: Action) {
    let snapshot = model.snapshot.clone();
    let Some(Body::Apps(list)) = model.dialogs.last_mut().map(|dialog| &mut dialog.body) else { return };
    if !matches!(
        action,
        Action::AddApp | Action::LogIn | Action::Register | Action::EditApp | Action::ForgetApp
    ) {
        let row = target(action, list.cursor(&snapshot), PAGE);
        return list.go_to(row, &snapshot);
    }
    let app = list.current(&snapshot);
    match (action, app) {
        (Action::AddApp, _) => add(model),
        (action, Some(app)) => act(model, action, app, &snapshot),
        (_, None) => {}
    }
}

/// Does something with an App.
fn act(model: &mut Model, action: Action, app: &AppView, snapshot: &Snapshot) {
    match action {
        Action::LogIn | Action::Register if is_ready(model, app) => {
            // Whoever logs in looks at users next.
            model.dialogs.pop();
            let form = match action {
                Action::Register => CredentialsForm::register(app),
                _ => CredentialsForm::log_in(app, None),
            };
            model.open(Body::Credentials(form));
        }
        Action::EditApp if is_kept(model, app) => model.open(Body::App(AppForm::edit(app, snapshot))),
        Action::ForgetApp if is_kept(model, app) => {
            let users = users_of(snapshot, app);
            let of_app = snapshot.users.iter().filter(|user| user.key.app == app.alias);
            let lost = of_app.filter(|user| user.is_lost_without_session()).count();
            let question = Question::ForgetApp { users, lost };
            model.open(Body::Confirm(Confirm::of_app(question, app.alias.clone())));
        }
        _ => {}
    }
}

/// How many users of an App are known on this device.
pub fn users_of(snapshot: &Snapshot, app: &AppView) -> usize {
    snapshot.users.iter().filter(|user| user.key.app == app.alias).count()
}

fn is_ready(model: &mut Model, app: &AppView) -> bool {
    let is_ready = app.base_url.is_some();
    if !is_ready {
        model.say(Tone::Warn, needs::no_address(model, app));
    }
    is_ready
}

/// Whether an App is there to be changed; else it is said why not.
fn is_kept(model: &mut Model, app: &AppView) -> bool {
    let lacks_address = app.base_url.is_none() && app.alias.as_str() != AppAlias::LOCAL;
    if lacks_address {
        return true;
    }
    if !app.kept {
        let add = model.keymap.call(Context::Apps, Action::AddApp);
        let why = match app.alias.as_str() {
            AppAlias::LOCAL => "comes with idmux, and stays as it is".to_owned(),
            _ => format!("was named at the start, and is here as long; {add} adds one that is remembered"),
        };
        model.say(Tone::Warn, format!("the App {} {why}", app.alias));
    }
    app.kept
}
