//! Log-ins and links that go through a browser: it is sent away, waited for, brought back or given up.

use super::boards;
use crate::session::{self, Event, EventKind, RequestId};
use crate::tui::dialog::{Body, BrowserWait, Dialog, Progress, ReturnForm};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::model::Model;

/// A key for the topmost dialog, which waits for a browser.
pub fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Dialog { body: Body::Browser(wait), .. }) = model.dialogs.last_mut() else { return vec![] };
    let address = wait.address.clone();
    match action {
        Action::Close if wait.shows_code => wait.shows_code = false,
        Action::Close => return give_up(model),
        Action::ShowCode => wait.shows_code = !wait.shows_code,
        Action::Copy => return boards::copy(address.as_str().into(), "the address"),
        Action::OpenBrowser => return vec![Effect::OpenBrowser(address)],
        Action::PasteAddress => {
            let form = ReturnForm::new(wait.request);
            model.open(Body::Return(form));
        }
        _ => {}
    }
    vec![]
}

/// What is pasted while a browser is away is the address that it ended at: it goes into the form for it.
pub fn paste(model: &mut Model) {
    if matches!(model.dialog().map(|dialog| &dialog.body), Some(Body::Browser(_))) {
        press(model, Action::PasteAddress);
    }
}

/// Sends a browser away when the App says where to, and stops waiting when the request has ended.
pub fn receive(model: &mut Model, event: &Event) -> Vec<Effect> {
    let Some(request) = event.request else { return vec![] };
    let EventKind::BrowserNeeded { address, until } = &event.kind else {
        // How it ended, the dialog below says.
        model.dialogs.retain(|dialog| waits_for(dialog) != Some(request));
        return vec![];
    };
    let asked = model.dialogs.iter().find(|dialog| dialog.progress == Progress::Waiting(Some(request)));
    let Some(Body::Credentials(form)) = asked.map(|dialog| &dialog.body) else {
        // Nobody wants it any more.
        return vec![cancel(request)];
    };
    let wait = BrowserWait::new(request, form, address.clone(), *until);
    model.open(Body::Browser(wait));
    vec![Effect::OpenBrowser(address.clone())]
}

/// Gives up what the topmost dialog waits for, and closes what asked for it.
fn give_up(model: &mut Model) -> Vec<Effect> {
    let Some(request) = model.dialogs.last().and_then(waits_for) else { return vec![] };
    model.dialogs.retain(|dialog| {
        waits_for(dialog) != Some(request) && dialog.progress != Progress::Waiting(Some(request))
    });
    vec![cancel(request)]
}

fn cancel(request: RequestId) -> Effect {
    Effect::Send { operation: session::CancelLogIn { request }.into(), dialog: None }
}

/// The request that sent a browser away, where the dialog is about one.
fn waits_for(dialog: &Dialog) -> Option<RequestId> {
    match &dialog.body {
        Body::Browser(BrowserWait { request, .. }) | Body::Return(ReturnForm { request, .. }) => {
            Some(*request)
        }
        _ => None,
    }
}
