//! `idmux login`: a new session, printed when it is durable.

use std::path::PathBuf;

use bson::{Bson, Document};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;

use super::browser::{self, BrowserArgs};
use super::client::{Answer, Client};
use super::output::Printed;
use super::problem::{Code, Problem, whom};
use super::secret::{self, PasswordArgs, Question, SecretArgs};
use super::session;
use super::target::AppTarget;
use crate::account::credentials::check_registration;
use crate::account::{AppAlias, Credentials, FunctionPayload, GoogleProof, Provider};
use crate::data::ejson::text::TextError;
use crate::data::value::{ValueError, parse_value};
use crate::session::{AnyOperation, Entered, LogIn, LogInWithBrowser, Register, ReuseAnonymous, Subject};

/// Arguments of `idmux login`.
#[derive(Debug, Args)]
pub struct LoginArgs {
    #[command(subcommand)]
    provider: ProviderArgs,
}

/// How to log in.
#[derive(Debug, Subcommand)]
enum ProviderArgs {
    /// As a new anonymous user.
    Anon {
        /// Take the app's active anonymous user, if it has one.
        #[arg(long)]
        reuse: bool,
        #[command(flatten)]
        common: Common,
    },
    /// With e-mail address and password.
    Email {
        /// The address.
        address: String,
        /// Create the account first.
        #[arg(long)]
        register: bool,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        common: Common,
    },
    /// With an API key.
    Key {
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        common: Common,
    },
    /// With a JWT of another issuer.
    Jwt {
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        common: Common,
    },
    /// With Google: in the browser, or with what it gave: an ID token, or with --code an authorization code.
    Google {
        /// The secret is an authorization code, which the App exchanges.
        #[arg(long, conflicts_with = "browser")]
        code: bool,
        #[command(flatten)]
        browser: BrowserArgs,
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        common: Common,
    },
    /// With Facebook: in the browser, or with an access token.
    Facebook {
        #[command(flatten)]
        browser: BrowserArgs,
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        common: Common,
    },
    /// With Apple: in the browser, or with an ID token.
    Apple {
        #[command(flatten)]
        browser: BrowserArgs,
        #[command(flatten)]
        secret: SecretArgs,
        #[command(flatten)]
        common: Common,
    },
    /// With what the App's authentication function takes: a JSON object, from standard input or a file.
    Function {
        /// Read the object from this file.
        #[arg(long, value_name = "FILE")]
        payload: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    app: AppTarget,
    /// Print an object for scripts.
    #[arg(long)]
    json: bool,
}

impl LoginArgs {
    fn common(&self) -> &Common {
        match &self.provider {
            ProviderArgs::Anon { common, .. }
            | ProviderArgs::Email { common, .. }
            | ProviderArgs::Key { common, .. }
            | ProviderArgs::Jwt { common, .. }
            | ProviderArgs::Google { common, .. }
            | ProviderArgs::Facebook { common, .. }
            | ProviderArgs::Apple { common, .. }
            | ProviderArgs::Function { common, .. } => common,
        }
    }

    /// Whether the command prints for scripts.
    pub fn json(&self) -> bool {
        self.common().json
    }

    /// Logs in.
    ///
    /// # Errors
    /// When the credentials are not had, or not taken, or the session is not stored.
    pub async fn run(self, client: &mut Client<'_>) -> Result<Printed, Problem> {
        let app = self.common().app.find(&client.snapshot())?;
        let json = self.json();
        let opens = self.provider.browser().is_none_or(|args| !args.no_open);
        let operation = self.provider.operation(&app).await?;
        client.reach(&app).await?;
        let before = client.snapshot();
        let Answer { subject, outcome } = browser::ask(client, operation, opens).await?;
        let was_known = match &subject {
            Subject::User { key, .. } => before.user(key).is_some(),
            _ => false,
        };
        let result = match *outcome {
            Entered::ConfirmationPending => return Err(confirmation_pending(&subject)),
            Entered::LoggedIn { replaced: true } => ("logged-in-again", "logged in again"),
            Entered::LoggedIn { replaced: false } if was_known => ("reused", "was logged in already"),
            Entered::LoggedIn { replaced: false } => ("logged-in", "logged in"),
        };
        session::printed(&subject, result, json)
    }
}

impl ProviderArgs {
    fn browser(&self) -> Option<&BrowserArgs> {
        match self {
            Self::Google { browser, .. } | Self::Facebook { browser, .. } | Self::Apple { browser, .. } => {
                Some(browser)
            }
            _ => None,
        }
    }

