//! People in SQLite.

mod accounts;
mod blocks;
mod points;
mod rows;

use storage::sql::Database;

/// People in a SQLite database.
#[derive(Debug, Clone)]
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    /// The people of this database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}
