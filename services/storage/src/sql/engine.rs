//! Differences between Postgres and SQLite.

use futures_util::future::BoxFuture;
use sqlx::{
    PgConnection, Pool, Postgres, Sqlite, SqliteConnection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::StoreResult;

/// Database engine: [`Postgres`] or [`Sqlite`].
pub trait Engine: Dialect {}

impl Engine for Postgres {}
impl Engine for Sqlite {}

/// Statements and operations that differ between the engines.
pub trait Dialect: sqlx::Database {
    /// Statement that begins a write transaction.
    const BEGIN: &'static str;
    /// Query that returns true if the migration table exists.
    const HAS_MIGRATION_TABLE: &'static str;
    /// Query of the applied migrations: version, name, success, checksum, and time in milliseconds.
    const APPLIED_MIGRATIONS: &'static str;

    /// Migrations of this build.
    fn migrations() -> &'static Migrator;

    /// Returns a pool for migrations, without the statement timeout of `pool`, or `None` if `pool` has no such timeout.
    fn migration_pool(pool: &Pool<Self>) -> Option<Pool<Self>>;

    /// Takes the exclusive lock `key` until the end of the current transaction.
    fn lock(connection: &mut Self::Connection, key: i64) -> BoxFuture<'_, StoreResult<()>>;
}

static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");

impl Dialect for Postgres {
    const BEGIN: &'static str = "BEGIN";
    const HAS_MIGRATION_TABLE: &'static str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    const APPLIED_MIGRATIONS: &'static str = "SELECT version, description, success, checksum,
            CAST(floor(extract(epoch FROM installed_on) * 1000) AS BIGINT)
         FROM _sqlx_migrations ORDER BY version";

    fn migrations() -> &'static Migrator {
        &POSTGRES
    }

    fn migration_pool(pool: &Pool<Self>) -> Option<Pool<Self>> {
        let options = PgConnectOptions::clone(&pool.connect_options()).options([("statement_timeout", "10min")]);
        let acquire_timeout = pool.options().get_acquire_timeout();
        Some(PgPoolOptions::new().max_connections(1).acquire_timeout(acquire_timeout).connect_lazy_with(options))
    }

    fn lock(connection: &mut PgConnection, key: i64) -> BoxFuture<'_, StoreResult<()>> {
        Box::pin(async move {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(connection).await?;
            Ok(())
        })
    }
}

impl Dialect for Sqlite {
    // A deferred transaction that has read cannot write after another connection has written.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const HAS_MIGRATION_TABLE: &'static str =
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations')";
    const APPLIED_MIGRATIONS: &'static str = "SELECT version, description, success, checksum,
            CAST(strftime('%s', installed_on) AS INTEGER) * 1000
         FROM _sqlx_migrations ORDER BY version";

    fn migrations() -> &'static Migrator {
        &SQLITE
    }

    fn migration_pool(_: &Pool<Self>) -> Option<Pool<Self>> {
        None
    }

    // SQLite has a single writer, so a write transaction is exclusive already.
    fn lock(_: &mut SqliteConnection, _: i64) -> BoxFuture<'_, StoreResult<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
