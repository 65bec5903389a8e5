//! Documents.

use bson::Document;
use rusqlite::{ErrorCode, OptionalExtension, Row, params};

use super::super::{
    DocumentScope, DocumentStore, Namespace, NewDocument, OwnerKey, Place, StoreError, StoredDocument,
    Watermark, Work, Written,
};
use super::{SqliteStore, Tx, damaged};

impl DocumentStore for SqliteStore {
    fn find_documents(&self, scope: DocumentScope, after: Option<Place>) -> Work<'_, Vec<StoredDocument>> {
        Box::pin(self.read(move |tx| tx.documents_of(&scope, after)))
    }

    fn watermark(&self) -> Work<'_, Watermark> {
        Box::pin(self.read(|tx| tx.newest_position().map(Watermark)))
    }

    fn insert_document(
        &self,
        new: NewDocument,
        unless_since: Option<(DocumentScope, Watermark)>,
    ) -> Work<'_, Written> {
        Box::pin(self.write(move |tx| {
            if let Some((scope, watermark)) = &unless_since
                && tx.has_document_since(scope, *watermark)?
            {
                return Ok(Written::Overtaken);
            }
            Ok(if tx.insert_document(&new)? { Written::Done } else { Written::DuplicateId })
        }))
    }

    fn replace_document(&self, seen: StoredDocument, document: Document) -> Work<'_, Written> {
        Box::pin(self.write(move |tx| tx.replace_document(&seen, &document).map(written)))
    }

    fn delete_document(&self, seen: StoredDocument) -> Work<'_, Written> {
        Box::pin(self.write(move |tx| tx.delete_document(&seen).map(written)))
    }
}

fn written(still_stood: bool) -> Written {
    if still_stood { Written::Done } else { Written::Overtaken }
}

/// Bytes of documents that are read at a time; one document more than that is read in any case.
const BATCH_BYTES: usize = 1024 * 1024;

const DOCUMENTS_OF: &str = "SELECT owner_order, position, body FROM documents
     WHERE database = ?1 AND collection = ?2 AND owner = ?3 AND (owner_order, position) > (?4, ?5)
     ORDER BY owner_order, position";

impl Tx<'_> {
    /// Stores a document. False, and nothing stored, if the collection has one with that id.
    pub fn insert_document(&self, new: &NewDocument) -> Result<bool, StoreError> {
        let inserted = self
            .0
            .prepare_cached(
                "INSERT INTO documents (database, collection, id_key, owner, owner_order, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                new.namespace.database,
                new.namespace.collection,
                new.id_key,
                new.owner.as_ref().map(OwnerKey::user_id),
                new.owner.as_ref().map(OwnerKey::order),
                new.document.to_vec().map_err(damaged)?
            ]);
        match inserted {
            Ok(_) => Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The next of the user's documents behind a place, some at a time: those that name the owner as a string first, then
    /// in order of insertion (section 7). None are left when none come.
    pub fn documents_of(
        &self,
        scope: &DocumentScope,
        after: Option<Place>,
    ) -> Result<Vec<StoredDocument>, StoreError> {
        let mut statement = self.0.prepare_cached(DOCUMENTS_OF)?;
        let after = after.unwrap_or(Place { owner_order: -1, position: 0 });
        let mut rows = statement.query(params![
            scope.namespace.database,
            scope.namespace.collection,
            scope.owner,
            after.owner_order,
            after.position
        ])?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES
            && let Some(row) = rows.next()?
        {
            let stored = document_row(row)?;
            bytes += stored.size();
            batch.push(stored);
        }
        Ok(batch)
    }

    /// The user's custom data: the first of its documents where such data is (section 7). Rules do not apply.
    pub fn custom_data(
        &self,
        place: Option<&Namespace>,
        user_id: &str,
    ) -> Result<Option<Document>, StoreError> {
        let Some(Namespace { database, collection }) = place else { return Ok(None) };
        let mut statement = self.0.prepare_cached(DOCUMENTS_OF)?;
        let first =
            statement.query_row(params![database, collection, user_id, -1, 0], document_row).optional()?;
        first.map(|stored| stored.document()).transpose()
    }

    /// The place of the newest document of all.
    pub fn newest_position(&self) -> Result<i64, StoreError> {
        let mut statement = self.0.prepare_cached("SELECT coalesce(max(position), 0) FROM documents")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Whether the scope's owner got a document there since `newest_position` was `watermark`.
    pub fn has_document_since(
        &self,
        scope: &DocumentScope,
        watermark: Watermark,
    ) -> Result<bool, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM documents NOT INDEXED
             WHERE position > ?4 AND database = ?1 AND collection = ?2 AND owner = ?3)",
        )?;
        let Namespace { database, collection } = &scope.namespace;
        Ok(statement.query_row(params![database, collection, scope.owner, watermark.0], |row| row.get(0))?)
    }

    /// Puts `document` in the place of `stored`, which has the same id and owner. False, and nothing changed, if that is
    /// not what is there any more.
    pub fn replace_document(&self, stored: &StoredDocument, document: &Document) -> Result<bool, StoreError> {
        let replaced = self
            .0
            .prepare_cached("UPDATE documents SET body = ?3 WHERE position = ?1 AND body = ?2")?
            .execute(params![stored.place.position, stored.body, document.to_vec().map_err(damaged)?])?;
        Ok(replaced == 1)
    }

    /// Deletes `stored`. False, and nothing changed, if that is not what is there any more.
    pub fn delete_document(&self, stored: &StoredDocument) -> Result<bool, StoreError> {
        let deleted = self
            .0
            .prepare_cached("DELETE FROM documents WHERE position = ?1 AND body = ?2")?
            .execute(params![stored.place.position, stored.body])?;
        Ok(deleted == 1)
    }
}

fn document_row(row: &Row<'_>) -> rusqlite::Result<StoredDocument> {
    Ok(StoredDocument {
        place: Place { owner_order: row.get(0)?, position: row.get(1)? },
        body: row.get_ref(2)?.as_blob().map_err(damaged)?.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::local_app::store::Storage;

    /// Each renewal asks for the user's document, and preparing takes longer than finding it.
    #[tokio::test]
    async fn a_users_documents_are_found_without_preparing_anew() {
        let store = SqliteStore::open(&Storage::Memory, &"shop-abcde".parse().unwrap()).unwrap();
        let place = Namespace { database: "app".to_owned(), collection: "custom_user_data".to_owned() };
        let prepared = store.read(move |tx| {
            for owner in ["a", "b", "a"] {
                assert!(tx.custom_data(Some(&place), owner)?.is_none());
            }
            let statement = tx.0.prepare_cached(DOCUMENTS_OF)?;
            assert_eq!(statement.get_status(StatementStatus::Run), 3);
            Ok::<_, StoreError>(statement.get_status(StatementStatus::RePrepare))
        });
        assert_eq!(prepared.await.unwrap(), 0);
    }
}
