//! The mailbox of a local App.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::account::{AppAlias, Mail, Severity};
use crate::backend::{BackendError, LocalControl};
use crate::session::engine::Engine;
use crate::session::engine::operation::{Answered, ControlOperation};
use crate::session::{Operation, Outcome, RequestId};

/// Read the mailbox of a local App.
#[derive(Debug, Clone)]
pub struct ReadMails {
    /// The App.
    pub app: AppAlias,
}

/// The mailbox of a local App, newest first.
#[derive(Debug)]
pub struct MailsRead(pub Arc<[Mail]>);

impl Outcome for MailsRead {
    fn sentence(&self) -> String {
        match self.0.len() {
            1 => "mailbox: 1 mail".into(),
            mails => format!("mailbox: {mails} mails"),
        }
    }

    fn is_answer(&self) -> bool {
        true
    }
}

/// Confirm the registration that a mail is about.
#[derive(Debug, Clone)]
pub struct ConfirmMail {
    /// The App.
    pub app: AppAlias,
    /// The mail's number.
    pub mail: i64,
}

/// A registration was confirmed by its mail.
#[derive(Debug)]
pub struct MailConfirmed {
    /// The address.
    pub email: String,
}

impl Outcome for MailConfirmed {
    fn sentence(&self) -> String {
        format!("{} is confirmed and can log in", self.email)
    }

    fn severity(&self) -> Severity {
        Severity::Good
    }
}

/// Empty the mailbox of a local App.
#[derive(Debug, Clone)]
pub struct ClearMails {
    /// The App.
    pub app: AppAlias,
}

/// The mailbox of a local App was emptied.
#[derive(Debug)]
pub struct MailsCleared;

impl Outcome for MailsCleared {
    fn sentence(&self) -> String {
        "the mailbox is empty".into()
    }
}

impl Operation for ReadMails {
    type Outcome = MailsRead;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.look_after(Some(id), self);
    }
}

impl ControlOperation for ReadMails {
    fn name(&self) -> &'static str {
        "read the mailbox"
    }

    fn app(&self) -> &AppAlias {
        &self.app
    }

    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>> {
        Box::pin(async { Ok(read(&self.app, control.mails().await?, MailsRead)) })
    }
}

impl Operation for ConfirmMail {
    type Outcome = MailConfirmed;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.look_after(Some(id), self);
    }
}

impl ControlOperation for ConfirmMail {
    fn name(&self) -> &'static str {
        "confirm the registration"
    }

    fn app(&self) -> &AppAlias {
        &self.app
    }

    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>> {
        Box::pin(async {
            control.confirm_mail(self.mail).await?;
            let id = self.mail;
            Ok(read(&self.app, control.mails().await?, move |mails| {
                let email = mails.iter().find(|mail| mail.id == id).map(|mail| mail.email.clone());
                MailConfirmed { email: email.unwrap_or_default() }
            }))
        })
    }
}

impl Operation for ClearMails {
    type Outcome = MailsCleared;

    fn start(self, engine: &mut Engine, id: RequestId) {
        engine.look_after(Some(id), self);
    }
}

impl ControlOperation for ClearMails {
    fn name(&self) -> &'static str {
        "empty the mailbox"
    }

    fn app(&self) -> &AppAlias {
        &self.app
    }

    fn run<'a>(&'a self, control: &'a dyn LocalControl) -> BoxFuture<'a, Result<Answered, BackendError>> {
        Box::pin(async {
            control.clear_mails().await?;
            Ok(read(&self.app, control.mails().await?, |_| MailsCleared))
        })
    }
}

/// The mailbox as it is now, and what is told of it.
fn read<T: Outcome>(
    app: &AppAlias,
    mails: Vec<Mail>,
    outcome: impl FnOnce(Arc<[Mail]>) -> T + Send + 'static,
) -> Answered {
    let app = app.clone();
    Answered::new(move |engine| {
        let mails: Arc<[Mail]> = mails.into();
        engine.take_mails(&app, Arc::clone(&mails));
        outcome(mails)
    })
}
