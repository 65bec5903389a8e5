//! Connections for looking at a few rows on the thread that asks.
//!
//! A reader of a database with a write-ahead log waits for no writer, and rows that are asked for by their keys are found
//! in microseconds.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::{StoreError, schema};

/// As many as there are threads that answer requests.
const CONNECTIONS: usize = 2;

/// The connections that are free; `None` where there are none, or no longer.
pub struct Lookups(Mutex<Option<Vec<Connection>>>);

impl Lookups {
    /// Of a database in memory, which has one connection and no other.
    pub fn none() -> Self {
        Self(Mutex::new(None))
    }

    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let connections = (0..CONNECTIONS).map(|_| schema::open_reader(file)).collect::<Result<_, _>>()?;
        Ok(Self(Mutex::new(Some(connections))))
    }

    /// A connection, if one is free. One that is not given back, since its user panicked, is closed.
    pub fn take(&self) -> Option<Connection> {
        self.free().as_mut()?.pop()
    }

    pub fn give_back(&self, connection: Connection) {
        if let Some(free) = &mut *self.free() {
            free.push(connection);
        }
    }

    /// Closes all: those that are free at once, the others when they come back.
    pub fn close(&self) {
        *self.free() = None;
    }

    fn free(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
