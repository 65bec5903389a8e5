//! Registering an email address with a password (section 3.3).

use std::sync::Arc;

use super::confirmation::confirmation_argument;
use super::verdict::Verdict;
use super::{OneTimeToken, Password, userpass};
use crate::local_app::app::App;
use crate::local_app::config::Confirmation;
use crate::local_app::failure::Failure;
use crate::local_app::request::RequestFacts;
use crate::local_app::store::{Purpose, Registration, RegistrationKey};

/// The longest email address (RFC 5321, section 4.5.3.1, with the correction of RFC 3696).
const LONGEST_EMAIL: usize = 254;

/// Whether `email` may be the name of an account.
pub fn check_email(email: &str) -> Result<(), Failure> {
    let is_odd = email.is_empty() || email.len() > LONGEST_EMAIL || email.chars().any(char::is_control);
    if is_odd { Err(Failure::InvalidEmail) } else { Ok(()) }
}

impl App {
    /// Registers `email`, and confirms it or starts its confirmation. The user comes into being at the first login, or is
    /// the one that links it.
    pub async fn register(
        self: &Arc<Self>,
        email: String,
        password: Password,
        request: &RequestFacts,
    ) -> Result<(), Failure> {
        let config = self.config();
        let confirmation = &userpass(&config)?.confirmation;
        let registration = self.new_registration(&email, &password, request).await?;
        match confirmation {
            Confirmation::Automatic => {
                self.store().register(registration, None, None).await?;
                Ok(())
            }
            Confirmation::Mail(template) => {
                let token = OneTimeToken::fresh()?;
                let letter = self.letter(&config, Purpose::Confirm, template, &email, &token);
                let now = self.now();
                let (token, mail) = (token.issued(Purpose::Confirm, now), letter.kept(now));
                let kept = self.store().register(registration.unconfirmed(), Some(token), Some(mail)).await?;
                self.dispatch(kept, letter);
                Ok(())
            }
            Confirmation::Function(function) => {
                // A task of its own: a client that goes away must not leave the email taken by nobody.
                let (app, function, request) = (Arc::clone(self), function.clone(), request.clone());
                let registering = tokio::spawn(async move {
                    app.register_by_function(registration.unconfirmed(), &function, &request).await
                });
                registering.await.map_err(Failure::internal)?
            }
        }
    }

    /// A registration that may be stored, confirmed, and not stored yet.
    pub(super) async fn new_registration(
        &self,
        email: &str,
        password: &Password,
        request: &RequestFacts,
    ) -> Result<Registration, Failure> {
        check_email(email)?;
        password.check_length()?;
        if self.store().registration(RegistrationKey::Email(email.to_owned())).await?.is_some() {
            return Err(Failure::NameInUse);
        }
        let password = password.clone();
        let hash = self.hashing(request, move |_| password.hash()).await??;
        Ok(Registration::new(email, &hash, self.now()))
    }

    /// The registration is there while the function runs, so that the email is taken and the token good by the time that
    /// the function sends it. If the server ends meanwhile it stays unconfirmed, and `confirm/call` runs the function
    /// again.
    async fn register_by_function(
        &self,
        registration: Registration,
        function: &str,
        request: &RequestFacts,
    ) -> Result<(), Failure> {
        let Registration { id, email, .. } = registration.clone();
        let token = OneTimeToken::fresh()?;
        let argument = confirmation_argument(&email, &token);
        let token = token.issued(Purpose::Confirm, self.now());
        self.store().register(registration, Some(token), None).await?;
        match self.verdict_of(function, vec![argument], request).await {
            Verdict::Success => self.confirm_now(id).await,
            Verdict::Pending => Ok(()),
            Verdict::Silent | Verdict::Fail => {
                // Unless somebody confirmed it meanwhile, with the token or as an administrator.
                self.store().abandon_registration(id).await?;
                Err(Failure::ConfirmationFailed(email))
            }
        }
    }
}
