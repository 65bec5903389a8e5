//! One vault, several processes: what others changed, and the lock that closes it for all.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Engine;
use crate::account::{SessionState, UserKey};
use crate::session::engine::operations::Removed;
use crate::session::engine::user_session::UserSession;
use crate::session::{EventKind, Failure, LastRefresh, Subject, VaultStatus};
use crate::vault::{Changes, Contents, KeySource, TimelineEntry, UserRecord, VaultError};

/// How often others' changes are looked for.
const LOOK: Duration = Duration::from_millis(500);

/// A look that is under way.
pub(super) type Looking = BoxFuture<'static, Result<Option<Changes>, VaultError>>;

/// The answer to a look. Without one there is never an answer.
pub(super) async fn looking(look: &mut Option<Looking>) -> Result<Option<Changes>, VaultError> {
    match look {
        Some(look) => look.await,
        None => std::future::pending().await,
    }
}

impl Engine {
    /// Whether another process may have the same vault open, and this one lives long enough to care.
    pub(super) fn shares_vault(&self) -> bool {
        let is_kept = self.vault.as_ref().is_some_and(|vault| *vault.key() != KeySource::Memory);
        is_kept && self.setup.renewals.lead.is_some()
    }

    /// Asks the vault for what others did, unless its files say that nobody did anything.
    pub(super) fn look_around(&mut self) {
        let Some(vault) = &mut self.vault else { return };
        if vault.may_have_changes() {
            self.looking = Some(Box::pin(vault.changes()));
        } else {
            self.next_look = Instant::now() + LOOK;
        }
        self.look_at_clocks();
    }

    /// Takes what others did, of which there is mostly nothing.
    pub(super) fn looked_around(&mut self, changes: Result<Option<Changes>, VaultError>) {
        self.looking = None;
        self.next_look = Instant::now() + LOOK;
        let changes = match changes {
            Ok(Some(changes)) => changes,
            Ok(None) => return,
            Err(error) => return tracing::warn!(%error, "the vault cannot be looked at"),
        };
        if changes.locked {
            return self.close_vault();
        }
        for user in changes.removed {
            let subject = self.subject(&user);
            if self.forget(&user).is_some() {
                self.tell(None, subject, Removed);
            }
        }
        self.follow_apps(changes.apps);
        self.recall_clocks(changes.clocks);
        for (user, record) in changes.users {
            self.take_record(user, record);
        }
        self.recall_renewals(changes.renewals);
    }

    /// Takes what the vault holds when it is opened.
    pub(super) fn take_contents(&mut self, contents: Contents) {
        for (user, _) in &contents.users {
            self.app_mut(&user.app);
        }
        let mut kept = Vec::new();
        for (alias, record) in contents.apps {
            let app = self.app_mut(&alias);
            (app.current, app.device) = (record.current, record.device);
            kept.extend(record.app);
        }
        self.recall_clocks(contents.clocks);
        for (user, record) in contents.users {
            let skew = self.app_mut(&user.app).skew.ahead();
            let generation = self.next_generation();
            self.roster.insert(UserSession::new(user, generation, record, skew));
        }
        self.recall_renewals(contents.renewals);
        for app in kept {
            self.connect_kept(app);
        }
        let aliases: Vec<_> = self.apps.iter().map(|app| app.alias.clone()).collect();
        for alias in aliases {
            self.look_at_sessions_of(&alias);
        }
    }

    /// Takes how the last renewals went, whichever process made them.
    pub(super) fn recall_renewals(&mut self, entries: Vec<(UserKey, TimelineEntry)>) {
        for (user, entry) in entries {
            let Some(session) = self.roster.get_mut(&user) else { continue };
            let known = session.last_refresh.as_ref();
            let last = LastRefresh::of(&entry);
            if known != last.as_ref() && known.is_none_or(|known| known.at <= entry.at) {
                session.last_refresh = last;
                self.user_changed(&user);
            }
        }
    }

    /// Takes a record that another process stored. False when it says nothing new.
    pub(super) fn take_record(&mut self, user: UserKey, record: UserRecord) -> bool {
        let generation = self.next_generation();
        let skew = self.app_mut(&user.app).skew.ahead();
        let mut waiting = (Vec::new(), Vec::new());
        let mut last_refresh = None;
        if let Some(session) = self.roster.get_mut(&user) {
            if session.state == SessionState::Refreshing {
                // The renewal on the wire will find out; if it fails, the record is taken then.
                session.stored_elsewhere = Some(record);
                return true;
            }
            let tokens = |tokens: Option<&crate::account::Tokens>| {
                tokens.map(|tokens| {
                    let refresh = tokens.refresh.as_ref().map(|refresh| refresh.fingerprint());
                    (tokens.access.fingerprint(), refresh)
                })
            };
            let known = session.record();
            if tokens(known.tokens.as_ref()) == tokens(record.tokens.as_ref())
                && (&known.profile, &known.ended) == (&record.profile, &record.ended)
            {
                return false;
            }
            waiting = session.take_waiting();
            last_refresh = session.last_refresh.take();
        }
        let mut session = UserSession::new(user.clone(), generation, record, skew);
        (session.waiting_requests, session.waiting_operations) = waiting;
        // What the other process noted of its renewal comes with the timeline.
        session.last_refresh = last_refresh;
        self.roster.insert(session);
        self.plan_refresh(&user);
        self.user_changed(&user);
        let subject = self.subject(&user);
        self.tell(None, subject, EventKind::ChangedElsewhere);
        self.serve_waiting(&user);
        true
    }

    /// Looks at what stands in the vault for a user. Another process wrote while an answer was on its way to the disk,
    /// and which of the two came last is known there only.
    pub(super) fn read_again(&mut self, user: &UserKey) {
        let Some(generation) = self.roster.get(user).map(|session| session.generation) else { return };
        let record = self.vault_write(|vault| vault.read(user.clone()));
        let user = user.clone();
        self.spawn(Some(user.clone()), None, record, move |engine, result| {
            if let (true, Ok(Some(record))) = (engine.is_current(&user, generation), result) {
                engine.take_record(user, record);
            }
        });
    }

    /// Ends every job and drops its outcome: one that came after the lock would bring tokens back. Whoever waits is told.
    fn give_up_jobs(&mut self) {
        self.jobs = JoinSet::new();
        self.away.clear();
        self.looking = None;
        for (_, label) in std::mem::take(&mut self.labels) {
            if let Some(request) = label.request {
                let subject = label.user.as_ref().map_or(Subject::Device, |user| self.subject(user));
                let failure = Failure::vault_is_closed("finish the request");
                self.tell(Some(request), subject, failure);
            }
        }
    }

    /// Takes keys, tokens and users out of this process's memory.
    pub(super) fn close_vault(&mut self) {
        for user in self.roster.users() {
            drop(self.forget(&user));
        }
        self.give_up_jobs();
        for app in &mut self.apps {
            (app.current, app.device) = (None, None);
            if let Some((_, backend)) = &app.connected {
                backend.hang_up();
            }
        }
        let key = self.vault.as_ref().map_or(KeySource::Memory, |vault| vault.key().clone());
        if let Some(vault) = self.vault.take() {
            // Waits for what is being written, which a task of the runtime must not.
            std::thread::spawn(move || drop(vault));
        }
        self.vault_status = VaultStatus::Locked { key, why: Some("it was locked".into()) };
        self.changed = true;
    }
}
