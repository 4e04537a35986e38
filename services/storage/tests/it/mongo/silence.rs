//! A server that is away, or says nothing, is unavailable in time; and is used again when it is back.

use std::time::Duration;

use kith_storage::{
    StoreError,
    mongo::{Database, Pool},
};
use kith_testkit::block_on;
use mongodb::{
    bson::{Document, doc},
    options::{ClientOptions, ServerAddress},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    time::timeout,
};

/// As long as any call may take, with something for a machine that tests other things too.
const IN_TIME: Duration = Duration::from_secs(4);

async fn at(port: u16) -> Database {
    let url = format!("mongodb://127.0.0.1:{port}/kith?directConnection=true");
    Database::open(&url, &Pool::default()).await.unwrap()
}

async fn assert_unavailable(database: &Database) {
    let answer = timeout(IN_TIME, database.answers()).await.expect("it ends in time");
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    let answer = timeout(IN_TIME, database.schema()).await.expect("it ends in time");
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    let answer = timeout(IN_TIME, database.migrate()).await.expect("it ends in time");
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

#[test]
fn where_nobody_listens_nobody_waits() {
    block_on(async {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        assert_unavailable(&at(port).await).await;
    });
}

#[test]
fn where_somebody_listens_and_never_speaks_nobody_waits_long() {
    block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert_unavailable(&at(silent.local_addr().unwrap().port()).await).await;
    });
}

/// Passes bytes on while it may. The connections of before stay open, and say nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "the driver's list of addresses is open")]
async fn pass(mut near: TcpStream, may: watch::Receiver<bool>) {
    let server = ClientOptions::parse(kith_testkit::mongo_url()).await.unwrap().hosts.remove(0);
    match server {
        ServerAddress::Unix { path } => copy(&mut near, &mut UnixStream::connect(path).await.unwrap(), may).await,
        address @ ServerAddress::Tcp { .. } => {
            copy(&mut near, &mut TcpStream::connect(address.to_string()).await.unwrap(), may).await;
        }
        _ => unreachable!("there are two kinds of address"),
    }
}

async fn copy<S>(near: &mut TcpStream, far: &mut S, mut may: watch::Receiver<bool>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut there, mut back) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = near.read(&mut there) => match read {
                Ok(bytes @ 1..) if *may.borrow() => far.write_all(&there[..bytes]).await.unwrap(),
                Ok(1..) => { let _ = may.wait_for(|may| *may).await; return; }
                Ok(0) | Err(_) => return,
            },
            read = far.read(&mut back) => match read {
                Ok(bytes @ 1..) => if near.write_all(&back[..bytes]).await.is_err() { return },
                Ok(0) | Err(_) => return,
            },
        }
    }
}

#[test]
fn a_server_that_falls_silent_is_unavailable_in_time_and_used_again_when_it_speaks() {
    block_on(async {
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = proxy.local_addr().unwrap().port();
        let (may, watched) = watch::channel(true);
        tokio::spawn(async move {
            loop {
                let (near, _) = proxy.accept().await.unwrap();
                tokio::spawn(pass(near, watched.clone()));
            }
        });
        let name = kith_testkit::mongo().await.name().to_owned();
        let database = at(port).await.named(&name);
        timeout(IN_TIME, database.answers()).await.unwrap().unwrap();
        may.send(false).unwrap();
        // More at once than there are connections: those who wait for one do not wait longer.
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { timeout(IN_TIME, database.answers()).await })
            })
            .collect();
        for call in calls {
            let answer = call.await.unwrap().expect("it ends in time");
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        may.send(true).unwrap();
        let back = async {
            while database.answers().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), back).await.expect("it is used again");
    });
}

#[test]
fn a_database_that_is_closed_is_unavailable() {
    block_on(async {
        let database = kith_testkit::mongo().await;
        database.answers().await.unwrap();
        database.close().await;
        assert!(matches!(database.answers().await, Err(StoreError::Unavailable(_))));
    });
}

#[test]
fn a_write_that_breaks_a_rule_is_no_outage() {
    block_on(async {
        let database = kith_testkit::mongo().await;
        let posts = database.collection::<Document>("posts");
        let refusal = StoreError::from(posts.insert_one(doc! { "body": 7 }).await.unwrap_err());
        assert!(matches!(refusal, StoreError::Internal(_)), "{refusal:?}");
    });
}
