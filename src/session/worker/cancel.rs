//! Log-ins that a person gave up while they were on their way.
//!
//! The request itself runs to its end: an answer that nobody reads would leave a session at the server that nobody knows of.
//! A session that comes of it is ended there at once, and never reaches the vault. A browser that is away is not waited for:
//! it finds nobody when it comes back.

use super::Worker;
use super::accounts::Entered;
use super::commands::end_at_server;
use super::outcomes::Outcome;
use crate::account::AppAlias;
use crate::session::{EventKind, RequestId, Subject};

impl Worker {
    /// Gives a log-in up, if it is still on its way; or a link that a browser is away for.
    pub(super) fn cancel_log_in(&mut self, id: RequestId, request: RequestId) {
        let away = self.give_up_browser(request);
        let entering = self.entering.get_mut(&request).filter(|(_, given_up)| !*given_up);
        let entering = entering.map(|(subject, given_up)| {
            *given_up = true;
            subject.clone()
        });
        match entering.or(away) {
            Some(subject) => {
                self.tell(Some(request), subject.clone(), EventKind::Cancelled);
                self.tell(Some(id), subject, EventKind::Cancelled);
            }
            None => {
                let what = "give up a log-in that is over".to_owned();
                self.tell(Some(id), Subject::Device, EventKind::AnswerDropped { what });
            }
        }
    }

    /// The answer to a log-in is here; whether it was given up before.
    pub(super) fn was_cancelled(&mut self, request: RequestId) -> bool {
        self.away.remove(&request);
        self.entering.remove(&request).is_some_and(|(_, given_up)| given_up)
    }

    /// Ends at the server what a log-in that was given up has opened there.
    pub(super) fn end_cancelled(&mut self, subject: Subject, app: &AppAlias, entered: Entered) {
        let Entered::Session(session, _) = entered else { return };
        let backend = self.backend(app).map(|(_, backend, _)| backend);
        self.spawn_to_land(None, None, async move {
            let server = end_at_server(backend, Some(session.tokens.refresh)).await;
            Outcome::Left { request: None, subject, event: None, result: Ok(()), server }
        });
    }
}
