//! Custom user data: the document that travels in the access token (section 7).

use bson::Document;

use crate::local_app::config::CUSTOM_USER_DATA;
use crate::local_app::failure::Failure;
use crate::local_app::store::Tx;

/// The user's document. One that names the user as a string goes before one that has an ObjectId, an earlier one before
/// a later one. Rules do not apply.
pub fn of(tx: &Tx<'_>, user_id: &str) -> Result<Option<Document>, Failure> {
    let documents = tx.documents_of(CUSTOM_USER_DATA.database, CUSTOM_USER_DATA.collection, user_id)?;
    Ok(documents.into_iter().next().map(|stored| stored.document))
}
