//! A proxy breaks the network as it says, and mends it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where a step does")]

use std::{io, time::Duration};

use testkit::{Proxy, block_on};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};

/// Long enough for what happens at once, on a busy machine.
const SOON: Duration = Duration::from_secs(10);
/// Long enough to see that nothing happens.
const NEVER: Duration = Duration::from_millis(200);

/// A server that says what it hears.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = socket.split();
                // Whoever is reset is gone.
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.shutdown().await;
            });
        }
    });
    address.to_string()
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Says this, and hears it.
async fn said(socket: &mut TcpStream, text: &[u8]) -> io::Result<Vec<u8>> {
    let mut heard = vec![0; text.len()];
    socket.write_all(text).await?;
    timeout(SOON, socket.read_exact(&mut heard)).await.expect("it is answered in time")?;
    Ok(heard)
}

async fn is_reset(socket: &mut TcpStream) {
    let error = timeout(SOON, socket.read(&mut [0; 8])).await.expect("it ends in time").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

/// Whoever comes now is reset, as soon as he connects or right after it.
async fn is_sent_away(proxy: &Proxy) {
    match TcpStream::connect(proxy.address()).await {
        Ok(mut socket) => is_reset(&mut socket).await,
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
}

async fn hears_nothing(socket: &mut TcpStream) {
    assert!(timeout(NEVER, socket.read(&mut [0; 8])).await.is_err(), "nothing arrives, not even an end");
}

#[test]
fn in_fair_weather_everything_arrives_in_order_and_so_does_the_end() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let mut socket = connect(&proxy).await;
        let much: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
        assert_eq!(said(&mut socket, &much).await.unwrap(), much);
        socket.shutdown().await.unwrap();
        assert_eq!(timeout(SOON, socket.read(&mut [0; 8])).await.unwrap().unwrap(), 0);
    });
}

#[test]
fn a_cut_resets_those_who_are_there_and_those_who_come_until_it_heals() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let (mut one, mut other) = (connect(&proxy).await, connect(&proxy).await);
        said(&mut one, b"one").await.unwrap();
        said(&mut other, b"other").await.unwrap();
        proxy.cut();
        is_reset(&mut one).await;
        is_reset(&mut other).await;
        is_sent_away(&proxy).await;
        proxy.heal();
        assert_eq!(said(&mut connect(&proxy).await, b"again").await.unwrap(), b"again");
    });
}

#[test]
fn a_reset_takes_whoever_is_there_and_nobody_who_comes() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let mut here = connect(&proxy).await;
        said(&mut here, b"here").await.unwrap();
        proxy.reset();
        is_reset(&mut here).await;
        assert_eq!(said(&mut connect(&proxy).await, b"next").await.unwrap(), b"next");
    });
}

#[test]
fn in_a_stall_nobody_hears_anything_and_nobody_is_told() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let (mut silent, mut here) = (connect(&proxy).await, connect(&proxy).await);
        said(&mut silent, b"silent").await.unwrap();
        said(&mut here, b"here").await.unwrap();
        proxy.stall();
        here.write_all(b"lost").await.unwrap();
        hears_nothing(&mut here).await;
        let mut new = connect(&proxy).await;
        new.write_all(b"new").await.unwrap();
        hears_nothing(&mut new).await;
        proxy.heal();
        // A stream in which something is missing ends; one in which nothing is goes on.
        is_reset(&mut here).await;
        assert_eq!(said(&mut silent, b"still").await.unwrap(), b"still");
        let mut heard = [0; 3];
        timeout(SOON, new.read_exact(&mut heard)).await.unwrap().unwrap();
        assert_eq!(&heard, b"new");
    });
}

#[test]
fn what_is_stalled_can_be_cut() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let mut here = connect(&proxy).await;
        said(&mut here, b"here").await.unwrap();
        proxy.stall();
        let mut new = connect(&proxy).await;
        here.write_all(b"lost").await.unwrap();
        hears_nothing(&mut here).await;
        proxy.cut();
        is_reset(&mut here).await;
        is_reset(&mut new).await;
    });
}

#[test]
fn a_delay_holds_each_way_until_it_heals() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let mut socket = connect(&proxy).await;
        said(&mut socket, b"before").await.unwrap();
        proxy.delay(NEVER);
        let begun = Instant::now();
        said(&mut socket, b"late").await.unwrap();
        assert!(begun.elapsed() >= NEVER * 2, "there and back took {:?}", begun.elapsed());
        proxy.heal();
        let begun = Instant::now();
        said(&mut socket, b"after").await.unwrap();
        assert!(begun.elapsed() < NEVER, "there and back took {:?}", begun.elapsed());
    });
}

#[test]
fn where_no_server_is_everybody_is_reset() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        let proxy = Proxy::before(nobody.to_string()).await;
        is_sent_away(&proxy).await;
    });
}

#[test]
fn with_the_proxy_everything_ends() {
    block_on(async {
        let proxy = Proxy::before(echo().await).await;
        let address = proxy.address();
        let mut here = connect(&proxy).await;
        said(&mut here, b"here").await.unwrap();
        drop(proxy);
        is_reset(&mut here).await;
        // The door is closed by another task.
        let closed = async { while TcpStream::connect(address).await.is_ok() {} };
        timeout(SOON, closed).await.expect("nobody listens any more");
    });
}
