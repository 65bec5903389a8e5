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
use super::providers::Provider;
use super::store::{Identity, Purpose, Registration, Tx};
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

/// What became of one user.
enum Outcome {
    Imported(Option<ResetCode>),
    /// It is here already, with these identities; a code if it still has no password.
    Unchanged(Option<ResetCode>),
    Refused(String),
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
            let land = move |tx: &Tx<'_>| batch_of(tx, batch, ways, now);
            for (index, id, outcome) in self.store().write(land).await? {
                report.note(index, id, outcome);
            }
        }
    }
}

type Entry = (usize, Result<ImportedUser, user::InvalidUser>);

fn batch_of(
    tx: &Tx<'_>,
    batch: Vec<Entry>,
    ways: WaysIn,
    now: Timestamp,
) -> Result<Vec<(usize, Option<String>, Outcome)>, Failure> {
    let land = |(index, entry): Entry| {
        Ok(match entry {
            Ok(user) => (index, Some(user.id.clone()), import(tx, &user, ways, now)?),
            Err(invalid) => (index, invalid.id, Outcome::Refused(invalid.reason)),
        })
    };
    batch.into_iter().map(land).collect()
}

fn import(tx: &Tx<'_>, user: &ImportedUser, ways: WaysIn, now: Timestamp) -> Result<Outcome, Failure> {
    if tx.user(&user.id)?.is_some() {
        return known(tx, user, ways);
    }
    if let Some(reason) = obstacle(tx, user)? {
        return Ok(Outcome::Refused(reason));
    }
    tx.insert_user(&user.record(now))?;
    for identity in &user.identities {
        tx.insert_identity(&Identity {
            user_id: user.id.clone(),
            provider: identity.provider.name().to_owned(),
            id: identity.id.clone(),
            data: identity.data.clone(),
        })?;
    }
    let Some(EmailIdentity { id, email, password_hash }) = user.email_identity() else {
        return Ok(Outcome::Imported(None));
    };
    let registration = Registration {
        id: id.to_owned(),
        password_hash: password_hash.map(str::to_owned).unwrap_or_default(),
        ..Registration::new(email, "", user.record(now).created_at)
    };
    if !tx.insert_registration(&registration)? {
        return Err(Failure::internal("the email was free a moment ago"));
    }
    Ok(Outcome::Imported(open_ways(tx, &user.id, &registration, ways)?))
}

/// A user with this id is here: the same one, if all its identities are.
fn known(tx: &Tx<'_>, user: &ImportedUser, ways: WaysIn) -> Result<Outcome, Failure> {
    let own = tx.identities_of(&user.id)?;
    let is_own = |provider: Provider, id: &str| {
        own.iter().any(|identity| identity.provider == provider.name() && identity.id == id)
    };
    if !user.identities.iter().all(|identity| is_own(identity.provider, &identity.id)) {
        return Ok(Outcome::Refused("a user with this id is here, with other identities".to_owned()));
    }
    let registration = match user.email_identity() {
        Some(identity) => tx.registration(identity.id)?,
        None => None,
    };
    let code = match registration {
        Some(registration) => open_ways(tx, &user.id, &registration, ways)?,
        None => None,
    };
    Ok(Outcome::Unchanged(code))
}

/// Why a new user cannot land.
fn obstacle(tx: &Tx<'_>, user: &ImportedUser) -> Result<Option<String>, Failure> {
    for identity in &user.identities {
        let provider = identity.provider.name();
        if let Some(taken) = tx.identity(provider, &identity.id)? {
            let owner = taken.user_id;
            return Ok(Some(format!("its {provider} identity belongs to the user {owner}")));
        }
    }
    let Some(EmailIdentity { id, email, .. }) = user.email_identity() else { return Ok(None) };
    if tx.registration_by_email(email)?.is_some() {
        return Ok(Some("its email is registered here already".to_owned()));
    }
    let is_taken = tx.registration(id)?.is_some();
    Ok(is_taken.then(|| "the id of its email/password identity is that of another registration".to_owned()))
}

/// Opens the ways in that the import asks for, if the account has no password.
fn open_ways(
    tx: &Tx<'_>,
    user_id: &str,
    registration: &Registration,
    ways: WaysIn,
) -> Result<Option<ResetCode>, Failure> {
    if !registration.password_hash.is_empty() {
        return Ok(None);
    }
    if ways.adopt_until.is_some() {
        tx.set_adopt_until(&registration.id, ways.adopt_until)?;
    }
    let Some(expires_at) = ways.codes_until else { return Ok(None) };
    // The codes of an earlier run, whose report may be anywhere.
    tx.delete_userpass_tokens_of(&registration.id, Purpose::Reset)?;
    let token = OneTimeToken::fresh()?;
    token.issue_until(tx, &registration.id, Purpose::Reset, expires_at)?;
    Ok(Some(ResetCode { user_id: user_id.to_owned(), email: registration.email.clone(), token, expires_at }))
}
