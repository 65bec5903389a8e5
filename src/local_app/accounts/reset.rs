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
use crate::local_app::store::{Purpose, Registration, Tx};

impl App {
    /// Sends a mail whose link leads to a new password: `reset/send`.
    pub async fn send_password_reset(self: &Arc<Self>, email: String) -> Result<(), Failure> {
        check_email(&email)?;
        let config = self.config();
        let token = OneTimeToken::fresh()?;
        let letter = match &userpass(&config)?.reset {
            PasswordReset::Mail(template) => {
                Ok(self.letter(&config, Purpose::Reset, template, &email, &token))
            }
            PasswordReset::Function(_) => {
                Err(Failure::BadRequest("please use reset password via function".to_owned()))
            }
        };
        let now = self.now();
        let (mail_id, letter) = self
            .store()
            .write(move |tx| {
                let registration = confirmed(tx, &email)?;
                let letter = letter?;
                token.issue(tx, &registration.id, Purpose::Reset, now)?;
                Ok::<_, Failure>((letter.keep(tx, now)?, letter))
            })
            .await?;
        self.dispatch(mail_id, letter);
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
        let now = self.now();
        // Asked before hashing too: whoever guesses tokens costs no hash each time.
        let guess = token.clone();
        self.store().read(move |tx| guess.registration(tx, Purpose::Reset, now)).await?;
        let hash = self.hashing(request, move |_| password.hash()).await??;
        self.store()
            .write(move |tx| {
                let registration = token.redeem(tx, Purpose::Reset, now)?;
                tx.set_password_hash(&registration.id, &hash)?;
                Ok(())
            })
            .await
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
        let registration = self.store().read(move |tx| confirmed(tx, &email)).await?;
        let PasswordReset::Function(function) = reset else {
            return Err(Failure::BadRequest("please use reset password via mail".to_owned()));
        };
        let is_current = self.is_password(&password, Some(registration.password_hash), request).await?;
        let token = OneTimeToken::fresh()?;
        let first = bson!({
            "username": registration.email.as_str(),
            "password": password.expose(),
            "token": token.text.expose_secret(),
            "tokenId": token.id.as_str(),
            "currentPasswordValid": is_current,
        });
        let (id, now, token_id) = (registration.id.clone(), self.now(), token.id.clone());
        self.store()
            .write(move |tx| {
                // It may be gone: hashing takes long.
                tx.registration(&id)?.ok_or(Failure::UserNotFound)?;
                token.issue(tx, &id, Purpose::Reset, now)
            })
            .await?;
        let all = std::iter::once(first).chain(arguments).collect();
        match self.verdict_of(function, all, request).await {
            Verdict::Success => {
                let hash = self.hashing(request, move |_| password.hash()).await??;
                self.store()
                    .write(move |tx| {
                        tx.delete_userpass_tokens_of(&registration.id, Purpose::Reset)?;
                        let is_there = tx.set_password_hash(&registration.id, &hash)?;
                        if is_there { Ok(()) } else { Err(Failure::UserNotFound) }
                    })
                    .await
            }
            // The password that comes with the token is the one that counts.
            Verdict::Pending => Ok(()),
            Verdict::Silent | Verdict::Fail => {
                self.store().write(move |tx| tx.delete_userpass_token(&token_id)).await?;
                Err(Failure::ResetFailed(registration.email))
            }
        }
    }
}

/// The registration of `email`, if one can log in with it; whether somebody ever did does not matter.
fn confirmed(tx: &Tx<'_>, email: &str) -> Result<Registration, Failure> {
    tx.registration_by_email(email)?
        .filter(|registration| registration.confirmed)
        .ok_or(Failure::UserNotFound)
}
