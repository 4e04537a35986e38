//! Migrations run in order, once, and on one node at a time.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use kith_storage::{
    SchemaState, StoreError,
    mongo::{Database, Migrations},
};
use kith_testkit::block_on;
use mongodb::bson::{DateTime, Document, doc};

const FIRST: (&str, &str) = (
    "0001_things",
    r#"{ "things": {
        "validator": { "n": { "$type": "int" } },
        "indexes": [{ "name": "things_n", "key": { "n": 1 }, "unique": true }]
    } }"#,
);
const SECOND: (&str, &str) = (
    "0002_more",
    r#"{
        "things": {
            "validator": { "n": { "$gte": 0 } },
            "indexes": [{ "name": "things_m", "key": { "m": 1 } }],
            "drops": ["things_n"]
        },
        "others": { "indexes": [{ "name": "others_at", "key": { "at": 1 }, "expireAfterSeconds": 60 }] }
    }"#,
);

fn first() -> Migrations {
    Migrations::parse(&[FIRST]).unwrap()
}

fn both() -> Migrations {
    Migrations::parse(&[FIRST, SECOND]).unwrap()
}

async fn accepts(database: &Database, n: i32) -> bool {
    database.collection::<Document>("things").insert_one(doc! { "n": n }).await.is_ok()
}

async fn indexes(database: &Database, collection: &str) -> Vec<String> {
    let mut names = database.collection::<Document>(collection).list_index_names().await.unwrap();
    names.sort();
    names
}

async fn collections(database: &Database) -> Vec<String> {
    let mut names = database.raw().list_collection_names().await.unwrap();
    names.sort();
    names
}

#[test]
fn a_new_database_is_migrated_to_the_current_state() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        assert_eq!(database.schema_state().await.unwrap(), SchemaState::Outdated(5));
        database.migrate().await.unwrap();
        database.migrate().await.unwrap();
        assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);
        let statuses = database.migration_statuses().await.unwrap();
        let names: Vec<_> = statuses.iter().map(|status| (status.version, status.name.as_str())).collect();
        assert_eq!(names, [(1, "events"), (5, "posts"), (6, "support"), (9, "admin"), (11, "progress")]);
        assert!(statuses.iter().all(|status| status.applied_at.is_some()));
        database.check_health().await.unwrap();
    });
}

#[test]
fn nodes_that_start_concurrently_migrate_once() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        let nodes: Vec<_> = (0..4)
            .map(|_| {
                let database = (*database).clone();
                tokio::spawn(async move { database.migrate().await })
            })
            .collect();
        for node in nodes {
            node.await.unwrap().unwrap();
        }
        assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);
    });
}

#[test]
fn a_migration_changes_validators_and_indexes_and_keeps_documents() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        first().run(&database).await.unwrap();
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Outdated(1));
        assert!(accepts(&database, -1).await && !accepts(&database, -1).await);
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_n"]);
        both().run(&database).await.unwrap();
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_m"]);
        assert!(!accepts(&database, -2).await, "the new validator applies");
        assert!(accepts(&database, 2).await && accepts(&database, 2).await, "the unique index is dropped");
        assert_eq!(database.collection::<Document>("things").count_documents(doc! {}).await.unwrap(), 3);
        assert_eq!(collections(&database).await, ["leases", "migrations", "others", "things"]);
    });
}

#[test]
fn a_reverted_migration_restores_the_previous_schema() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        both().run(&database).await.unwrap();
        assert!(accepts(&database, 1).await);
        assert_eq!(both().revert_last_migration(&database).await.unwrap().unwrap().version, 2);
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Outdated(1));
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_n"]);
        assert!(!accepts(&database, 1).await && accepts(&database, -1).await);
        assert_eq!(both().revert_last_migration(&database).await.unwrap().unwrap().version, 1);
        assert_eq!(collections(&database).await, ["leases", "migrations"]);
        assert_eq!(both().revert_last_migration(&database).await.unwrap(), None);
        both().run(&database).await.unwrap();
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Current);
    });
}

#[test]
fn the_schema_of_another_build_is_detected_and_not_changed() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        both().run(&database).await.unwrap();
        assert_eq!(first().schema_state(&database).await.unwrap(), SchemaState::Newer(1));
        let other_text = FIRST.1.replace("int", "long");
        let changed = Migrations::parse(&[("0001_things", &other_text), SECOND]).unwrap();
        assert_eq!(changed.schema_state(&database).await.unwrap(), SchemaState::Dirty(1));
        for build in [first(), changed] {
            assert!(matches!(build.run(&database).await.unwrap_err(), StoreError::Internal(_)));
            assert!(matches!(build.revert_last_migration(&database).await.unwrap_err(), StoreError::Internal(_)));
        }
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Current);
    });
}

#[test]
fn an_interrupted_migration_is_dirty_until_it_is_applied_again() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        both().run(&database).await.unwrap();
        let records = database.collection::<Document>("migrations");
        records.update_one(doc! { "_id": 2_i64 }, doc! { "$set": { "applied_at": null } }).await.unwrap();
        database.collection::<Document>("things").drop_index("things_m").await.unwrap();
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Dirty(2));
        both().run(&database).await.unwrap();
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Current);
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_m"]);
    });
}

#[test]
fn migrations_wait_for_a_held_lock_and_take_over_an_expired_one() {
    block_on(async {
        let database = kith_testkit::empty_mongo_database().await;
        let leases = database.collection::<Document>("leases");
        let until = |millis| DateTime::now().saturating_add_millis(millis);
        let lease = doc! { "_id": "migrations", "owner": "another", "until": until(60_000) };
        leases.insert_one(lease).await.unwrap();
        let (migrations, waiting) = (both(), Duration::from_millis(700));
        let result = tokio::time::timeout(waiting, migrations.run(&database)).await;
        assert!(result.is_err(), "did not wait for the lock");
        assert_eq!(both().schema_state(&database).await.unwrap(), SchemaState::Outdated(2));
        let expired = doc! { "$set": { "until": until(-1) } };
        leases.update_one(doc! {}, expired).await.unwrap();
        both().run(&database).await.unwrap();
        let locks: Vec<Document> = leases.find(doc! {}).await.unwrap().try_collect().await.unwrap();
        assert_eq!(locks[0].get_datetime("until").unwrap().timestamp_millis(), 0, "the lock is not released");
    });
}
