//! Taking over the users of another App: a list in the Admin API's shape (section 14.3) keeps ids, identities and states.
//!
//! Each user lands whole or is refused with a reason; one that is refused keeps no other out, and a second run with the
//! same list changes nothing. Passwords come along only as hashes. Without one, a user of an email/password identity gets
//! in by a one-time reset code, or by saying a password at its next log-in, if the import asks for that. A second run gives
//! those who still have none a new code, or more time.

mod report;
mod request;
mod user;

use jiff::Timestamp;

use super::accounts::OneTimeToken;
use super::app::App;
use super::failure::Failure;
use super::lifetimes::expiry;
use super::store::{Identity, ImportEntry, Purpose, Registration};
use user::{EmailIdentity, ImportedUser};

pub use report::{ImportReport, Refusal, ResetCode};
pub use request::{ImportRequest, InvalidImport};

/// Users that land together. Others get their turn between two batches.
const BATCH: usize = 100;

/// How users without a password get in; worked out once, so that all have the same deadline.
#[derive(Debug, Clone, Copy)]
struct WaysIn {
    codes_until: Option<Timestamp>,
    adopt_until: Option<Timestamp>,
}

/// A user of a batch, and what it may get in by.
struct Landing {
    index: usize,
    entry: ImportEntry,
    code: Option<OneTimeToken>,
}

impl App {
    /// Takes over users.
    ///
    /// # Errors
    /// When the store fails. What was reported as imported before that is there; a second run finds it.
    pub async fn import_users(&self, request: ImportRequest) -> Result<ImportReport, Failure> {
        let now = self.now();
        let adopt_for = request.adopt_passwords_for.or(self.config().settings.adopt_passwords_for);
        let ways = WaysIn {
            codes_until: request.reset_codes_for.map(|lifetime| expiry(now, lifetime)),
            adopt_until: adopt_for.map(|lifetime| expiry(now, lifetime)),
        };
        let mut report = ImportReport::new(ways.adopt_until);
        let mut users = request.users.into_iter().enumerate();
        loop {
            let batch: Vec<_> = users.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(report);
            }
            let mut landings = Vec::new();
            for (index, entry) in batch {
                match entry {
                    Ok(user) => landings.push(Landing::of(index, &user, ways, now)?),
                    Err(invalid) => report.refuse(index, invalid.id, invalid.reason),
                }
            }
            let entries = landings.iter().map(|landing| landing.entry.clone()).collect();
            let outcomes = self.store().import_users(entries).await?;
            for (landing, outcome) in landings.into_iter().zip(outcomes) {
                report.note(landing, outcome, ways.codes_until);
            }
        }
    }
}

impl Landing {
    fn of(index: usize, user: &ImportedUser, ways: WaysIn, now: Timestamp) -> Result<Self, Failure> {
        let record = user.record(now);
        let identities = user.identities.iter().map(|identity| Identity {
            user_id: user.id.clone(),
            provider: identity.provider.name().to_owned(),
            id: identity.id.clone(),
            data: identity.data.clone(),
        });
        let registration =
            user.email_identity().map(|EmailIdentity { id, email, password_hash }| Registration {
                id: id.to_owned(),
                ..Registration::new(email, password_hash.unwrap_or_default(), record.created_at)
            });
        let codes_until = ways.codes_until.filter(|_| registration.is_some());
        let code = codes_until.map(|_| OneTimeToken::fresh()).transpose()?;
        let issued = code.as_ref().zip(codes_until);
        let entry = ImportEntry {
            identities: identities.collect(),
            registration,
            adopt_until: ways.adopt_until,
            reset: issued.map(|(code, until)| code.issued_until(Purpose::Reset, until)),
            user: record,
        };
        Ok(Self { index, entry, code })
    }
}
