//! A log-in from the server's answer to the session that begins: it counts when it is durable.

use futures_util::future::BoxFuture;

use super::Worker;
use super::commands::REGISTER;
use super::outcomes::{Outcome, Stored};
use crate::account::{AppAlias, Profile, UserKey};
use crate::backend::NewSession;
use crate::session::operation::{Operation, OperationKind};
use crate::session::user_session::UserSession;
use crate::session::{EventKind, Failure, RequestId};
use crate::vault::{UserRecord, VaultError};

/// A log-in that was stored.
#[derive(Debug)]
pub(super) struct StoredLogIn {
    request: RequestId,
    action: &'static str,
    user: UserKey,
    generation: u64,
    /// Whether the user had a session when the server answered.
    replaces: bool,
    record: UserRecord,
}

impl Worker {
    /// The server opened a session. It counts when it is durable.
    pub(super) fn session_opened(
        &mut self,
        request: RequestId,
        action: &'static str,
        app: AppAlias,
        session: NewSession,
        profile: Option<Profile>,
    ) {
        let user = UserKey { app: app.clone(), id: session.user };
        self.learn_token(&app, &session.tokens.access);
        let generation = self.next_generation();
        // Whatever is on the wire for the former session of this user is too late from here on.
        let replaces = self.roster.get_mut(&user).map(|former| former.generation = generation).is_some();
        let record =
            UserRecord { provider: session.provider, profile, tokens: Some(session.tokens), ended: None };
        if let Some(device) = session.device {
            self.app_mut(&app).device = Some(device.clone());
            drop(self.vault_write(|vault| vault.set_device(app.clone(), device)));
        }
        drop(self.vault_write(|vault| vault.set_current(app.clone(), Some(user.id.clone()))));
        // The App may be remembered from here on only; a clock that was read before has to be kept with it.
        self.app_mut(&app).skew.keep_again();
        // Without the address its users could not be reached at the next start: the log-in counts when both are durable.
        let address = self.keep_address(&app);
        let stored = self.vault_write(|vault| vault.put(user.clone(), record.clone()));
        let log_in = StoredLogIn { request, action, user: user.clone(), generation, replaces, record };
        self.spawn_to_land(Some(user), Some(request), async move {
            let address = address.await;
            Outcome::Stored { result: stored.await.and(address), what: Stored::LogIn(log_in) }
        });
    }

    /// A log-in is durable: the session begins, in place of the user's former one.
    pub(super) fn log_in_stored(&mut self, log_in: StoredLogIn, result: Result<(), VaultError>) {
        let StoredLogIn { request, action, user, generation, replaces, record } = log_in;
        let skew = self.app_mut(&user.app).skew.ahead();
        let former = self.roster.get_mut(&user);
        if replaces && former.as_ref().is_none_or(|former| former.generation != generation) {
            self.drop_answer(user.clone(), action);
            return self.fail(Some(request), &user, Failure::not_logged_in(action, None));
        }
        let lacks_profile = record.profile.is_none();
        let mut session = UserSession::new(user.clone(), generation, record, skew);
        let mut operations = Vec::new();
        if let Some(former) = former {
            // Who waited for a token of the former session gets one of the new.
            (session.waiting_requests, operations) = former.take_waiting();
        }
        let renew = !session.waiting_requests.is_empty();
        self.roster.insert(session);
        self.app_mut(&user.app).current = Some(user.id.clone());
        self.plan_renewal(&user);
        self.user_changed(&user);

        let subject = self.subject(&user);
        if action == REGISTER {
            self.tell(None, subject.clone(), EventKind::Registered);
        }
        self.tell_stored(Some(request), subject, Some(EventKind::LoggedIn { replaced: replaces }), result);
        for operation in operations {
            self.start_operation(&user, operation);
        }
        if lacks_profile {
            self.start_operation(&user, Operation::new(None, OperationKind::FetchProfile));
        }
        if renew {
            self.start_renewal(&user);
        }
    }

    /// Keeps the address of an App that was only named at this start. The embedded App has another one at each start.
    fn keep_address(&mut self, alias: &AppAlias) -> BoxFuture<'static, Result<(), VaultError>> {
        let known = self.app_mut(alias);
        let named = known.connected.as_ref().filter(|_| !known.kept && alias.as_str() != AppAlias::LOCAL);
        let Some((app, _)) = named.cloned() else { return Box::pin(std::future::ready(Ok(()))) };
        known.kept = true;
        known.seen = Some(app.clone());
        self.note_written(alias);
        self.vault_write(|vault| vault.keep_app(app))
    }
}
