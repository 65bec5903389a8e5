//! `idmux mail`: the mailbox of a local App.

use std::sync::Arc;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::client::Client;
use super::output::Printed;
use super::problem::{Code, Problem};
use super::target::AppTarget;
use crate::account::{AppAlias, Mail, MailPurpose, MailState};
use crate::format::table;
use crate::session;

/// Arguments of `idmux mail`.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// List the mails, newest first.
    List {
        /// Only those to this address.
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Confirm the registration of an address by its newest open mail, as the mail's link would.
    Confirm {
        /// The address, or the number of the mail.
        which: String,
        #[command(flatten)]
        common: Common,
    },
    /// Empty the mailbox.
    Clear(Common),
}

/// What every command about the mailbox takes.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    app: AppTarget,
    /// Print JSON for scripts.
    #[arg(long)]
    json: bool,
}

impl MailCommand {
    fn common(&self) -> &Common {
        match self {
            Self::List { common, .. } | Self::Confirm { common, .. } | Self::Clear(common) => common,
        }
    }

    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        self.common().json
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When idmux does not look after the app, or there is no such mail.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        let app = self.common().app.find(&client.snapshot())?;
        client.reach(&app).await?;
        let json = self.json();
        match self {
            Self::List { to, .. } => {
                let mails = read(&app, client).await?;
                let shown: Vec<_> =
                    mails.iter().filter(|mail| to.as_ref().is_none_or(|to| mail.email == *to)).collect();
                Ok(list(&shown, json))
            }
            Self::Confirm { which, .. } => confirm(&app, &which, json, client).await,
            Self::Clear(_) => {
                client.ask(session::ClearMails { app: app.clone() }).await?;
                let object = json!({ "app": app.as_str(), "result": "cleared" });
                Ok(Printed::either(json, &object, &format!("{app}: the mailbox is empty")))
            }
        }
    }
}

async fn read(app: &AppAlias, client: &mut Client<'_>) -> Result<Arc<[Mail]>, Problem> {
    let answer = client.ask(session::ReadMails { app: app.clone() }).await?;
    Ok(Arc::clone(&answer.outcome.0))
}

async fn confirm(
    app: &AppAlias,
    which: &str,
    json: bool,
    client: &mut Client<'_>,
) -> Result<Printed, Problem> {
    let mails = read(app, client).await?;
    let is_open = |mail: &&Mail| mail.purpose == MailPurpose::Confirm && mail.state == MailState::Open;
    let meant = mails.iter().filter(is_open).find(|mail| mail.email == which || mail.id.to_string() == which);
    let Some(mail) = meant else {
        let candidates = mails.iter().filter(is_open).map(|mail| mail.email.clone()).collect();
        let message = format!("{app} has no open mail that would confirm {which}");
        let hint = "`idmux mail list` lists all of them; `idmux confirm send` has another one sent";
        return Err(Problem::new(Code::UnknownMail, message, hint).among(candidates));
    };
    client.ask(session::ConfirmMail { app: app.clone(), mail: mail.id }).await?;
    let object = json!({ "app": app.as_str(), "email": mail.email, "result": "confirmed" });
    Ok(Printed::either(json, &object, &format!("{} of {app}: confirmed, and can log in", mail.email)))
}

fn list(mails: &[&Mail], json: bool) -> Printed {
    if json {
        return Printed::json(&mails.iter().map(|mail| mail_json(mail)).collect());
    }
    let rows: Vec<_> = mails
        .iter()
        .map(|mail| {
            [
                mail.id.to_string(),
                mail.sent_at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
                mail.purpose.to_string(),
                mail.email.clone(),
                mail.state.to_string(),
                mail.link.expose().to_owned(),
            ]
        })
        .collect();
    Printed::text(table(["ID", "SENT", "FOR", "TO", "STATE", "LINK"], &rows))
}

fn mail_json(mail: &Mail) -> Value {
    json!({
        "id": mail.id,
        "sent_at": mail.sent_at.to_string(),
        "purpose": mail.purpose.to_string(),
        "email": mail.email,
        "subject": mail.subject,
        "link": mail.link.expose(),
        "token": mail.token.token.expose_secret(),
        "token_id": mail.token.id,
        "delivery": mail.delivery,
        "state": mail.state.to_string(),
    })
}
