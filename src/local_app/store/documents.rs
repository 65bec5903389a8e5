//! BSON documents of collections. The store narrows them down by owner; what else a filter asks is decided above.

use bson::Document;

use super::{StoreError, Work};

/// Units of work on documents. What a filter, a sort or an update asks for is worked out on what was read; a write checks
/// that it still stands.
pub trait DocumentStore {
    /// The next documents of the scope behind a place, some at a time: those that name the owner as a string first, then in
    /// order of insertion (section 7). None are left when none come.
    fn find_documents(&self, scope: DocumentScope, after: Option<Place>) -> Work<'_, Vec<StoredDocument>>;

    /// How far insertions have come: what [`DocumentStore::insert_document`] can be bound to.
    fn watermark(&self) -> Work<'_, Watermark>;

    /// Inserts a document, unless the scope's owner got one there since `unless_since`.
    fn insert_document(
        &self,
        new: NewDocument,
        unless_since: Option<(DocumentScope, Watermark)>,
    ) -> Work<'_, Written>;

    /// Puts `document` in the place of `seen`, which has the same id and owner, if that is what is still there.
    fn replace_document(&self, seen: StoredDocument, document: Document) -> Work<'_, Written>;

    /// Deletes `seen`, if that is what is still there.
    fn delete_document(&self, seen: StoredDocument) -> Work<'_, Written>;
}

/// A collection of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    pub database: String,
    pub collection: String,
}

/// The documents of one user in a collection.
#[derive(Debug, Clone)]
pub struct DocumentScope {
    pub namespace: Namespace,
    /// The user's id.
    pub owner: String,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Done,
    /// What it was worked out on does not stand any more. Nothing changed.
    Overtaken,
    /// The collection has a document with that id. Nothing changed.
    DuplicateId,
}

/// How far insertions have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark(pub(super) i64);

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
#[derive(Debug, Clone)]
pub struct NewDocument {
    pub namespace: Namespace,
    /// Bytes that are the same for equal ids.
    pub id_key: Vec<u8>,
    pub owner: Option<OwnerKey>,
    pub document: Document,
}

/// A document with its place in the store. Its bytes are taken apart by the caller, not by the store's threads.
#[derive(Debug, Clone)]
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
