//! Registering an email address with a password.

use super::Password;
use crate::local_app::app::App;
use crate::local_app::failure::Failure;
use crate::local_app::store::Registration;

/// The longest email address (RFC 5321, section 4.5.3.1, with the correction of RFC 3696).
const LONGEST_EMAIL: usize = 254;

/// Whether `email` may be registered. Its form is the mail server's business.
pub fn check_email(email: &str) -> Result<(), Failure> {
    if email.is_empty() || email.len() > LONGEST_EMAIL || email.chars().any(char::is_control) {
        Err(Failure::InvalidEmail)
    } else {
        Ok(())
    }
}

impl App {
    /// Registers `email`, confirmed at once. The user comes into being at the first login, or is the one that links it.
    pub async fn register(&self, email: String, password: Password) -> Result<(), Failure> {
        check_email(&email)?;
        password.check_length()?;
        let taken = {
            let email = email.clone();
            self.store().read(move |tx| tx.registration_by_email(&email)).await?.is_some()
        };
        if taken {
            return Err(Failure::NameInUse);
        }
        let hash = self.hashing(move || password.hash()).await??;
        let now = self.now();
        self.store()
            .write(move |tx| {
                let stored = tx.insert_registration(&Registration::new(&email, &hash, now))?;
                if stored { Ok(()) } else { Err(Failure::NameInUse) }
            })
            .await
    }
}
