//! What only a server can do: have two transactions at once, fall silent, and come back.

use std::{sync::Arc, time::Duration};

use kith_kernel::{Event, EventId, Fact, SystemClock};
use kith_storage::{
    Outbox as _, StoreError, StoreResult,
    sql::{Database, Pool, Postgres, SqlOutbox},
};
use kith_testkit::{block_on, happened, user};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// No call takes longer, whatever the server does. A busy machine is given a little more.
const LIMIT: Duration = Duration::from_millis(2_800);

fn something() -> Event {
    happened(Fact::UserBlocked { blocked: user() })
}

fn outbox(database: &Database<Postgres>) -> SqlOutbox<Postgres> {
    SqlOutbox::new(database.clone(), Arc::new(SystemClock))
}

async fn waiting(outbox: &SqlOutbox<Postgres>) -> Vec<EventId> {
    outbox.pending().await.unwrap().into_iter().map(|parcel| parcel.id).collect()
}

/// It is refused as unavailable, in time.
async fn unavailable<T>(call: impl Future<Output = StoreResult<T>>) {
    let answer = tokio::time::timeout(LIMIT, call).await.expect("an answer in time");
    let Err(refusal) = answer else { panic!("there is no server") };
    assert!(matches!(refusal, StoreError::Unavailable(_)), "{refusal:?}");
}

#[test]
fn a_slow_transaction_is_not_passed_over() {
    block_on(async {
        let database = kith_testkit::postgres().await;
        let (outbox, slow, fast) = (outbox(&database), something(), something());
        let mut slow_tx = database.begin().await.unwrap();
        slow_tx.record(std::slice::from_ref(&slow)).await.unwrap();
        let mut fast_tx = database.begin().await.unwrap();
        fast_tx.record(std::slice::from_ref(&fast)).await.unwrap();
        fast_tx.commit().await.unwrap();
        assert_eq!(waiting(&outbox).await, [fast.id]);
        outbox.sent(&[fast.id], kith_kernel::Timestamp::from_millis(1)).await.unwrap();
        slow_tx.commit().await.unwrap();
        assert_eq!(waiting(&outbox).await, [slow.id], "a cursor behind `fast` would have missed it");
        assert_eq!(outbox.kept(None).await.unwrap().len(), 1);
    });
}

#[test]
fn a_broken_key_is_called_after_its_column_and_a_statement_that_takes_too_long_is_unavailable() {
    block_on(async {
        let kept = kith_testkit::postgres().await;
        let database = Database::<Postgres>::connect(kept.url(), &Pool::default()).unwrap();
        let event = something();
        let mut tx = database.begin().await.unwrap();
        let refusal = tx.record(&[event.clone(), event]).await.unwrap_err();
        assert!(matches!(&refusal, StoreError::Taken(key) if key == "id"), "{refusal:?}");
        drop(tx);
        unavailable(async {
            sqlx::query("SELECT pg_sleep(10)").execute(database.reader()).await?;
            Ok(())
        })
        .await;
        database.answers().await.unwrap();
    });
}

#[test]
fn who_waits_for_what_another_holds_is_unavailable_in_time() {
    block_on(async {
        let kept = kith_testkit::postgres().await;
        let database = Database::<Postgres>::connect(kept.url(), &Pool::default()).unwrap();
        let mut first = database.begin().await.unwrap();
        first.hold("a thing", b"1").await.unwrap();
        let mut second = database.begin().await.unwrap();
        second.hold("a thing", b"2").await.unwrap();
        unavailable(second.hold("a thing", b"1")).await;
        drop(second);
        let mut third = database.begin().await.unwrap();
        third.hold("another", b"1").await.unwrap();
        first.commit().await.unwrap();
        third.hold("a thing", b"1").await.unwrap();
    });
}

#[test]
fn when_no_connection_is_left_it_is_unavailable_in_time() {
    block_on(async {
        let kept = kith_testkit::postgres().await;
        let pool = Pool { connections: 1, ..Pool::default() };
        let database = Database::<Postgres>::connect(kept.url(), &pool).unwrap();
        let only = database.begin().await.unwrap();
        unavailable(database.begin()).await;
        unavailable(database.answers()).await;
        drop(only);
        database.answers().await.unwrap();
    });
}

