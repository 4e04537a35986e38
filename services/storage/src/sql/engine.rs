//! What the two databases do each in its own way.

use futures_util::future::BoxFuture;
use sqlx::{
    PgConnection, Pool, Postgres, Sqlite, SqliteConnection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::StoreResult;

/// Postgres, or SQLite.
pub trait Engine: Dialect {}

impl Engine for Postgres {}
impl Engine for Sqlite {}

/// How it is said in one of them.
pub trait Dialect: sqlx::Database {
    /// What begins a transaction that writes.
    const BEGIN: &'static str;
    /// Asks whether anything was ever migrated.
    const BEGUN: &'static str;
    /// Asks what was migrated: version, name, whether it was finished, checksum, and when, in milliseconds.
    const APPLIED: &'static str;

    /// What this build migrates to.
    fn migrations() -> &'static Migrator;

    /// A connection of its own for migrations, which take their time; `None` if the one that writes will do.
    fn unhurried(hurried: &Pool<Self>) -> Option<Pool<Self>>;

    /// Waits until no other transaction holds this number, and holds it until the end of this one.
    fn hold(connection: &mut Self::Connection, number: i64) -> BoxFuture<'_, StoreResult<()>>;
}

static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");

impl Dialect for Postgres {
    const BEGIN: &'static str = "BEGIN";
    const BEGUN: &'static str = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    const APPLIED: &'static str = "SELECT version, description, success, checksum,
            CAST(floor(extract(epoch FROM installed_on) * 1000) AS BIGINT)
         FROM _sqlx_migrations ORDER BY version";

    fn migrations() -> &'static Migrator {
        &POSTGRES
    }

    fn unhurried(hurried: &Pool<Self>) -> Option<Pool<Self>> {
        let options = PgConnectOptions::clone(&hurried.connect_options()).options([("statement_timeout", "10min")]);
        let wait = hurried.options().get_acquire_timeout();
        Some(PgPoolOptions::new().max_connections(1).acquire_timeout(wait).connect_lazy_with(options))
    }

    fn hold(connection: &mut PgConnection, number: i64) -> BoxFuture<'_, StoreResult<()>> {
        Box::pin(async move {
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(number).execute(connection).await?;
            Ok(())
        })
    }
}

impl Dialect for Sqlite {
    // A transaction that begins by reading could not write after somebody else has.
    const BEGIN: &'static str = "BEGIN IMMEDIATE";
    const BEGUN: &'static str =
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations')";
    const APPLIED: &'static str = "SELECT version, description, success, checksum,
            CAST(strftime('%s', installed_on) AS INTEGER) * 1000
         FROM _sqlx_migrations ORDER BY version";

    fn migrations() -> &'static Migrator {
        &SQLITE
    }

    fn unhurried(_: &Pool<Self>) -> Option<Pool<Self>> {
        None
    }

    // Whoever writes is alone already.
    fn hold(_: &mut SqliteConnection, _: i64) -> BoxFuture<'_, StoreResult<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
