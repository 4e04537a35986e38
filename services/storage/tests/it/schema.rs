//! How a schema stands to this build.

use storage::sql::Schema;
use testkit::Sqlite;

async fn change(database: &Sqlite, sql: &'static str) {
    let mut tx = database.begin().await.unwrap();
    sqlx::query(sql).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn a_schema_is_current_behind_ahead_or_broken() {
    testkit::block_on(async {
        let database = testkit::sqlite().await;
        assert_eq!(database.schema().await.unwrap(), Schema::Current);
        change(&database, "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
            .await;
        assert_eq!(database.schema().await.unwrap(), Schema::Behind(1));
        change(
            &database,
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999999, 'of a newer build', TRUE, x'00', 0)",
        )
        .await;
        assert_eq!(database.schema().await.unwrap(), Schema::Ahead(1));
        change(&database, "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1").await;
        assert_eq!(database.schema().await.unwrap(), Schema::Broken(1));
        change(&database, "DROP TABLE _sqlx_migrations").await;
        assert!(matches!(database.schema().await.unwrap(), Schema::Behind(_)));
    });
}
