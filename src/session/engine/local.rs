//! Looking after a local App: its clock, its mailbox, and what it offers.

use std::sync::Arc;

use tokio::time::Instant;

use super::Engine;
use super::operation::ControlOperation;
use crate::account::{About, AppAlias, AppClock, Mail};
use crate::session::engine::operations::{ReadAbout, ReadClock, ReadMails};
use crate::session::{ClockView, Failure, LocalView, RequestId, Subject};

/// How often a clock that other processes may move is read. Nothing else tells that it was.
const CLOCK_LOOK: std::time::Duration = std::time::Duration::from_secs(5);

/// What is known of a local App beyond what every client sees.
#[derive(Debug, Default)]
pub(super) struct Local {
    about: Option<About>,
    clock: Option<AppClock>,
    mails: Option<Arc<[Mail]>>,
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

impl Engine {
    /// Does something to a local App; without `request`, nobody asked for it and nobody is told.
    pub(super) fn look_after(&mut self, request: Option<RequestId>, operation: impl ControlOperation) {
        let (alias, name) = (operation.app().clone(), operation.name());
        let subject = Subject::App { app: alias.clone(), who: None };
        let control = self.backend(&alias).and_then(|(_, backend, _)| backend.control());
        let Some(control) = control else {
            if request.is_some() {
                let failure = match self.app(&alias) {
                    Some(_) => Failure::no_control(name),
                    None => Failure::unknown(name, &format!("the app {alias}")),
                };
                self.tell(request, subject, failure);
            }
            return;
        };
        let job = async move { operation.run(&*control).await };
        self.spawn(None, request, job, move |engine, result| match result {
            // It was forgotten meanwhile.
            Ok(_) if engine.app(&alias).is_none() => {}
            Ok(answered) => {
                let told = answered.take(engine);
                if request.is_some() {
                    engine.tell(request, subject, told);
                }
            }
            Err(error) if request.is_some() => {
                engine.tell(request, subject, Failure::control(name, &error));
            }
            Err(error) => tracing::debug!(%alias, %error, "the control API does not answer"),
        });
    }

    /// Asks a local App that has just come what it offers, and how late it is.
    pub(super) fn meet_local_app(&mut self, alias: &AppAlias) {
        self.look_after(None, ReadAbout { app: alias.clone() });
        self.look_after(None, ReadClock { app: alias.clone() });
    }

    /// Reads a mailbox that may have changed.
    pub(super) fn read_mails_of(&mut self, app: AppAlias) {
        self.look_after(None, ReadMails { app });
    }

    /// Reads the clocks that other processes may have moved.
    pub(super) fn look_at_clocks(&mut self) {
        let now = Instant::now();
        if now < self.next_clock_look {
            return;
        }
        self.next_clock_look = now + CLOCK_LOOK;
        for app in self.apps.iter().map(|app| app.alias.clone()).collect::<Vec<_>>() {
            self.look_after(None, ReadClock { app });
        }
    }

    /// Takes what an App says of its clock. Every lifetime follows at once.
    pub(super) fn take_clock(&mut self, alias: &AppAlias, clock: AppClock) {
        self.learn_clock(alias, &clock);
        // While nothing but time passes, the screen has nothing new to show.
        let shown = |clock: &AppClock| if clock.frozen { Err(clock.now) } else { Ok(clock.offset) };
        let known = self.app(alias).and_then(|app| app.local.clock);
        let is_news = known.as_ref().map(shown) != Some(shown(&clock));
        self.app_mut(alias).local.clock = Some(clock);
        self.changed |= is_news;
    }

    pub(super) fn take_about(&mut self, alias: &AppAlias, about: About) {
        self.set_local(alias, |local| &mut local.about, about);
    }

    pub(super) fn take_mails(&mut self, alias: &AppAlias, mails: Arc<[Mail]>) {
        self.set_local(alias, |local| &mut local.mails, mails);
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
