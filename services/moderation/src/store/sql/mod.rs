//! Store on Postgres and SQLite.

mod cases;
mod decisions;
mod locks;
mod risk;
mod rows;
mod save;

use kith_storage::sql::{Database, Engine, Sqlite};

/// Store in a SQL database.
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
