//! Postgres and SQLite have the same tables, columns, keys and indexes.

use std::collections::{BTreeMap, BTreeSet};

use kith_testkit::block_on;
use sqlx::FromRow;

/// Prefixes of tables that a cluster stores in MongoDB instead of Postgres.
const IN_MONGO: [&str; 6] = ["check_ins", "post_", "posts", "recovery_profiles", "relapses", "responses"];

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
struct Column {
    name: String,
    kind: String,
    required: bool,
}

/// Columns in order, and the condition of a partial index.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
struct Index {
    columns: String,
    unique: bool,
    condition: String,
}

#[derive(Debug, PartialEq, Eq, Default)]
struct Table {
    columns: BTreeSet<Column>,
    indexes: BTreeSet<Index>,
    references: BTreeSet<(String, String, String)>,
}

type Tables = BTreeMap<String, Table>;

/// Removes the differences in how the databases format a condition.
fn normalized(condition: &str) -> String {
    condition.chars().filter(|letter| !letter.is_whitespace() && !"()\"".contains(*letter)).collect()
}

async fn sqlite_tables() -> Tables {
    let database = kith_testkit::sqlite_database().await;
    let reader = database.reader();
    let names: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(reader)
    .await
    .unwrap();
    let mut tables = Tables::new();
    for (name,) in names {
        let columns = sqlx::query_as(
            "SELECT name, CASE WHEN type = 'TEXT' THEN 'text' WHEN type = 'BLOB' THEN 'bytes' ELSE 'number' END AS kind,
                    \"notnull\" OR pk > 0 AS required
             FROM pragma_table_xinfo($1)",
        );
        let columns: Vec<Column> = columns.bind(&name).fetch_all(reader).await.unwrap();
        let indexes = sqlx::query_as(
            "SELECT (SELECT group_concat(name || CASE WHEN \"desc\" THEN ' desc' ELSE '' END, ', ')
                     FROM (SELECT name, \"desc\" FROM pragma_index_xinfo(list.name) WHERE key ORDER BY seqno)) AS columns,
                    \"unique\", COALESCE(substr(sql, instr(sql, ' WHERE ') + 7) , '') AS condition, partial
             FROM pragma_index_list($1) list LEFT JOIN sqlite_master ON sqlite_master.name = list.name",
        );
        let indexes: Vec<(String, bool, String, bool)> = indexes.bind(&name).fetch_all(reader).await.unwrap();
        let mut table = Table { columns: columns.into_iter().collect(), ..Table::default() };
        for (columns, unique, condition, partial) in indexes {
            let condition = if partial { normalized(&condition) } else { String::new() };
            table.indexes.insert(Index { columns, unique, condition });
        }
        // An integer primary key is the rowid and has no separate index.
        let rowid: Option<(String,)> =
            sqlx::query_as("SELECT name FROM pragma_table_xinfo($1) WHERE pk = 1 AND type = 'INTEGER'")
                .bind(&name)
                .fetch_optional(reader)
                .await
                .unwrap();
        if let Some((columns,)) = rowid {
            table.indexes.insert(Index { columns, unique: true, condition: String::new() });
        }
        let references: Vec<(String, String, String)> =
            sqlx::query_as("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list($1)")
                .bind(&name)
                .fetch_all(reader)
                .await
                .unwrap();
        table.references = references.into_iter().collect();
        tables.insert(name, table);
    }
    tables
}

async fn postgres_tables() -> Tables {
    let database = kith_testkit::postgres_database().await;
    let reader = database.reader();
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text,
                CASE data_type WHEN 'text' THEN 'text' WHEN 'bytea' THEN 'bytes' WHEN 'uuid' THEN 'bytes'
                    WHEN 'bigint' THEN 'number' WHEN 'timestamp with time zone' THEN 'number' ELSE data_type END,
                is_nullable = 'NO'
         FROM information_schema.columns WHERE table_schema = current_schema()",
    )
    .fetch_all(reader)
    .await
    .unwrap();
    let mut tables = Tables::new();
    for (table, name, kind, required) in columns {
        tables.entry(table).or_default().columns.insert(Column { name, kind, required });
    }
    let indexes: Vec<(String, String, bool, String)> = sqlx::query_as(
        "SELECT relation.relname::text,
                (SELECT string_agg(replace(pg_get_indexdef(i.indexrelid, at, TRUE), chr(34), '')
                        || CASE WHEN i.indoption[at - 1] & 1 = 1 THEN ' desc' ELSE '' END, ', ' ORDER BY at)
                 FROM generate_series(1, i.indnkeyatts) AS at),
                indisunique, COALESCE(pg_get_expr(indpred, indrelid, TRUE), '')
         FROM pg_index i JOIN pg_class relation ON relation.oid = indrelid
         WHERE relation.relnamespace = current_schema()::regnamespace",
    )
    .fetch_all(reader)
    .await
    .unwrap();
    for (table, columns, unique, condition) in indexes {
        let index = Index { columns, unique, condition: normalized(&condition) };
        tables.get_mut(&table).unwrap().indexes.insert(index);
    }
    let references: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT conrelid::regclass::text, here.attname::text, confrelid::regclass::text, there.attname::text
         FROM pg_constraint
         JOIN pg_attribute here ON here.attrelid = conrelid AND here.attnum = conkey[1]
         JOIN pg_attribute there ON there.attrelid = confrelid AND there.attnum = confkey[1]
         WHERE contype = 'f' AND connamespace = current_schema()::regnamespace",
    )
    .fetch_all(reader)
    .await
    .unwrap();
    for (table, from, to, column) in references {
        tables.get_mut(&table).unwrap().references.insert((from, to, column));
    }
    tables
}

#[test]
fn the_postgres_schema_equals_the_sqlite_schema() {
    block_on(async {
        let (mut sqlite, mut postgres) = (sqlite_tables().await, postgres_tables().await);
        for tables in [&mut sqlite, &mut postgres] {
            tables.remove("_sqlx_migrations");
        }
        sqlite.retain(|name, _| !IN_MONGO.iter().any(|prefix| name.starts_with(prefix)));
        assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
        for (name, table) in sqlite {
            assert_eq!(table, postgres[&name], "{name}: SQLite on the left, Postgres on the right");
        }
    });
}

#[test]
fn every_unique_key_of_postgres_is_named_by_its_last_column() {
    block_on(async {
        let database = kith_testkit::postgres_database().await;
        let keys: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT relation.relname::text, key.relname::text,
                    replace(pg_get_indexdef(indexrelid, indnkeyatts::int, TRUE), chr(34), '')
             FROM pg_index JOIN pg_class relation ON relation.oid = indrelid JOIN pg_class key ON key.oid = indexrelid
             WHERE indisunique AND relation.relnamespace = current_schema()::regnamespace
                AND relation.relname <> '_sqlx_migrations'",
        )
        .fetch_all(database.reader())
        .await
        .unwrap();
        assert!(keys.len() > 10);
        for (table, key, column) in keys {
            let expected = format!("{table}_{column}");
            assert!(key == expected, "{key} should be {expected}");
        }
    });
}
