//! People in Postgres and in SQLite.

mod accounts;
mod blocks;
mod points;
mod rows;
mod staff;

use kith_storage::sql::{Database, Engine, Sqlite};

/// People in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    /// The people of this database.
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}
