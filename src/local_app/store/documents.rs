//! BSON documents of collections. SQL narrows them down by owner; what else a filter asks is decided above.

use rusqlite::{ErrorCode, Row, params};

use bson::Document;

use super::{StoreError, Tx, damaged};

/// Whom a document belongs to, as the column that it is found by.
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

    fn order(&self) -> i64 {
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

/// A document with its place in the store.
pub struct StoredDocument {
    pub position: i64,
    pub document: Document,
}

const DOCUMENTS_OF: &str = "SELECT position, body FROM documents
     WHERE database = ?1 AND collection = ?2 AND owner = ?3 ORDER BY owner_order, position";

impl Tx<'_> {
    /// Stores a document. False, and nothing stored, if the collection has one with that id.
    pub fn insert_document(&self, new: &NewDocument<'_>) -> Result<bool, StoreError> {
        let inserted = self
            .0
            .prepare_cached(
                "INSERT INTO documents (database, collection, id_key, owner, owner_order, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                new.database,
                new.collection,
                new.id_key,
                new.owner.map(OwnerKey::user_id),
                new.owner.map(OwnerKey::order),
                new.document.to_vec().map_err(damaged)?
            ]);
        match inserted {
            Ok(_) => Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The user's documents: those that name the owner as a string first, then in order of insertion (section 7).
    pub fn documents_of(
        &self,
        database: &str,
        collection: &str,
        owner: &str,
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let mut statement = self.0.prepare_cached(DOCUMENTS_OF)?;
        let rows = statement.query_map([database, collection, owner], document_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Puts `document` in the place of another one with the same id and owner.
    pub fn replace_document(&self, position: i64, document: &Document) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE documents SET body = ?2 WHERE position = ?1")?
            .execute(params![position, document.to_vec().map_err(damaged)?])?;
        Ok(())
    }

    pub fn delete_document(&self, position: i64) -> Result<(), StoreError> {
        self.0.prepare_cached("DELETE FROM documents WHERE position = ?1")?.execute([position])?;
        Ok(())
    }
}

fn document_row(row: &Row<'_>) -> rusqlite::Result<StoredDocument> {
    let body = row.get_ref("body")?.as_blob().map_err(damaged)?;
    Ok(StoredDocument {
        position: row.get("position")?,
        document: Document::from_reader(body).map_err(damaged)?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::local_app::Storage;
    use crate::local_app::store::Store;

    /// Each renewal asks for the user's document, and preparing takes longer than finding it.
    #[tokio::test]
    async fn a_users_documents_are_found_without_preparing_anew() {
        let store = Store::open(&Storage::Memory, &"shop-abcde".parse().unwrap()).unwrap();
        let prepared = store.read(|tx| {
            for owner in ["a", "b", "a"] {
                assert!(tx.documents_of("app", "custom_user_data", owner)?.is_empty());
            }
            let statement = tx.0.prepare_cached(DOCUMENTS_OF)?;
            assert_eq!(statement.get_status(StatementStatus::Run), 3);
            Ok::<_, StoreError>(statement.get_status(StatementStatus::RePrepare))
        });
        assert_eq!(prepared.await.unwrap(), 0);
    }
}
