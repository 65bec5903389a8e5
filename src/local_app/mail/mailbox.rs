//! The mailbox, for whoever looks after the App.

use jiff::Timestamp;

use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::Mail;

/// What can be done with the link of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// It works.
    Open,
    /// It was used.
    Used,
    /// It does not work any more: too old, or another mail's link was used, or the account is gone.
    Expired,
}

/// A mail with the state of its link.
pub struct KeptMail {
    pub mail: Mail,
    pub state: MailState,
}

impl App {
    /// The mails in the mailbox, newest first; `None`: to everybody.
    pub async fn mails(&self, email: Option<String>) -> Result<Vec<KeptMail>, Failure> {
        let now = self.now();
        let mails = self.store().mails(email).await?;
        Ok(mails.into_iter().map(|mail| KeptMail { state: state(&mail, now), mail }).collect())
    }

    /// Empties the mailbox. Links that were sent stay as good as they are.
    pub async fn delete_mails(&self) -> Result<(), Failure> {
        Ok(self.store().delete_mails().await?)
    }
}

fn state(mail: &Mail, now: Timestamp) -> MailState {
    match mail.token_expires_at {
        _ if mail.used => MailState::Used,
        Some(expires_at) if expires_at > now => MailState::Open,
        _ => MailState::Expired,
    }
}
