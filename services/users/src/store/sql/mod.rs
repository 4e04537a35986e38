//! SQL adapter, for Postgres and SQLite.

mod accounts;
mod blocks;
mod points;
mod rows;
mod staff;

use kith_storage::sql::{Database, Engine, Sqlite};

/// Implements [`Store`](super::Store) on a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}
