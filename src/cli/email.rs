//! `idmux confirm` and `idmux reset-password`: what helps somebody who cannot log in.

use std::path::PathBuf;

use bson::Bson;
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::client::Client;
use super::output::Printed;
use super::problem::{Code, Problem};
use super::secret::{self, PasswordArgs, Question, SecretArgs, Source};
use super::target::AppTarget;
use crate::account::{AppAlias, EmailAction, EmailActionDone, MailToken, ResetArguments};
use crate::data::value::parse_value;
use crate::session;

/// Arguments of `idmux confirm`.
#[derive(Debug, Subcommand)]
pub enum ConfirmCommand {
    /// Confirm a registration by its mail's link, or by token and token id with a space between.
    Link {
        #[command(flatten)]
        link: SecretArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Have the confirmation mail sent again.
    Send {
        /// The address.
        address: String,
        /// Run the App's confirmation function again instead.
        #[arg(long)]
        function: bool,
        #[command(flatten)]
        common: Common,
    },
}

/// Arguments of `idmux reset-password`.
#[derive(Debug, Subcommand)]
pub enum ResetCommand {
    /// Have a mail sent that a new password can be set with.
    Send {
        /// The address.
        address: String,
        #[command(flatten)]
        common: Common,
    },
    /// Set a new password by a mail's link, or by token and token id with a space between.
    Set {
        #[command(flatten)]
        link: SecretArgs,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Run the App's reset function with a new password.
    Call {
        /// The address.
        address: String,
        /// Read further arguments from this file: a JSON array.
        #[arg(long, value_name = "FILE")]
        arguments: Option<PathBuf>,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: Common,
    },
}

/// What every one of these commands takes.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    app: AppTarget,
    /// Print an object for scripts.
    #[arg(long)]
    json: bool,
}

impl ConfirmCommand {
    fn common(&self) -> &Common {
        match self {
            Self::Link { common, .. } | Self::Send { common, .. } => common,
        }
    }

    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        self.common().json
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When the secret is not had, or the server refuses.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        let (app, json) = (self.common().app.find(&client.snapshot())?, self.json());
        let action = match self {
            Self::Link { link, .. } => EmailAction::Confirm(mail_token((&link).into(), &app).await?),
            Self::Send { address: email, function: true, .. } => EmailAction::RerunConfirmation { email },
            Self::Send { address: email, .. } => EmailAction::ResendConfirmation { email },
        };
        act(app, action, json, client).await
    }
}

impl ResetCommand {
    fn common(&self) -> &Common {
        match self {
            Self::Send { common, .. } | Self::Set { common, .. } | Self::Call { common, .. } => common,
        }
    }

    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        self.common().json
    }

    /// Runs the command.
    ///
    /// # Errors
    /// When a secret is not had, or the server refuses.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        let (app, json) = (self.common().app.find(&client.snapshot())?, self.json());
        let action = match self {
            Self::Send { address: email, .. } => EmailAction::SendReset { email },
            Self::Set { link, password, .. } => {
                let (link, password) = (Source::from(&link), Source::from(&password));
                if matches!((&link, &password), (Source::Stdin, Source::Stdin)) {
                    let message = "link and password cannot both come from standard input";
                    return Err(Problem::new(Code::Input, message, "give one of them by a file descriptor"));
                }
                let token = mail_token(link, &app).await?;
                EmailAction::Reset { token, password: new_password(password, &app, None).await? }
            }
            Self::Call { address: email, arguments, password, .. } => {
                let password = new_password((&password).into(), &app, Some(&email)).await?;
                let arguments = match arguments {
                    None => ResetArguments::default(),
                    Some(file) => array(&secret::read_text(Some(file), "arguments").await?)?,
                };
                EmailAction::CallReset { email, password, arguments }
            }
        };
        act(app, action, json, client).await
    }
}

async fn act(
    app: AppAlias,
    action: EmailAction,
    json: bool,
    client: &mut Client<'_>,
) -> Result<Printed, Problem> {
    client.reach(&app).await?;
    let email = action.email().map(str::to_owned);
    let answer = client.ask(session::AccountAction { app: app.clone(), action }).await?;
    let (result, words) = match *answer.outcome {
        EmailActionDone::Confirmed => ("confirmed", "confirmed; the user can log in"),
        EmailActionDone::ConfirmationSent => ("confirmation-sent", "the confirmation is on its way"),
        EmailActionDone::ResetSent => ("reset-sent", "a mail to set a new password with is on its way"),
        EmailActionDone::PasswordReset => ("password-reset", "the password is set"),
        EmailActionDone::ResetCalled => ("reset-called", "the App's reset function has taken the password"),
    };
    let object = json!({ "app": app.as_str(), "email": email, "result": result });
    let who = email.map_or_else(|| app.to_string(), |email| format!("{email} of {app}"));
    Ok(Printed::either(json, &object, &format!("{who}: {words}")))
}

async fn mail_token(source: Source, app: &AppAlias) -> Result<MailToken, Problem> {
    let question = Question {
        what: "mail's link",
        whose: format!("a user of {app}"),
        twice: false,
        instead: "use --secret-stdin or --secret-fd",
    };
    let text = secret::read(source, question).await?;
    MailToken::parse(text.expose_secret()).map_err(|error| {
        Problem::new(Code::Input, "this is not what a mail's link carries", format!("it takes {error}"))
    })
}

async fn new_password(source: Source, app: &AppAlias, email: Option<&str>) -> Result<SecretString, Problem> {
    let question = Question {
        what: "new password",
        whose: format!("{} of {app}", email.unwrap_or("a user")),
        twice: true,
        instead: "use --password-stdin or --password-fd",
    };
    secret::read(source, question).await
}

/// Arguments of a reset function. A complaint repeats nothing of them, since any may be secret.
fn array(text: &SecretString) -> Result<ResetArguments, Problem> {
    match parse_value(text.expose_secret()) {
        Ok(Bson::Array(arguments)) => Ok(ResetArguments(arguments)),
        _ => {
            let message = "the arguments of the reset function are no JSON array";
            Err(Problem::new(Code::Input, message, r#"they look like ["blue", 7]"#))
        }
    }
}
