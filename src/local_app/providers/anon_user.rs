//! `anon-user`: every login is a new user with one identity (section 3.2).

use serde_json::Map;

use super::{Provider, VerifiedIdentity};
use crate::local_app::failure::Failure;
use crate::local_app::ids;

/// An identity that nobody had before: an ObjectId, `-`, 24 lowercase letters (section 1.1).
pub fn fresh_identity() -> Result<VerifiedIdentity, Failure> {
    let letters = ids::letters(24).map_err(Failure::internal)?;
    let id = format!("{}-{letters}", ids::oid());
    Ok(VerifiedIdentity::given(Provider::AnonUser, id, Map::new()))
}
