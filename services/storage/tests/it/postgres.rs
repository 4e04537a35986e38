//! Postgres: concurrent transactions, unresponsive servers and reconnects.

use std::{sync::Arc, time::Duration};

use kith_kernel::{AccountEvent, Event, EventId, EventPayload, SystemClock};
use kith_storage::{
    Outbox as _, StoreError, StoreResult,
    sql::{Database, PoolConfig, Postgres, SqlOutbox},
};
use kith_testkit::{block_on, event, user};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Operation timeout plus a margin for busy machines.
const LIMIT: Duration = Duration::from_millis(2_800);

fn new_event() -> Event {
    event(EventPayload::Account(AccountEvent::Blocked { blocked: user() }))
}

fn outbox(database: &Database<Postgres>) -> SqlOutbox<Postgres> {
    SqlOutbox::new(database.clone(), Arc::new(SystemClock))
}

async fn pending(outbox: &SqlOutbox<Postgres>) -> Vec<EventId> {
    outbox.pending().await.unwrap().into_iter().map(|event| event.id).collect()
}

/// Asserts that the call fails with `Unavailable` within the limit.
async fn assert_unavailable<T>(call: impl Future<Output = StoreResult<T>>) {
    let result = tokio::time::timeout(LIMIT, call).await.expect("no result in time");
    let Err(error) = result else { panic!("call succeeded") };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[test]
fn events_of_a_slow_transaction_are_not_skipped() {
    block_on(async {
        let database = kith_testkit::postgres_database().await;
        let (outbox, slow, fast) = (outbox(&database), new_event(), new_event());
        let mut slow_tx = database.begin().await.unwrap();
        slow_tx.append_events(std::slice::from_ref(&slow)).await.unwrap();
        let mut fast_tx = database.begin().await.unwrap();
        fast_tx.append_events(std::slice::from_ref(&fast)).await.unwrap();
        fast_tx.commit().await.unwrap();
        assert_eq!(pending(&outbox).await, [fast.id]);
        outbox.mark_sent(&[fast.id], kith_kernel::Timestamp::from_millis(1)).await.unwrap();
        slow_tx.commit().await.unwrap();
        assert_eq!(pending(&outbox).await, [slow.id], "a cursor after `fast` would have skipped it");
        assert_eq!(outbox.retained(None).await.unwrap().len(), 1);
    });
}

#[test]
fn a_violated_key_is_named_by_its_column_and_a_slow_statement_is_unavailable() {
    block_on(async {
        let server = kith_testkit::postgres_database().await;
        let database = Database::<Postgres>::connect(server.url(), &PoolConfig::default()).unwrap();
        let event = new_event();
        let mut tx = database.begin().await.unwrap();
        let error = tx.append_events(&[event.clone(), event]).await.unwrap_err();
        assert!(matches!(&error, StoreError::UniqueViolation(key) if key == "id"), "{error:?}");
        drop(tx);
        assert_unavailable(async {
            sqlx::query("SELECT pg_sleep(10)").execute(database.reader()).await?;
            Ok(())
        })
        .await;
        database.check_health().await.unwrap();
    });
}

#[test]
fn waiting_for_a_lock_times_out_as_unavailable() {
    block_on(async {
        let server = kith_testkit::postgres_database().await;
        let database = Database::<Postgres>::connect(server.url(), &PoolConfig::default()).unwrap();
        let mut first = database.begin().await.unwrap();
        first.lock("namespace", b"1").await.unwrap();
        let mut second = database.begin().await.unwrap();
        second.lock("namespace", b"2").await.unwrap();
        assert_unavailable(second.lock("namespace", b"1")).await;
        drop(second);
        let mut third = database.begin().await.unwrap();
        third.lock("other", b"1").await.unwrap();
        first.commit().await.unwrap();
        third.lock("namespace", b"1").await.unwrap();
    });
}

#[test]
fn an_exhausted_pool_times_out_as_unavailable() {
    block_on(async {
        let server = kith_testkit::postgres_database().await;
        let pool = PoolConfig { max_connections: 1, ..PoolConfig::default() };
        let database = Database::<Postgres>::connect(server.url(), &pool).unwrap();
        let only = database.begin().await.unwrap();
        assert_unavailable(database.begin()).await;
        assert_unavailable(database.check_health()).await;
        drop(only);
        database.check_health().await.unwrap();
    });
}

#[test]
fn a_missing_or_unresponsive_server_times_out_as_unavailable() {
    block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let unresponsive_port = silent.local_addr().unwrap().port();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed_port = closed.local_addr().unwrap().port();
        drop(closed);
        for port in [unresponsive_port, closed_port] {
            let url = format!("postgres://kith@127.0.0.1:{port}/kith");
            let database = Database::<Postgres>::connect(&url, &PoolConfig::default()).unwrap();
            assert_unavailable(database.check_health()).await;
            assert_unavailable(database.begin()).await;
            assert_unavailable(database.schema_state()).await;
            assert_unavailable(database.migrate()).await;
            assert_unavailable(outbox(&database).pending()).await;
        }
        Database::<Postgres>::connect("not an address", &PoolConfig::default()).unwrap_err();
    });
}

