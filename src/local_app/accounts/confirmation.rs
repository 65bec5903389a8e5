//! Confirming a registration: by its token, by the App's function, or by whoever looks after the App (section 3.3).
//!
//! Choices where the hosted service's behaviour is unknown: an unknown email is refused first, then what the App's
//! configuration rules out. `confirm/send` says "already confirmed" before it says which way to take; `confirm/call` of an
//! App that confirms automatically says so, where every account is confirmed.

use std::sync::Arc;

use bson::{Bson, bson};
use secrecy::ExposeSecret;

use super::verdict::Verdict;
use super::{OneTimeToken, check_email, userpass};
use crate::local_app::app::App;
use crate::local_app::config::{AppConfig, Confirmation, Mail};
use crate::local_app::failure::Failure;
use crate::local_app::mail::Letter;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{Purpose, Refusal, Registration, RegistrationKey, UnitError};

impl App {
    /// Confirms the registration that the token was made for.
    pub async fn confirm(&self, token: OneTimeToken) -> Result<(), Failure> {
        userpass(&self.config())?;
        Ok(self.store().confirm_by_token(token.guess(Purpose::Confirm, self.now())).await?)
    }

    /// Does what opening the link of a confirmation mail does.
    pub async fn confirm_by_mail(&self, mail_id: i64) -> Result<(), Failure> {
        let mail = self.store().mail(mail_id).await?;
        let mail = mail.ok_or(Failure::MailNotFound(mail_id))?;
        if mail.purpose != Purpose::Confirm {
            return Err(Failure::BadRequest(
                "this mail is about a password; open its link to choose a new one".to_owned(),
            ));
        }
        self.confirm(OneTimeToken { id: mail.token_id, text: mail.token }).await
    }

    /// Sends another confirmation mail: `confirm/send`, and the Admin API's `send_confirm`, which is told the token.
    pub async fn send_confirmation_by_email(
        self: &Arc<Self>,
        email: String,
    ) -> Result<OneTimeToken, Failure> {
        check_email(&email)?;
        let config = self.config();
        let template = match &userpass(&config)?.confirmation {
            Confirmation::Mail(template) => template,
            Confirmation::Function(_) => {
                self.unconfirmed(email).await?;
                return Err(Failure::BadRequest("please use confirm via function".to_owned()));
            }
            Confirmation::Automatic => {
                let email = self.unconfirmed(email).await?.email;
                return Err(no_confirmation_to_run(&email, "automatic confirmation is enabled"));
            }
        };
        let (token, now) = (OneTimeToken::fresh()?, self.now());
        let letter = self.letter(&config, Purpose::Confirm, template, &email, &token);
        let (issued, mail) = (token.issued(Purpose::Confirm, now), letter.kept(now));
        let (_, kept) = self.store().issue_token(RegistrationKey::Email(email), issued, Some(mail)).await?;
        self.dispatch(kept, letter);
        Ok(token)
    }

    /// Begins a confirmation again, by mail or by the function, for the Admin API's `run_confirm`: with the token that it
    /// still takes, if it does.
    pub async fn run_confirmation_by_email(
        self: &Arc<Self>,
        email: String,
        request: &RequestFacts,
    ) -> Result<Option<OneTimeToken>, Failure> {
        let config = self.config();
        if matches!(userpass(&config)?.confirmation, Confirmation::Mail(_)) {
            return self.send_confirmation_by_email(email).await.map(Some);
        }
        match self.call_confirmation(email, request).await? {
            (_, _, Verdict::Success) => Ok(None),
            (_, token, Verdict::Pending | Verdict::Silent) => Ok(Some(token)),
            (email, token, Verdict::Fail) => self.confirmation_failed(email, token).await.map(|()| None),
        }
    }

    /// Runs the confirmation function again, with a fresh token: `confirm/call`.
    pub async fn rerun_confirmation_by_email(
        &self,
        email: String,
        request: &RequestFacts,
    ) -> Result<(), Failure> {
        match self.call_confirmation(email, request).await? {
            (_, _, Verdict::Success | Verdict::Pending) => Ok(()),
            (email, token, Verdict::Silent | Verdict::Fail) => self.confirmation_failed(email, token).await,
        }
    }

    async fn confirmation_failed(&self, email: String, token: OneTimeToken) -> Result<(), Failure> {
        self.store().withdraw_token(token.id).await?;
        Err(Failure::ConfirmationFailed(email))
    }

