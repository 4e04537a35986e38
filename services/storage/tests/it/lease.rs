//! Contract of the lease.

use std::time::Duration;

use kith_storage::lease::{LEASE_TIMEOUT, Lease, LeaseGuard, NoopLease};
use kith_testkit::{PostgresDatabase, block_on};

const ACQUIRED_WITHIN: Duration = Duration::from_secs(1);

async fn execute(database: &PostgresDatabase, statement: &'static str) {
    sqlx::query(statement).execute(database.reader()).await.unwrap();
}

/// Terminates the session that holds the lease of this schema, as a crash of its node would.
async fn kill_holder(database: &PostgresDatabase) {
    execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND (classid::bigint << 32 | objid::bigint) = hashtextextended(current_schema() || '/outbox', 0)",
    )
    .await;
}

async fn wait_until_lost(guard: &dyn LeaseGuard) {
    while guard.check().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    guard.check().await.unwrap_err();
}

#[test]
fn a_lease_has_one_holder_until_it_is_dropped() {
    block_on(async {
        let (database, other) = (kith_testkit::postgres_database().await, kith_testkit::postgres_database().await);
        let (one, two) = (database.lease("outbox"), database.as_another_node().lease("outbox"));
        let guard = one.acquire().await;
        guard.check().await.unwrap();
        tokio::time::timeout(ACQUIRED_WITHIN, two.acquire()).await.err().expect("acquired a lease that is held");
        tokio::time::timeout(ACQUIRED_WITHIN, database.lease("another").acquire())
            .await
            .expect("leases of different names are independent");
        tokio::time::timeout(ACQUIRED_WITHIN, other.lease("outbox").acquire())
            .await
            .expect("leases of different schemas are independent");
        drop(guard);
        tokio::time::timeout(ACQUIRED_WITHIN, two.acquire())
            .await
            .expect("a dropped lease is free")
            .check()
            .await
            .unwrap();
    });
}

#[test]
fn another_node_acquires_the_lease_within_a_second_after_the_holder_dies() {
    block_on(async {
        let database = kith_testkit::postgres_database().await;
        let (one, two) = (database.lease("outbox"), database.as_another_node().lease("outbox"));
        let first = one.acquire().await;
        let waiting = tokio::spawn(async move { two.acquire().await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        kill_holder(&database).await;
        let second = tokio::time::timeout(ACQUIRED_WITHIN, waiting).await.expect("within a second").unwrap();
        first.check().await.unwrap_err();
        second.check().await.unwrap();
        first.check().await.unwrap_err();
    });
}

#[test]
fn a_holder_without_heartbeat_loses_the_lease_after_the_timeout() {
    let database = block_on(kith_testkit::postgres_database());
    let suspended = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // This runtime sends heartbeats only while it is driven: it simulates a suspended process.
    let guard = suspended.block_on(database.lease("outbox").acquire());
    block_on(async {
        let other = database.as_another_node().lease("outbox");
        tokio::time::timeout(LEASE_TIMEOUT / 2, other.acquire()).await.err().expect("acquired before the timeout");
        let next = tokio::time::timeout(LEASE_TIMEOUT, other.acquire()).await.expect("not released after the timeout");
        tokio::time::sleep(LEASE_TIMEOUT + ACQUIRED_WITHIN).await;
        next.check().await.unwrap();
    });
    suspended.block_on(async { guard.check().await.unwrap_err() });
}

#[test]
fn a_holder_detects_the_loss_of_its_session_and_can_acquire_again() {
    block_on(async {
        let database = kith_testkit::postgres_database().await;
        let lease = database.lease("outbox");
        let guard = lease.acquire().await;
        kill_holder(&database).await;
        wait_until_lost(&*guard).await;
        let again = tokio::time::timeout(2 * ACQUIRED_WITHIN, lease.acquire()).await.expect("not acquired again");
        again.check().await.unwrap();
    });
}

#[test]
fn the_noop_lease_is_always_granted() {
    block_on(async {
        let (one, two) = (NoopLease.acquire().await, NoopLease.acquire().await);
        one.check().await.unwrap();
        two.check().await.unwrap();
    });
}