/// Proxy that can be blocked: connections stay open and nothing is forwarded.
struct BlockableProxy {
    url: String,
    state: watch::Sender<LinkState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Open,
    Blocked,
    /// Only new connections are forwarded.
    OpenToNew,
}

impl BlockableProxy {
    async fn start(url: &str) -> Self {
        let (head, rest) = url.split_once('@').unwrap();
        let (server, tail) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{head}@{}/{tail}", listener.local_addr().unwrap());
        let (state, seen) = watch::channel(LinkState::Open);
        tokio::spawn(accept(listener, server.to_owned(), seen));
        Self { url, state }
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<LinkState>) {
    while let Ok((near, _)) = listener.accept().await {
        let connected_in = *state.borrow();
        let (near_reads, near_writes) = near.into_split();
        let (far_reads, far_writes) = TcpStream::connect(&server).await.unwrap().into_split();
        tokio::spawn(forward(near_reads, far_writes, connected_in, state.clone()));
        tokio::spawn(forward(far_reads, near_writes, connected_in, state.clone()));
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    connected_in: LinkState,
    mut state: watch::Receiver<LinkState>,
) {
    let mut buffer = vec![0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if state.wait_for(|state| *state == connected_in && connected_in != LinkState::Blocked).await.is_err()
            || to.write_all(&buffer[..count]).await.is_err()
        {
            return;
        }
    }
}

#[test]
fn an_unresponsive_server_is_used_again_once_it_responds() {
    block_on(async {
        for restored in [LinkState::Open, LinkState::OpenToNew] {
            let server = kith_testkit::postgres_database().await;
            let proxy = BlockableProxy::start(server.url()).await;
            // Both connections are in use when the server becomes unresponsive.
            let pool = PoolConfig { max_connections: 2, ..PoolConfig::default() };
            let database = Database::<Postgres>::connect(&proxy.url, &pool).unwrap();
            let outbox = outbox(&database);
            database.check_health().await.unwrap();
            let (mut one, two) = (database.begin().await.unwrap(), database.begin().await.unwrap());
            one.append_events(&[new_event()]).await.unwrap();
            proxy.state.send_replace(LinkState::Blocked);
            assert_unavailable(one.commit()).await;
            assert_unavailable(two.rollback()).await;
            assert_unavailable(outbox.pending()).await;
            for _ in 0..3 {
                assert_unavailable(database.check_health()).await;
            }
            proxy.state.send_replace(restored);
            let event = new_event();
            let written = async {
                let mut tx = database.begin().await.unwrap();
                tx.append_events(std::slice::from_ref(&event)).await.unwrap();
                tx.commit().await.unwrap();
            };
            tokio::time::timeout(Duration::from_secs(1), written).await.expect("database was not used again");
            assert!(pending(&outbox).await.contains(&event.id));
        }
    });
}

#[test]
fn idle_connections_are_replaced_after_a_server_restart() {
    block_on(async {
        let server = kith_testkit::postgres_database().await;
        let database = Database::<Postgres>::connect(server.url(), &PoolConfig::default()).unwrap();
        let mut sessions = Vec::new();
        for _ in 0..3 {
            let mut tx = database.begin().await.unwrap();
            let (session,): (i32,) = sqlx::query_as("SELECT pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
            sessions.push((tx, session));
        }
        let sessions: Vec<i32> = sessions.into_iter().map(|(_, session)| session).collect();
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        for session in sessions {
            let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(session);
            end.execute(server.reader()).await.unwrap();
        }
        database.check_health().await.unwrap();
    });
}