    /// What the confirmation function says of `email`, which is confirmed if it says so; and the token that it was given.
    async fn call_confirmation(
        &self,
        email: String,
        request: &RequestFacts,
    ) -> Result<(String, OneTimeToken, Verdict), Failure> {
        check_email(&email)?;
        let config = self.config();
        let function = match &userpass(&config)?.confirmation {
            Confirmation::Function(function) => function,
            Confirmation::Automatic => {
                // Every account is confirmed there: that it is says nothing.
                let found = self.store().registration(RegistrationKey::Email(email)).await?;
                let email = found.ok_or(Failure::UserNotFound)?.email;
                return Err(no_confirmation_to_run(&email, "automatic confirmation is enabled"));
            }
            Confirmation::Mail(_) => {
                let email = self.unconfirmed(email).await?.email;
                return Err(no_confirmation_to_run(&email, "no confirmation function is configured"));
            }
        };
        let token = OneTimeToken::fresh()?;
        let argument = confirmation_argument(&email, &token);
        let issued = token.issued(Purpose::Confirm, self.now());
        let (registration, _) = self.store().issue_token(RegistrationKey::Email(email), issued, None).await?;
        let verdict = self.verdict_of(function, vec![argument], request).await;
        if verdict == Verdict::Success {
            self.confirm_now(registration.id).await?;
        }
        Ok((registration.email, token, verdict))
    }

    /// Confirms a registration without asking anybody, for the Admin API.
    pub async fn confirm_registration_by_email(&self, email: String) -> Result<(), Failure> {
        Ok(self.store().confirm_registration(RegistrationKey::Email(email)).await?)
    }

    /// Confirms a registration, unless it was confirmed, or deleted, meanwhile.
    pub(super) async fn confirm_now(&self, id: String) -> Result<(), Failure> {
        match self.store().confirm_registration(RegistrationKey::Id(id)).await {
            Err(UnitError::Refused(Refusal::AlreadyConfirmed | Refusal::RegistrationNotFound)) => Ok(()),
            outcome => Ok(outcome?),
        }
    }

    /// The registration of `email`, if it still is to be confirmed.
    async fn unconfirmed(&self, email: String) -> Result<Registration, Failure> {
        let found = self.store().registration(RegistrationKey::Email(email)).await?;
        let registration = found.ok_or(Failure::UserNotFound)?;
        registration.check_token_purpose(Purpose::Confirm)?;
        Ok(registration)
    }

    /// A mail with `token` in it, for the mail server of `config`.
    pub(super) fn letter(
        &self,
        config: &AppConfig,
        purpose: Purpose,
        template: &Mail,
        email: &str,
        token: &OneTimeToken,
    ) -> Letter {
        let app = &self.facts().app_id;
        Letter::new(purpose, template, app, email, (&token.id, &token.text))
            .via(config.settings.smtp.as_ref())
    }
}

/// What a confirmation function gets (section 13.3).
pub fn confirmation_argument(email: &str, token: &OneTimeToken) -> Bson {
    bson!({ "username": email, "token": token.text.expose_secret(), "tokenId": token.id.as_str() })
}

fn no_confirmation_to_run(email: &str, why: &str) -> Failure {
    Failure::BadRequest(format!("cannot run confirmation for {email}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local_app::{Options, Storage};

    /// Nothing can leave a function yet, so that what it would send to somebody is taken from what it is given.
    #[tokio::test]
    async fn the_token_that_a_function_is_given_confirms() {
        let options = Options::new("shop-abcde", Storage::Memory);
        let app = App::open("shop-abcde".parse().unwrap(), options).await.unwrap();
        let (registration, now) =
            (Registration::new("a@example.com", "", app.now()).unconfirmed(), app.now());
        let token = OneTimeToken::fresh().unwrap();
        let argument = confirmation_argument(&registration.email, &token);
        let issued = token.issued(Purpose::Confirm, now);
        app.store().register(registration, Some(issued), None).await.unwrap();

        let given = argument.as_document().unwrap();
        assert_eq!(given.keys().collect::<Vec<_>>(), ["username", "token", "tokenId"]);
        let text = |key: &str| given.get_str(key).unwrap();
        let returned = OneTimeToken::parse(text("tokenId"), text("token").to_owned()).unwrap();
        app.confirm(returned).await.unwrap();
        let email = text("username").to_owned();
        let stored = app.store().registration(RegistrationKey::Email(email)).await.unwrap().unwrap();
        assert!(stored.confirmed);
    }
}
