//! The clock of a local App, and what the App says of itself when it is met.

use futures_util::future::BoxFuture;

use crate::account::{About, AppAlias, AppClock, ClockChange, Severity};
use crate::backend::{BackendError, LocalControl};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Answered, ControlOperation};
use crate::session::{Operation, Outcome, RequestId};

/// Read the clock of a local App.
#[derive(Debug, Clone)]
pub struct ReadClock {
    /// The App.
    pub app: AppAlias,
}

/// The clock of a local App.
#[derive(Debug)]
pub struct ClockRead(pub AppClock);

impl Outcome for ClockRead {
    fn sentence(&self) -> String {
        crate::format::clock(&self.0)
    }

    fn severity(&self) -> Severity {
        Severity::Warn
    }

    fn is_answer(&self) -> bool {
        true
    }
}

/// Move, stop or reset the clock of a local App.
#[derive(Debug, Clone)]
pub struct ChangeClock {
    /// The App.
    pub app: AppAlias,
    /// What to do to it.
    pub change: ClockChange,
}

/// The clock of a local App was moved, stopped or reset.
#[derive(Debug)]
pub struct ClockChanged(pub AppClock);

impl Outcome for ClockChanged {
    fn sentence(&self) -> String {
        crate::format::clock(&self.0)
    }

    fn severity(&self) -> Severity {
        Severity::Warn
    }
}

impl Operation for ReadClock {
    type Outcome = ClockRead;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.look_after(Some(id), self);
    }
}

impl ControlOperation for ReadClock {
    fn name(&self) -> &'static str {
        "read the App's clock"
    }

    fn app(&self) -> &AppAlias {
        &self.app
    }

    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>> {
        Box::pin(async {
            let clock = control.clock().await?;
            let app = self.app.clone();
            Ok(Answered::new(move |engine| {
                engine.take_clock(&app, clock);
                ClockRead(clock)
            }))
        })
    }
}

impl Operation for ChangeClock {
    type Outcome = ClockChanged;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.look_after(Some(id), self);
    }
}

impl ControlOperation for ChangeClock {
    fn name(&self) -> &'static str {
        "change the App's clock"
    }

    fn app(&self) -> &AppAlias {
        &self.app
    }

    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>> {
        Box::pin(async {
            let clock = control.change_clock(&self.change).await?;
            let app = self.app.clone();
            Ok(Answered::new(move |engine| {
                engine.take_clock(&app, clock);
                ClockChanged(clock)
            }))
        })
    }
}

/// Ask a local App what it offers. The engine does, when it meets one.
#[derive(Debug, Clone)]
pub(in crate::session::engine) struct ReadAbout {
    pub app: AppAlias,
}

impl Outcome for About {
    fn sentence(&self) -> String {
        format!("local App {}", self.version)
    }

    fn is_answer(&self) -> bool {
        true
    }
}

impl ControlOperation for ReadAbout {
    fn name(&self) -> &'static str {
        "ask what the App offers"
    }

    fn app(&self) -> &AppAlias {
        &self.app
    }

    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>> {
        Box::pin(async {
            let about = control.about().await?;
            let app = self.app.clone();
            Ok(Answered::new(move |engine| {
                engine.take_about(&app, about.clone());
                about
            }))
        })
    }
}
