//! Whether a database is what it was, found out at the start.
//!
//! A file that became empty is a database without tables to SQLite, and would be a new App to whoever opens it.

use std::path::Path;
use std::time::Duration;

use bson::Document;
use rusqlite::{Connection, OpenFlags};

use super::StoreError;

/// Rows of a table that are named; of more, only how many.
const NAMED: usize = 10;
/// How often a file without content is looked at again: another process may have made it a moment ago.
const LOOKS: u32 = 40;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// What stands beside a database from its beginning on, with the same name: it proves that there was one.
pub const MADE: &str = "made";

/// Whether a database that is not there was there before. One that was deleted is no reason to begin an empty App.
///
/// The proof is looked for first: it is made after the database, by a process that may be starting just now.
pub fn check_absence(file: &Path) -> Result<(), StoreError> {
    let made = file.with_extension(MADE);
    let log = file.with_extension("db-wal");
    let proof = [made, log].into_iter().find(|proof| proof.exists());
    match proof {
        Some(proof) if !file.exists() => Err(StoreError::Gone { path: file.to_owned(), proof }),
        _ => Ok(()),
    }
}

/// Leaves the proof that there was a database.
pub fn note_presence(file: &Path) -> std::io::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    open.create(true).append(true).open(file.with_extension(MADE)).map(drop)
}

/// Whether there is something in a file that was there before. One that is new has nothing to lose.
pub fn check_content(file: &Path) -> Result<(), StoreError> {
    let mut found = "empty";
    for _ in 0..LOOKS {
        let length =
            file.metadata().map_err(|source| StoreError::Folder { path: file.to_owned(), source })?.len();
        if length > 0 {
            let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.busy_timeout(PAUSE)?;
            // What is no database at all, or in use, is found out by whoever opens it.
            let tables =
                connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0));
            if tables != Ok(0) {
                return Ok(());
            }
            found = "a database without tables";
        }
        std::thread::sleep(PAUSE);
    }
    Err(StoreError::Vanished { path: file.to_owned(), found })
}

/// Has SQLite check the database, and names every row whose content cannot be read. Such a row is no reason not to serve
/// the others.
pub fn check(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let found = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    let damaged = |found: String| StoreError::Damaged { path: file.to_owned(), found };
    match found {
        Ok(found) if found == "ok" => {}
        Ok(found) => return Err(damaged(found)),
        Err(error) => return Err(damaged(error.to_string())),
    }
    for (table, rows) in damaged_rows(connection).map_err(|error| damaged(error.to_string()))? {
        let more = rows.len().saturating_sub(NAMED);
        let named = rows.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        tracing::error!(
            "the local App's database {} is damaged: in its table '{table}', {named}{more} cannot be read; put a copy \
             or a snapshot back, or delete them",
            file.display()
        );
    }
    Ok(())
}

/// Rows whose content is not what this program writes, by table.
fn damaged_rows(connection: &Connection) -> rusqlite::Result<Vec<(&'static str, Vec<String>)>> {
    let mut damaged = Vec::new();
    let mut statement = connection.prepare("SELECT position, database, collection, body FROM documents")?;
    let mut rows = statement.query([])?;
    let mut documents = Vec::new();
    while let Some(row) = rows.next()? {
        if Document::from_reader(row.get_ref(3)?.as_blob().unwrap_or_default()).is_err() {
            let (position, database, collection): (i64, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            documents.push(format!("the document at position {position} of {database}.{collection}"));
        }
    }
    damaged.push(("documents", documents));
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    damaged.push((
        "identities",
        texts(
            "SELECT 'the identity ' || identity_id || ' (' || provider_type || ') of user ' || user_id
             FROM identities WHERE NOT json_valid(data)",
        )?,
    ));
    damaged.push((
        "identities",
        texts(
            "SELECT 'the identity ' || identity_id || ' of user ' || user_id || ', who is not there,'
             FROM identities WHERE user_id NOT IN (SELECT id FROM users)",
        )?,
    ));
    damaged.retain(|(_, rows)| !rows.is_empty());
    Ok(damaged)
}

#[cfg(test)]
mod tests {
    use super::super::{SqliteStore, apps_in};
    use super::*;
    use crate::local_app::store::{AppStore, DocumentStore, Namespace, NewDocument, Storage};

    /// Kind: a loss that begins something new in silence.
    #[tokio::test]
    async fn a_database_that_was_deleted_is_missed_as_long_as_anything_shows_that_it_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (storage, app) = (Storage::Folder(folder.path().to_owned()), "shop-abcde".parse().unwrap());
        SqliteStore::open(&storage, &app).unwrap().close().await;
        let (file, made) = (folder.path().join("shop-abcde.db"), folder.path().join("shop-abcde.made"));
        for proof in [made.clone(), folder.path().join("shop-abcde.db-wal")] {
            std::fs::remove_file(&file).unwrap();
            let _ = std::fs::remove_file(&made);
            std::fs::write(&proof, "").unwrap();
            let error = SqliteStore::open(&storage, &app).err().unwrap().to_string();
            assert!(error.contains("is gone") && error.contains(&*proof.to_string_lossy()), "{error}");
            assert!(!file.exists());
            std::fs::remove_file(&proof).unwrap();
            SqliteStore::open(&storage, &app).unwrap().close().await;
            assert!(made.exists());
        }
        std::fs::remove_file(&file).unwrap();
        // Whoever looks for an App finds this one, and hears what is wrong with it.
        assert_eq!(apps_in(folder.path()).unwrap(), [app]);
    }

    #[tokio::test]
    async fn rows_that_cannot_be_read_are_found_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let store =
            SqliteStore::open(&Storage::Folder(folder.path().to_owned()), &"shop-abcde".parse().unwrap())
                .unwrap();
        for id in [1, 2_u8] {
            let namespace = Namespace { database: "app".to_owned(), collection: "c".to_owned() };
            let document = bson::doc! { "_id": i32::from(id) };
            let new = NewDocument { namespace, id_key: vec![id], owner: None, document };
            store.insert_document(new, None).await.unwrap();
        }
        store.close().await;
        let connection = Connection::open(folder.path().join("shop-abcde.db")).unwrap();
        assert!(damaged_rows(&connection).unwrap().is_empty());
        connection.execute("UPDATE documents SET body = x'0500' WHERE position = 2", []).unwrap();
        let found = damaged_rows(&connection).unwrap();
        assert_eq!(found, [("documents", vec!["the document at position 2 of app.c".to_owned()])]);
    }
}
