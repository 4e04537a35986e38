//! What is promised of a lease.

use std::time::Duration;

use kith_storage::lease::{Alone, Held, Lease, SILENCE};
use kith_testkit::{Postgres, block_on};

const SOON: Duration = Duration::from_secs(1);

async fn execute(database: &Postgres, statement: &'static str) {
    sqlx::query(statement).execute(database.reader()).await.unwrap();
}

/// Ends the session that holds the lease of this schema, as its node's death would.
async fn kill_holder(database: &Postgres) {
    execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended(current_schema() || '/outbox', 0)",
    )
    .await;
}

async fn is_lost(held: &dyn Held) {
    while held.check().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    held.check().await.unwrap_err();
}

#[test]
fn one_at_a_time_holds_it_until_they_let_go() {
    block_on(async {
        let (database, other) = (kith_testkit::postgres().await, kith_testkit::postgres().await);
        let (one, two) = (database.lease("outbox"), database.as_another_node().lease("outbox"));
        let held = one.acquire().await;
        held.check().await.unwrap();
        tokio::time::timeout(SOON, two.acquire()).await.err().expect("it is held");
        tokio::time::timeout(SOON, database.lease("another").acquire()).await.expect("another name is another lease");
        tokio::time::timeout(SOON, other.lease("outbox").acquire()).await.expect("so is another schema");
        drop(held);
        tokio::time::timeout(SOON, two.acquire()).await.expect("it was let go").check().await.unwrap();
    });
}

#[test]
fn when_the_holder_dies_another_has_it_within_a_second_and_the_dead_know() {
    block_on(async {
        let database = kith_testkit::postgres().await;
        let (one, two) = (database.lease("outbox"), database.as_another_node().lease("outbox"));
        let first = one.acquire().await;
        let waiting = tokio::spawn(async move { two.acquire().await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        kill_holder(&database).await;
        let second = tokio::time::timeout(SOON, waiting).await.expect("within a second").unwrap();
        first.check().await.unwrap_err();
        second.check().await.unwrap();
        first.check().await.unwrap_err();
    });
}

#[test]
fn a_holder_is_heard_of_while_it_waits_and_one_that_is_not_loses_it() {
    let database = block_on(kith_testkit::postgres());
    let silent = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Nothing beats on this runtime when nobody runs it: a process that was stopped.
    let held = silent.block_on(database.lease("outbox").acquire());
    block_on(async {
        let other = database.as_another_node().lease("outbox");
        tokio::time::timeout(SILENCE / 2, other.acquire()).await.err().expect("it may be silent that long");
        let next = tokio::time::timeout(SILENCE, other.acquire()).await.expect("and no longer");
        tokio::time::sleep(SILENCE + SOON).await;
        next.check().await.unwrap();
    });
    silent.block_on(async { held.check().await.unwrap_err() });
}

#[test]
fn a_holder_of_a_server_that_went_away_knows_and_waits_for_it() {
    block_on(async {
        let database = kith_testkit::postgres().await;
        let lease = database.lease("outbox");
        let held = lease.acquire().await;
        kill_holder(&database).await;
        is_lost(&*held).await;
        let again = tokio::time::timeout(2 * SOON, lease.acquire()).await.expect("the server is there");
        again.check().await.unwrap();
    });
}

#[test]
fn who_is_alone_holds_it() {
    block_on(async {
        let (one, two) = (Alone.acquire().await, Alone.acquire().await);
        one.check().await.unwrap();
        two.check().await.unwrap();
    });
}
