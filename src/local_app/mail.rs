//! Mail: every one goes into the mailbox, and to a mail server as well if one is configured.
//!
//! A mail is kept in the transaction that makes its token, and sent away from the request: what a mail server says comes
//! too late for the client, as at the hosted service. It stands beside the mail in the mailbox.

mod letter;
mod mailbox;
mod smtp;

use std::sync::Arc;

use super::app::App;
use super::config::Smtp;
use super::store::StoreError;

pub use letter::Letter;
pub use mailbox::{KeptMail, MailState};

/// A mail that was only kept.
const MAILBOX: &str = "mailbox";
/// A mail that is on its way; it stays so if the server ends meanwhile.
const SENDING: &str = "sending";
/// A mail that the mail server took.
const SENT: &str = "sent";

impl App {
    /// Hands a kept mail to its mail server, if it has one, without waiting for it.
    pub fn dispatch(self: &Arc<Self>, mail_id: i64, mut letter: Letter) {
        let Some(smtp) = letter.via.take() else { return };
        let app = Arc::clone(self);
        tokio::spawn(async move {
            let delivery = app.deliver(mail_id, &letter, &smtp).await;
            let noted: Result<(), StoreError> =
                app.store().write(move |tx| tx.set_mail_delivery(mail_id, &delivery)).await;
            if let Err(cause) = noted {
                tracing::error!(mail_id, %cause, "local App: what became of a mail could not be noted");
            }
        });
    }

    async fn deliver(&self, mail_id: i64, letter: &Letter, smtp: &Smtp) -> String {
        match smtp::send(smtp, letter, self.now()).await {
            Ok(()) => SENT.to_owned(),
            Err(error) => {
                let reason = smtp::without_secrets(&error.to_string(), smtp, letter);
                tracing::warn!(mail_id, reason, "local App: a mail was not sent");
                format!("not sent: {reason}")
            }
        }
    }
}
