//! Custom user data: the document that travels in the access token (section 7).

use bson::Document;

use crate::local_app::config::CustomUserData;
use crate::local_app::failure::Failure;
use crate::local_app::store::Tx;

/// The user's document. One that names the user as a string goes before one that has an ObjectId, an earlier one before
/// a later one. Rules do not apply.
pub fn of(tx: &Tx<'_>, config: &CustomUserData, user_id: &str) -> Result<Option<Document>, Failure> {
    if !config.enabled {
        return Ok(None);
    }
    Ok(tx.first_document_of(&config.database, &config.collection, user_id)?)
}
