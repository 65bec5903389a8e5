//! A user as functions and rules see it (sections 12.3 and 13.1).

use bson::{Bson, Document, doc};

use super::input::document_of;
use crate::local_app::app::App;
use crate::local_app::config::AppConfig;
use crate::local_app::failure::Failure;
use crate::local_app::store::{Identity, UserWithData};

/// The user object of a user, `None` if there is none. Its custom data is what the store has, which is newer than what the
/// user's token carries if it changed since.
pub async fn of_user(app: &App, config: &AppConfig, user_id: String) -> Result<Option<Document>, Failure> {
    let found = app.store().user_with_data(user_id, config.custom_user_data.namespace()).await?;
    Ok(found.map(|UserWithData { user, identities, custom_data }| {
        user_object(&user.id, &user.kind, &identities, custom_data.unwrap_or_default())
    }))
}

/// A user object: `context.user`, and the argument of the user creation function.
pub fn user_object(id: &str, kind: &str, identities: &[Identity], custom_data: Document) -> Document {
    let mut data = Document::new();
    let mut shown = Vec::new();
    for identity in identities {
        let own = document_of(&identity.data);
        data.extend(own.clone());
        shown.push(doc! { "id": &identity.id, "provider_type": &identity.provider, "data": own });
    }
    doc! { "id": id, "type": kind, "data": data, "custom_data": custom_data, "identities": shown }
}

/// The same as rules have it, `%%user`: the provider of an identity has another name there.
pub fn in_rules(user: &Document) -> Document {
    let mut user = user.clone();
    if let Ok(identities) = user.get_array_mut("identities") {
        for identity in identities.iter_mut().filter_map(Bson::as_document_mut) {
            let provider = identity.remove("provider_type").unwrap_or(Bson::Null);
            *identity = doc! { "id": identity.remove("id"), "providerType": provider };
        }
    }
    user
}