    /// The provider whose pages the person goes to.
    fn pages(&self) -> Option<Provider> {
        self.browser().filter(|args| args.browser)?;
        match self {
            Self::Google { .. } => Some(Provider::Google),
            Self::Facebook { .. } => Some(Provider::Facebook),
            Self::Apple { .. } => Some(Provider::Apple),
            _ => None,
        }
    }

    /// The operation, with the secret that it takes.
    async fn operation(self, app: &AppAlias) -> Result<AnyOperation, Problem> {
        if let Some(provider) = self.pages() {
            return Ok(LogInWithBrowser { app: app.clone(), provider }.into());
        }
        let to = |credentials| LogIn { app: app.clone(), credentials }.into();
        Ok(match self {
            Self::Anon { reuse: true, .. } => ReuseAnonymous { app: app.clone() }.into(),
            Self::Anon { reuse: false, .. } => to(Credentials::Anonymous),
            Self::Email { address: email, register, password, .. } => {
                let question = Question {
                    what: "password",
                    whose: format!("{email} of {app}"),
                    twice: register,
                    instead: "use --password-stdin or --password-fd",
                };
                let password = secret::read((&password).into(), question).await?;
                if register {
                    check_registration(&email, password.expose_secret()).map_err(|error| {
                        let message = format!("{email} of {app}: could not register");
                        Problem::new(Code::Input, message, format!("it takes {error}"))
                    })?;
                    Register { app: app.clone(), email, password }.into()
                } else {
                    to(Credentials::EmailPassword { email, password })
                }
            }
            Self::Key { secret, .. } => {
                to(Credentials::ApiKey(secret::read((&secret).into(), question("API key", app)).await?))
            }
            Self::Jwt { secret, .. } => {
                to(Credentials::CustomJwt(secret::read((&secret).into(), question("JWT", app)).await?))
            }
            Self::Google { code: true, secret, .. } => {
                let code = secret::read((&secret).into(), question("authorization code", app)).await?;
                to(Credentials::Google(GoogleProof::AuthCode(code)))
            }
            Self::Google { secret, .. } => {
                let token = secret::read((&secret).into(), question("ID token", app)).await?;
                to(Credentials::Google(GoogleProof::IdToken(token)))
            }
            Self::Facebook { secret, .. } => to(Credentials::Facebook(
                secret::read((&secret).into(), question("access token", app)).await?,
            )),
            Self::Apple { secret, .. } => {
                to(Credentials::Apple(secret::read((&secret).into(), question("ID token", app)).await?))
            }
            Self::Function { payload, .. } => {
                let text = secret::read_text(payload, "payload").await?;
                to(Credentials::CustomFunction(FunctionPayload(document(text.expose_secret())?)))
            }
        })
    }
}

/// The account is there, and nobody is logged in yet.
fn confirmation_pending(subject: &Subject) -> Problem {
    let who = whom(subject).unwrap_or_default();
    Problem::new(
        Code::ConfirmationPending,
        format!("{who}: registered; the address has to be confirmed before the first log-in"),
        "follow the link of its mail; `idmux mail confirm` does so for a local App",
    )
}

fn question(what: &'static str, app: &AppAlias) -> Question {
    Question {
        what,
        whose: format!("a user of {app}"),
        twice: false,
        instead: "use --secret-stdin or --secret-fd",
    }
}

/// The payload of an authentication function. A complaint repeats nothing of it, since any of it may be secret.
fn document(text: &str) -> Result<Document, Problem> {
    let wrong = |what: String| {
        let message = format!("the payload of the authentication function: {what}");
        Problem::new(Code::Input, message, r#"it is a JSON object, such as {"name": "ada"}"#)
    };
    match parse_value(text) {
        Ok(Bson::Document(document)) => Ok(document),
        Ok(_) | Err(ValueError::NoDocument) => Err(wrong("not an object".into())),
        Err(ValueError::Json(TextError::Twice(_))) => Err(wrong("a field is there twice".into())),
        // The words of the JSON parser name a place, never the text there.
        Err(ValueError::Json(error)) => Err(wrong(error.to_string())),
        Err(ValueError::ExtendedJson(_)) => Err(wrong("not valid Extended JSON".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_an_object_and_a_complaint_repeats_none_of_it() {
        assert_eq!(document(r#"{"name": "ada", "n": 1}"#).unwrap().len(), 2);
        for bad in [
            r#""hunter2""#,
            "hunter2",
            r#"["hunter2"]"#,
            r#"{"password": hunter2}"#,
            r#"{"password": {"$oid": "hunter2"}}"#,
            r#"{"password": "hunter2", "n": 18446744073709551615}"#,
            r#"{"hunter2": 1, "hunter2": 2}"#,
        ] {
            let problem = document(bad).unwrap_err();
            assert_eq!(problem.code, Code::Input, "{bad}");
            assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
        }
    }
}
