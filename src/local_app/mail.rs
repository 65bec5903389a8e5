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

pub use letter::Letter;
pub use mailbox::{KeptMail, MailState};

/// A mail that was only kept.
const MAILBOX: &str = "mailbox";
/// A mail that is on its way; it stays so if the server ends meanwhile.
const SENDING: &str = "sending";
/// A mail that the mail server took.
const SENT: &str = "sent";

impl App {
    /// Hands a mail that was kept to its mail server, if it has one, without waiting for it.
    pub fn dispatch(self: &Arc<Self>, kept: Option<i64>, mut letter: Letter) {
        let (Some(mail_id), Some(smtp)) = (kept, letter.via.take()) else { return };
        let app = Arc::clone(self);
        tokio::spawn(async move {
            let delivery = app.deliver(mail_id, &letter, &smtp).await;
            if let Err(cause) = app.store().note_delivery(mail_id, delivery).await {
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
