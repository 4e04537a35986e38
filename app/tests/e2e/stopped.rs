//! A server that is told to stop lets everybody finish; told twice, it does not.

use std::time::Duration;

use kith_testkit::block_on;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

use crate::{
    client::{Client, path},
    people::{Person, sos},
    server::{Home, soon},
    socket::{Socket, dial},
};

/// A call whose method waits for the body: the server has asked for it.
async fn begun(person: &Person, length: usize) -> TcpStream {
    let mut socket = dial(&person.client.url).await;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\n\r\n",
        path("CreatePost"),
        person.access
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket
}

#[test]
fn told_to_stop_it_answers_the_call_closes_the_socket_and_ends_well() {
    block_on(async {
        let home = Home::new(&[("KITH_HTTP_DRAIN_TIMEOUT", "4s")]);
        let mut server = home.serve().await;
        let person = Person::register(&Client::to(server.url())).await;
        let mut listening = Socket::of(&person).await;
        listening.subscribe("feed").await;
        let body = sos("said while the server went").to_string();
        let mut call = begun(&person, body.len()).await;

        server.terminate();
        assert_eq!(listening.closed().await, Some(4000));
        call.write_all(body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        call.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        let status = server.end().await;
        assert_eq!(status.code(), Some(0), "{}", server.log());

        let server = home.serve().await;
        let person = person.moved(&server.url());
        let back = person.refreshes(&person.refresh).await.unwrap();
        let feed = crate::recount::feed(&person.holding(&back)).await;
        assert_eq!(feed[0]["body"], "said while the server went");
        server.stop().await;
    });
}

#[test]
fn told_twice_it_ends_at_once() {
    block_on(async {
        let home = Home::new(&[("KITH_HTTP_DRAIN_TIMEOUT", "60s"), ("KITH_HTTP_CALL_TIMEOUT", "60s")]);
        let mut server = home.serve().await;
        let person = Person::register(&Client::to(server.url())).await;
        let _call = begun(&person, 100).await;
        server.terminate();
        soon("the first signal", async || server.log().contains("shutdown signal received, draining").then_some(())).await;
        assert!(server.ended().is_none(), "a call is open");
        let begin = Instant::now();
        server.terminate();
        server.end().await;
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        assert!(server.log().contains("second shutdown signal received"), "{}", server.log());
        // What was written is there, and the folder is free.
        let server = home.serve().await;
        person.moved(&server.url()).me().await;
        server.stop().await;
    });
}
