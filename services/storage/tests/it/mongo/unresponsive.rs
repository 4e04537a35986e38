//! Missing and unresponsive servers: calls fail in time, and the server is used again once it responds.

use std::time::Duration;

use kith_storage::{
    StoreError,
    mongo::{Database, PoolConfig},
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

/// Longest duration of a call, with a margin for busy machines.
const LIMIT: Duration = Duration::from_secs(4);

async fn open(port: u16) -> Database {
    let url = format!("mongodb://127.0.0.1:{port}/kith?directConnection=true");
    Database::open(&url, &PoolConfig::default()).await.unwrap()
}

async fn assert_unavailable(database: &Database) {
    let result = timeout(LIMIT, database.check_health()).await.expect("no result in time");
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    let result = timeout(LIMIT, database.schema_state()).await.expect("no result in time");
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    let result = timeout(LIMIT, database.migrate()).await.expect("no result in time");
    assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
}

#[test]
fn a_missing_server_is_unavailable() {
    block_on(async {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        assert_unavailable(&open(port).await).await;
    });
}

#[test]
fn an_unresponsive_server_times_out_as_unavailable() {
    block_on(async {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert_unavailable(&open(silent.local_addr().unwrap().port()).await).await;
    });
}

/// Forwards bytes while `is_open`. Connections from before a pause stay open without any response.
#[expect(clippy::wildcard_enum_match_arm, reason = "the driver's list of addresses is open")]
async fn forward(mut near: TcpStream, is_open: watch::Receiver<bool>) {
    let server = ClientOptions::parse(kith_testkit::mongo_url()).await.unwrap().hosts.remove(0);
    match server {
        ServerAddress::Unix { path } => copy(&mut near, &mut UnixStream::connect(path).await.unwrap(), is_open).await,
        address @ ServerAddress::Tcp { .. } => {
            copy(&mut near, &mut TcpStream::connect(address.to_string()).await.unwrap(), is_open).await;
        }
        _ => unreachable!("unknown kind of address"),
    }
}

async fn copy<S>(near: &mut TcpStream, far: &mut S, mut is_open: watch::Receiver<bool>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut there, mut back) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = near.read(&mut there) => match read {
                Ok(bytes @ 1..) if *is_open.borrow() => far.write_all(&there[..bytes]).await.unwrap(),
                Ok(1..) => { let _ = is_open.wait_for(|is_open| *is_open).await; return; }
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
fn an_unresponsive_server_is_used_again_once_it_responds() {
    block_on(async {
        let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = proxy.local_addr().unwrap().port();
        let (is_open, receiver) = watch::channel(true);
        tokio::spawn(async move {
            loop {
                let (near, _) = proxy.accept().await.unwrap();
                tokio::spawn(forward(near, receiver.clone()));
            }
        });
        let name = kith_testkit::mongo_database().await.name().to_owned();
        let database = open(port).await.sibling(&name);
        timeout(LIMIT, database.check_health()).await.unwrap().unwrap();
        is_open.send(false).unwrap();
        // More calls than connections: calls that wait for a connection must not take longer.
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let database = database.clone();
                tokio::spawn(async move { timeout(LIMIT, database.check_health()).await })
            })
            .collect();
        for call in calls {
            let result = call.await.unwrap().expect("no result in time");
            assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
        }
        is_open.send(true).unwrap();
        let recovered = async {
            while database.check_health().await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), recovered).await.expect("the server was not used again");
    });
}

#[test]
fn a_closed_database_is_unavailable() {
    block_on(async {
        let database = kith_testkit::mongo_database().await;
        database.check_health().await.unwrap();
        database.close().await;
        assert!(matches!(database.check_health().await, Err(StoreError::Unavailable(_))));
    });
}

#[test]
fn a_document_that_fails_validation_is_an_internal_error() {
    block_on(async {
        let database = kith_testkit::mongo_database().await;
        let posts = database.collection::<Document>("posts");
        let error = StoreError::from(posts.insert_one(doc! { "body": 7 }).await.unwrap_err());
        assert!(matches!(error, StoreError::Internal(_)), "{error:?}");
    });
}