#[test]
fn a_server_that_is_not_there_or_says_nothing_is_unavailable_in_time() {
    block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let said_nothing = silent.local_addr().unwrap().port();
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let not_there = gone.local_addr().unwrap().port();
        drop(gone);
        for port in [said_nothing, not_there] {
            let url = format!("postgres://kith@127.0.0.1:{port}/kith");
            let database = Database::<Postgres>::connect(&url, &Pool::default()).unwrap();
            unavailable(database.answers()).await;
            unavailable(database.begin()).await;
            unavailable(database.schema()).await;
            unavailable(database.migrate()).await;
            unavailable(outbox(&database).pending()).await;
        }
        Database::<Postgres>::connect("not an address", &Pool::default()).unwrap_err();
    });
}

/// Stands before a server, and can be shut: connections stand then, and nothing comes through.
struct Door {
    url: String,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Shut,
    /// What was connected before stays silent for ever.
    OpenToOthers,
}

impl Door {
    async fn before(url: &str) -> Self {
        let (head, rest) = url.split_once('@').unwrap();
        let (server, tail) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{head}@{}/{tail}", listener.local_addr().unwrap());
        let (state, seen) = watch::channel(State::Open);
        tokio::spawn(accept(listener, server.to_owned(), seen));
        Self { url, state }
    }
}

async fn accept(listener: TcpListener, server: String, state: watch::Receiver<State>) {
    while let Ok((near, _)) = listener.accept().await {
        let mine = *state.borrow();
        let (near_reads, near_writes) = near.into_split();
        let (far_reads, far_writes) = TcpStream::connect(&server).await.unwrap().into_split();
        tokio::spawn(carry(near_reads, far_writes, mine, state.clone()));
        tokio::spawn(carry(far_reads, near_writes, mine, state.clone()));
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mine: State, mut state: watch::Receiver<State>) {
    let mut some = vec![0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut some).await {
        if state.wait_for(|state| *state == mine && mine != State::Shut).await.is_err()
            || to.write_all(&some[..count]).await.is_err()
        {
            return;
        }
    }
}

#[test]
fn a_server_that_falls_silent_is_unavailable_in_time_and_serves_again_when_it_speaks() {
    block_on(async {
        for speaks_again in [State::Open, State::OpenToOthers] {
            let kept = kith_testkit::postgres().await;
            let door = Door::before(kept.url()).await;
            // Both are in use when it falls silent.
            let pool = Pool { connections: 2, ..Pool::default() };
            let database = Database::<Postgres>::connect(&door.url, &pool).unwrap();
            let outbox = outbox(&database);
            database.answers().await.unwrap();
            let (mut one, two) = (database.begin().await.unwrap(), database.begin().await.unwrap());
            one.record(&[something()]).await.unwrap();
            door.state.send_replace(State::Shut);
            unavailable(one.commit()).await;
            unavailable(two.rollback()).await;
            unavailable(outbox.pending()).await;
            for _ in 0..3 {
                unavailable(database.answers()).await;
            }
            door.state.send_replace(speaks_again);
            let late = something();
            let written = async {
                let mut tx = database.begin().await.unwrap();
                tx.record(std::slice::from_ref(&late)).await.unwrap();
                tx.commit().await.unwrap();
            };
            tokio::time::timeout(Duration::from_secs(1), written).await.expect("at once");
            assert!(waiting(&outbox).await.contains(&late.id));
        }
    });
}

#[test]
fn a_server_that_was_restarted_serves_those_who_rested() {
    block_on(async {
        let kept = kith_testkit::postgres().await;
        let database = Database::<Postgres>::connect(kept.url(), &Pool::default()).unwrap();
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
            end.execute(kept.reader()).await.unwrap();
        }
        database.answers().await.unwrap();
    });
}
