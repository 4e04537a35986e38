//! Cases in Postgres and in SQLite.

mod cases;
mod deciding;
mod decisions;
mod filing;
mod rows;
mod trail;
mod weighing;

use kith_storage::sql::{Database, Engine, Sqlite};

/// Cases in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    /// The cases of this database.
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

/// What is held of a subject while its case changes.
const HELD: &str = "cases";
