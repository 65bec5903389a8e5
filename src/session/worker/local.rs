//! Looking after a local App: its clock, its mailbox, and what it offers.

use std::sync::Arc;

use tokio::time::Instant;

use super::Worker;
use super::outcomes::Outcome;
use crate::account::{About, AppAlias, AppClock, Mail};
use crate::backend::{BackendError, LocalControl};
use crate::session::{ClockView, EventKind, Failure, LocalAction, LocalView, RequestId, Subject};

/// How often a clock that other processes may move is read. Nothing else tells that it was.
const CLOCK_LOOK: std::time::Duration = std::time::Duration::from_secs(5);

/// What is known of a local App beyond what every client sees.
#[derive(Debug, Default)]
pub(super) struct Local {
    about: Option<About>,
    clock: Option<AppClock>,
    mails: Option<Arc<[Mail]>>,
}

/// What the control API said.
#[derive(Debug)]
pub(super) enum LocalAnswer {
    About(About),
    Clock(AppClock),
    Mails(Vec<Mail>),
}

impl Local {
    /// What a screen may show of it.
    pub(super) fn view(&self) -> LocalView {
        LocalView {
            providers: self.about.as_ref().map(|about| about.providers.clone()),
            clock: self.clock.map(|clock| ClockView {
                offset: clock.offset,
                frozen_at: clock.frozen.then_some(clock.now),
            }),
            mails: self.mails.clone(),
        }
    }
}

async fn run(control: &dyn LocalControl, action: LocalAction) -> Result<LocalAnswer, BackendError> {
    match action {
        LocalAction::ReadAbout => control.about().await.map(LocalAnswer::About),
        LocalAction::ReadClock => control.clock().await.map(LocalAnswer::Clock),
        LocalAction::ChangeClock(change) => control.change_clock(&change).await.map(LocalAnswer::Clock),
        LocalAction::ReadMails => control.mails().await.map(LocalAnswer::Mails),
        LocalAction::ConfirmMail(id) => {
            control.confirm_mail(id).await?;
            control.mails().await.map(LocalAnswer::Mails)
        }
        LocalAction::ClearMails => {
            control.clear_mails().await?;
            control.mails().await.map(LocalAnswer::Mails)
        }
    }
}

impl Worker {
    /// Does something to a local App; without `request`, nobody asked for it and nobody is told.
    pub(super) fn look_after(&mut self, request: Option<RequestId>, alias: AppAlias, action: LocalAction) {
        let control = self.backend(&alias).and_then(|(_, backend, _)| backend.control());
        let Some(control) = control else {
            if request.is_some() {
                let failure = match self.app(&alias) {
                    Some(_) => Failure::no_control(action.action()),
                    None => Failure::unknown(action.action(), &format!("the app {alias}")),
                };
                self.tell(request, Subject::App { app: alias, who: None }, EventKind::Failed(failure));
            }
            return;
        };
        self.spawn(None, request, async move {
            let result = run(&*control, action).await;
            Outcome::LookedAfter { request, app: alias, action, result }
        });
    }

    /// Asks a local App that has just come what it offers, and how late it is.
    pub(super) fn meet_local_app(&mut self, alias: &AppAlias) {
        for action in [LocalAction::ReadAbout, LocalAction::ReadClock] {
            self.look_after(None, alias.clone(), action);
        }
    }

    /// Reads the clocks that other processes may have moved.
    pub(super) fn look_at_clocks(&mut self) {
        let now = Instant::now();
        if now < self.next_clock_look {
            return;
        }
        self.next_clock_look = now + CLOCK_LOOK;
        for alias in self.apps.iter().map(|app| app.alias.clone()).collect::<Vec<_>>() {
            self.look_after(None, alias, LocalAction::ReadClock);
        }
    }

    pub(super) fn looked_after(
        &mut self,
        request: Option<RequestId>,
        alias: AppAlias,
        action: LocalAction,
        result: Result<LocalAnswer, BackendError>,
    ) {
        let subject = Subject::App { app: alias.clone(), who: None };
        let answer = match result {
            Ok(answer) => answer,
            Err(error) if request.is_some() => {
                let failure = Failure::control(action.action(), &error);
                return self.tell(request, subject, EventKind::Failed(failure));
            }
            Err(error) => return tracing::debug!(%alias, %error, "the control API does not answer"),
        };
        if self.app(&alias).is_none() {
            // It was forgotten meanwhile.
            return;
        }
        let kind = match answer {
            LocalAnswer::About(about) => {
                self.set_local(&alias, |local| &mut local.about, about.clone());
                EventKind::AboutRead(about)
            }
            LocalAnswer::Clock(clock) => {
                self.take_clock(&alias, clock);
                match action {
                    LocalAction::ChangeClock(_) => EventKind::ClockChanged(clock),
                    _ => EventKind::ClockRead(clock),
                }
            }
            LocalAnswer::Mails(mails) => {
                let mails: Arc<[Mail]> = mails.into();
                self.set_local(&alias, |local| &mut local.mails, Arc::clone(&mails));
                match action {
                    LocalAction::ConfirmMail(id) => {
                        let email = mails.iter().find(|mail| mail.id == id).map(|mail| mail.email.clone());
                        EventKind::MailConfirmed { email: email.unwrap_or_default() }
                    }
                    LocalAction::ClearMails => EventKind::MailsCleared,
                    _ => EventKind::MailsRead(mails),
                }
            }
        };
        if request.is_some() {
            self.tell(request, subject, kind);
        }
    }

    /// Takes what an App says of its clock. Every lifetime follows at once.
    fn take_clock(&mut self, alias: &AppAlias, clock: AppClock) {
        self.learn_clock(alias, &clock);
        // While nothing but time passes, the screen has nothing new to show.
        let shown = |clock: &AppClock| if clock.frozen { Err(clock.now) } else { Ok(clock.offset) };
        let known = self.app(alias).and_then(|app| app.local.clock);
        let is_news = known.as_ref().map(shown) != Some(shown(&clock));
        self.app_mut(alias).local.clock = Some(clock);
        self.changed |= is_news;
    }

    fn set_local<T: PartialEq>(
        &mut self,
        alias: &AppAlias,
        field: impl FnOnce(&mut Local) -> &mut Option<T>,
        value: T,
    ) {
        let field = field(&mut self.app_mut(alias).local);
        if field.as_ref() != Some(&value) {
            *field = Some(value);
            self.changed = true;
        }
    }
}
