//! Choosing another password when the old one is forgotten (section 3.3).
//!
//! Choices where the hosted service's behaviour is unknown: a registration that is not confirmed has no password to reset
//! and counts as not found; sessions live on after a reset, as they do at any other change of an account.

use std::sync::Arc;

use bson::{Bson, bson};
use secrecy::ExposeSecret;

use super::verdict::Verdict;
use super::{OneTimeToken, Password, check_email, userpass};
use crate::local_app::app::App;
use crate::local_app::config::PasswordReset;
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{Purpose, Registration, RegistrationKey};

impl App {
    /// Sends a mail whose link leads to a new password: `reset/send`.
    pub async fn send_password_reset(self: &Arc<Self>, email: String) -> Result<(), Failure> {
        check_email(&email)?;
        let config = self.config();
        let PasswordReset::Mail(template) = &userpass(&config)?.reset else {
            self.confirmed(email).await?;
            return Err(Failure::BadRequest("please use reset password via function".to_owned()));
        };
        let (token, now) = (OneTimeToken::fresh()?, self.now());
        let letter = self.letter(&config, Purpose::Reset, template, &email, &token);
        let (issued, mail) = (token.issued(Purpose::Reset, now), letter.kept(now));
        let (_, kept) = self.store().issue_token(RegistrationKey::Email(email), issued, Some(mail)).await?;
        self.dispatch(kept, letter);
        Ok(())
    }

    /// Gives the account that the token was made for another password. A password that is refused leaves the token good.
    pub async fn reset_password(
        &self,
        token: OneTimeToken,
        password: Password,
        request: &RequestFacts,
    ) -> Result<(), Failure> {
        userpass(&self.config())?;
        password.check_length()?;
        let guess = token.guess(Purpose::Reset, self.now());
        // Asked before hashing too: whoever guesses tokens costs no hash each time.
        self.store().registration_of_token(guess.clone()).await?;
        let hash = self.hashing(request, move |_| password.hash()).await??;
        Ok(self.store().reset_password(guess, hash).await?)
    }

    /// Lets the App's function decide about a new password: `reset/call`.
    pub async fn call_password_reset(
        &self,
        email: String,
        password: Password,
        arguments: Vec<Bson>,
        request: &RequestFacts,
    ) -> Result<(), Failure> {
        check_email(&email)?;
        password.check_length()?;
        let config = self.config();
        let reset = &userpass(&config)?.reset;
        let registration = self.confirmed(email).await?;
        let PasswordReset::Function(function) = reset else {
            return Err(Failure::BadRequest("please use reset password via mail".to_owned()));
        };
        let is_current =
            self.is_password(&password, Some(registration.password_hash.clone()), request).await?;
        let token = OneTimeToken::fresh()?;
        let first = bson!({
            "username": registration.email.as_str(),
            "password": password.expose(),
            "token": token.text.expose_secret(),
            "tokenId": token.id.as_str(),
            "currentPasswordValid": is_current,
        });
        // It may be gone: hashing takes long.
        let (key, issued) = (RegistrationKey::Id(registration.id), token.issued(Purpose::Reset, self.now()));
        let (registration, _) = self.store().issue_token(key, issued, None).await?;
        let all = std::iter::once(first).chain(arguments).collect();
        match self.verdict_of(function, all, request).await {
            Verdict::Success => {
                let hash = self.hashing(request, move |_| password.hash()).await??;
                Ok(self.store().set_password(registration.id, hash).await?)
            }
            // The password that comes with the token is the one that counts.
            Verdict::Pending => Ok(()),
            Verdict::Silent | Verdict::Fail => {
                self.store().withdraw_token(token.id).await?;
                Err(Failure::ResetFailed(registration.email))
            }
        }
    }

    /// The registration of `email`, if one can log in with it; whether somebody ever did does not matter.
    async fn confirmed(&self, email: String) -> Result<Registration, Failure> {
        let found = self.store().registration(RegistrationKey::Email(email)).await?;
        found.filter(|registration| registration.confirmed).ok_or(Failure::UserNotFound)
    }
}
