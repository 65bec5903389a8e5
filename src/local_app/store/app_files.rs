//! The App's configuration as files, where no folder holds it.

use super::{StoreError, Tx};

impl Tx<'_> {
    /// Paths and texts of all files.
    pub fn app_files(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut query = self.0.prepare_cached("SELECT path, content FROM app_files ORDER BY path")?;
        let rows = query.query_map([], |row| Ok((row.get("path")?, row.get("content")?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds a file, or replaces it.
    pub fn put_app_file(&self, path: &str, content: &str) -> Result<(), StoreError> {
        self.0
            .execute("INSERT OR REPLACE INTO app_files (path, content) VALUES (?1, ?2)", [path, content])?;
        Ok(())
    }
}
