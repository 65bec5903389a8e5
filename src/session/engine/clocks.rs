//! Clocks: ours, which may jump or sleep, and the servers', which may differ.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::Engine;
use crate::account::{AccessToken, AppAlias, AppClock, SessionState};
use crate::session::engine::operations::ReadClock;
use crate::session::engine::skew::Skew;
use crate::session::{EventKind, Subject};
use crate::vault::KeptClock;

/// A wall clock that moved so much more or less than the runtime's was set, or this machine slept.
const JUMP: SignedDuration = SignedDuration::from_secs(2);
/// After a jump, renewals that seem due are spread over so many seconds. By then the first answer has told the time.
const SPREAD: f64 = 30.0;

/// The two clocks of this machine when they were last compared.
#[derive(Debug)]
pub(super) struct Time {
    wall: Timestamp,
    runtime: Instant,
}

impl Time {
    pub(super) fn new(wall: Timestamp) -> Self {
        Self { wall, runtime: Instant::now() }
    }

    /// How far the wall clock moved beyond the runtime's since the last comparison, if that is a jump.
    fn jump(&mut self, wall: Timestamp) -> Option<SignedDuration> {
        let runtime = Instant::now();
        let passed = SignedDuration::try_from(runtime.duration_since(self.runtime)).unwrap_or_default();
        let by = wall.duration_since(self.wall).saturating_sub(passed);
        (self.wall, self.runtime) = (wall, runtime);
        (by.abs() > JUMP).then_some(by)
    }
}

impl Engine {
    /// Notices a clock that was set, and a machine that slept.
    pub(super) fn watch_clock(&mut self) {
        let now = self.now();
        let Some(by) = self.time.jump(now) else { return };
        self.tell(None, Subject::Device, EventKind::ClockJumped { by });
        for alias in self.apps.iter().map(|app| app.alias.clone()).collect::<Vec<_>>() {
            // What was learnt by the former clock says nothing about this one, unless it is known how far it was set.
            if let Some((_, backend, _)) = self.backend(&alias) {
                let _ = backend.clock_ahead();
            }
            let moment = self.setup.clock.moment();
            let skew = &mut self.app_mut(&alias).skew;
            *skew = skew.after_jump(&moment);
            let ahead = skew.ahead();
            let present = self.present(&alias);
            self.look_after(None, ReadClock { app: alias.clone() });
            let mut first = true;
            for user in self.roster.users_of(&alias) {
                let Some(session) = self.roster.get_mut(&user) else { continue };
                session.correct_for(ahead, present);
                if !session.state.is_logged_in() || session.state == SessionState::Refreshing {
                    continue;
                }
                let wait = SignedDuration::try_from_secs_f64(1.0 + SPREAD * fastrand::f64()).unwrap_or(JUMP);
                let turn = now.saturating_add(wait).unwrap_or(now);
                let retry = match &mut session.state {
                    SessionState::RefreshDue { retry_at, .. }
                    | SessionState::AccessExpired { retry_at, .. } => {
                        // A try was planned by the former clock; one that the server refused is nobody's but a person's.
                        *retry_at = retry_at.map(|_| turn);
                        session.next_refresh = *retry_at;
                        Some(*retry_at)
                    }
                    _ => None,
                };
                let subject = self.subject(&user);
                self.tell(None, subject, EventKind::ClockJumped { by });
                // One session asks the server at once. Its answer tells how late it really is, and the others are
                // planned anew before their turn comes.
                let may_ask = retry != Some(None) && self.setup.renewals.lead.is_some();
                if may_ask && std::mem::take(&mut first) {
                    self.start_refresh(&user);
                } else if retry.is_some() {
                    self.plan(&user);
                } else {
                    self.plan_refresh_after(&user, turn);
                }
                self.user_changed(&user);
            }
        }
    }

    /// Learns the server's time from its last answer.
    pub(super) fn learn_date(&mut self, alias: &AppAlias) {
        let Some((_, backend, _)) = self.backend(alias) else { return };
        let now = self.now();
        let learnt = self.learn(alias, |skew| skew.learn_from_date(backend.clock_ahead(), now));
        self.tell_skew(alias, learnt);
    }

    /// Learns the server's time from a token that it issued just now.
    pub(super) fn learn_token(&mut self, alias: &AppAlias, access: &AccessToken) {
        let now = self.now();
        let learnt = self.learn(alias, |skew| skew.learn_from_token(access, now));
        self.tell_skew(alias, learnt);
    }

    /// Learns the server's time from its clock, which somebody may have moved. That is no news to whoever did.
    pub(super) fn learn_clock(&mut self, alias: &AppAlias, clock: &AppClock) {
        let now = self.now();
        self.learn(alias, |skew| skew.learn_from_clock(clock.now, clock.frozen, now));
    }

    /// Takes what other processes, or earlier ones, have learnt of the apps' clocks.
    pub(super) fn recall_clocks(&mut self, clocks: Vec<(AppAlias, KeptClock)>) {
        let moment = self.setup.clock.moment();
        for (alias, kept) in clocks {
            if self.app(&alias).is_some_and(|app| app.skew.is_news(&kept)) {
                self.learn(&alias, |skew| *skew = Skew::recall(kept, &moment));
            }
        }
    }

    /// Keeps what was learnt of the apps' clocks, for the next process.
    pub(super) fn keep_clocks(&mut self) {
        let (clock, wall) = (self.setup.clock.clone(), self.now());
        let Some(vault) = &self.vault else { return };
        for app in &mut self.apps {
            if let Some(kept) = app.skew.take_unkept(|| clock.moment(), wall) {
                // Nobody waits for it: what is lost is learnt again.
                drop(vault.set_clock(app.alias.clone(), kept));
            }
        }
    }

    fn tell_skew(&mut self, alias: &AppAlias, learnt: Option<SignedDuration>) {
        if let Some(by) = learnt {
            let subject = Subject::App { app: alias.clone(), who: None };
            self.tell(None, subject, EventKind::SkewLearnt { by });
        }
    }

    /// Corrects all lifetimes of an app, and plans its sessions anew, if its skew turns out to be another; says which.
    fn learn(&mut self, alias: &AppAlias, take: impl FnOnce(&mut Skew)) -> Option<SignedDuration> {
        let skew = &mut self.app_mut(alias).skew;
        let before = (skew.ahead(), skew.stands_at());
        take(skew);
        let ahead = skew.ahead();
        if before == (ahead, skew.stands_at()) {
            return None;
        }
        let present = self.present(alias);
        for user in self.roster.users_of(alias) {
            let Some(session) = self.roster.get_mut(&user) else { continue };
            session.correct_for(ahead, present);
            if session.state == SessionState::Active {
                self.plan_refresh(&user);
            } else {
                self.plan(&user);
            }
            self.user_changed(&user);
        }
        self.changed = true;
        Some(ahead).filter(|ahead| *ahead != before.0)
    }
}
