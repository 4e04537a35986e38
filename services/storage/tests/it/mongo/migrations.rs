//! Migrations: in order, once, by one node at a time, and never by surprise.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use kith_storage::{
    StoreError,
    mongo::{Database, Migrations},
    sql::Schema,
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
    Migrations::read(&[FIRST]).unwrap()
}

fn both() -> Migrations {
    Migrations::read(&[FIRST, SECOND]).unwrap()
}

async fn takes(database: &Database, n: i32) -> bool {
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
fn a_new_database_is_brought_up_to_this_build_and_says_so() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        assert_eq!(database.schema().await.unwrap(), Schema::Behind(7));
        database.migrate().await.unwrap();
        database.migrate().await.unwrap();
        assert_eq!(database.schema().await.unwrap(), Schema::Current);
        let steps = database.steps().await.unwrap();
        let names: Vec<_> = steps.iter().map(|step| (step.version, step.name.as_str())).collect();
        assert_eq!(
            names,
            [
                (1, "events"),
                (5, "posts"),
                (6, "support"),
                (8, "audit"),
                (11, "contents"),
                (12, "progress"),
                (17, "inside"),
            ]
        );
        assert!(steps.iter().all(|step| step.applied_at.is_some()));
        database.answers().await.unwrap();
    });
}

#[test]
fn many_nodes_that_start_at_once_migrate_once() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        let nodes: Vec<_> = (0..4)
            .map(|_| {
                let database = (*database).clone();
                tokio::spawn(async move { database.migrate().await })
            })
            .collect();
        for node in nodes {
            node.await.unwrap().unwrap();
        }
        assert_eq!(database.schema().await.unwrap(), Schema::Current);
    });
}

#[test]
fn what_follows_changes_rules_and_indexes_and_what_is_kept_stays() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        first().run(&database).await.unwrap();
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Behind(1));
        assert!(takes(&database, -1).await && !takes(&database, -1).await);
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_n"]);
        both().run(&database).await.unwrap();
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_m"]);
        assert!(!takes(&database, -2).await, "the new rule holds");
        assert!(takes(&database, 2).await && takes(&database, 2).await, "the old key is gone");
        assert_eq!(database.collection::<Document>("things").count_documents(doc! {}).await.unwrap(), 3);
        assert_eq!(collections(&database).await, ["leases", "migrations", "others", "things"]);
    });
}

#[test]
fn what_is_taken_back_leaves_what_was_before() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        both().run(&database).await.unwrap();
        assert!(takes(&database, 1).await);
        assert_eq!(both().down(&database).await.unwrap().unwrap().version, 2);
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Behind(1));
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_n"]);
        assert!(!takes(&database, 1).await && takes(&database, -1).await);
        assert_eq!(both().down(&database).await.unwrap().unwrap().version, 1);
        assert_eq!(collections(&database).await, ["leases", "migrations"]);
        assert_eq!(both().down(&database).await.unwrap(), None);
        both().run(&database).await.unwrap();
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Current);
    });
}

#[test]
fn a_schema_of_another_build_is_seen_and_left_alone() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        both().run(&database).await.unwrap();
        assert_eq!(first().schema(&database).await.unwrap(), Schema::Ahead(1));
        let of_another = FIRST.1.replace("int", "long");
        let changed = Migrations::read(&[("0001_things", &of_another), SECOND]).unwrap();
        assert_eq!(changed.schema(&database).await.unwrap(), Schema::Broken(1));
        for build in [first(), changed] {
            assert!(matches!(build.run(&database).await.unwrap_err(), StoreError::Internal(_)));
            assert!(matches!(build.down(&database).await.unwrap_err(), StoreError::Internal(_)));
        }
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Current);
    });
}

#[test]
fn what_a_node_left_half_done_is_broken_until_it_is_done() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        both().run(&database).await.unwrap();
        let records = database.collection::<Document>("migrations");
        records.update_one(doc! { "_id": 2_i64 }, doc! { "$set": { "applied_at": null } }).await.unwrap();
        database.collection::<Document>("things").drop_index("things_m").await.unwrap();
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Broken(2));
        both().run(&database).await.unwrap();
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Current);
        assert_eq!(indexes(&database, "things").await, ["_id_", "things_m"]);
    });
}

#[test]
fn the_lease_of_a_node_that_died_lapses_and_that_of_a_living_one_is_waited_for() {
    block_on(async {
        let database = kith_testkit::empty_mongo().await;
        let leases = database.collection::<Document>("leases");
        let until = |millis| DateTime::now().saturating_add_millis(millis);
        let lease = doc! { "_id": "migrations", "owner": "another", "until": until(60_000) };
        leases.insert_one(lease).await.unwrap();
        let (migrations, waiting) = (both(), Duration::from_millis(700));
        let patience = tokio::time::timeout(waiting, migrations.run(&database)).await;
        assert!(patience.is_err(), "it waits");
        assert_eq!(both().schema(&database).await.unwrap(), Schema::Behind(2));
        let lapsed = doc! { "$set": { "until": until(-1) } };
        leases.update_one(doc! {}, lapsed).await.unwrap();
        both().run(&database).await.unwrap();
        let left: Vec<Document> = leases.find(doc! {}).await.unwrap().try_collect().await.unwrap();
        assert_eq!(left[0].get_datetime("until").unwrap().timestamp_millis(), 0, "it is given back");
    });
}
