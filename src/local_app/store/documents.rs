//! BSON documents of collections. The store narrows them down by owner; what else a filter asks is decided above.

use bson::Document;

use super::StoreError;

/// Whom a document belongs to, as the store finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerKey {
    /// The document holds the user's id as a string.
    Text(String),
    /// The document holds the user's id as an ObjectId; this is its hex form.
    ObjectId(String),
}

impl OwnerKey {
    /// The user's id.
    pub fn user_id(&self) -> &str {
        match self {
            Self::Text(id) | Self::ObjectId(id) => id,
        }
    }

    /// Documents of a user come in this order first: the string form wins (section 7).
    pub fn order(&self) -> i64 {
        match self {
            Self::Text(_) => 0,
            Self::ObjectId(_) => 1,
        }
    }
}

/// A document that is to be inserted.
pub struct NewDocument<'a> {
    pub database: &'a str,
    pub collection: &'a str,
    /// Bytes that are the same for equal ids.
    pub id_key: &'a [u8],
    pub owner: Option<&'a OwnerKey>,
    pub document: &'a Document,
}

/// A document with its place in the store. Its bytes are taken apart by the caller, not by the store's threads.
pub struct StoredDocument {
    pub place: Place,
    pub(super) body: Vec<u8>,
}

/// Where a document stands among those of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub(super) owner_order: i64,
    /// Of all documents; never used again.
    pub(super) position: i64,
}

impl StoredDocument {
    /// # Errors
    /// When the bytes are no document: the row is damaged.
    pub fn document(&self) -> Result<Document, StoreError> {
        Document::from_reader(self.body.as_slice()).map_err(|cause| StoreError::DamagedRow {
            table: "documents",
            row: format!("position {}", self.place.position),
            cause: cause.to_string(),
        })
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// Whether it is `document`, byte for byte: equality of values would miss a change from 1 to 1.0.
    pub fn is(&self, document: &Document) -> Result<bool, StoreError> {
        let bytes = document.to_vec().map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(self.body == bytes)
    }
}
