//! Minimal WebSocket server with axum: `bare_ws <address>`. The baseline of the gateway: no permissions, no positions,
//! no bounded queues.
//!
//! It uses a small read buffer and writes up to 32 messages at once. Every socket receives the feed; `POST /pub/feed`
//! publishes to it.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use anyhow::{Context as _, Result};
use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes, WebSocket},
    },
    response::Response,
    routing::{get, post},
    serve::ListenerExt as _,
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::broadcast::{Receiver, Sender};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Maximum number of messages written at once.
const BATCH: usize = 32;

#[tokio::main(worker_threads = 1)]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).context("usage: bare_ws <address>")?;
    let feed: Sender<Utf8Bytes> = Sender::new(1024);
    let router = Router::new().route("/", get(upgrade)).route("/pub/feed", post(publish)).with_state(feed);
    let listener = tokio::net::TcpListener::bind(&address).await?;
    println!("ready");
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), router).await?;
    Ok(())
}

async fn publish(State(feed): State<Sender<Utf8Bytes>>, body: String) {
    // Sending fails if there is no subscriber, which is fine.
    let _ = feed.send(body.into());
}

async fn upgrade(State(feed): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.read_buffer_size(2048).on_upgrade(move |socket| async move {
        // An error also ends the connection.
        let _ = serve(socket, feed.subscribe()).await;
    })
}

async fn serve(mut socket: WebSocket, mut feed: Receiver<Utf8Bytes>) -> Result<()> {
    socket.send(Message::text("subscribed")).await?;
    loop {
        tokio::select! {
            next = feed.recv() => {
                socket.feed(Message::Text(next?)).await?;
                for _ in 1..BATCH {
                    let Ok(more) = feed.try_recv() else { break };
                    socket.feed(Message::Text(more)).await?;
                }
                socket.flush().await?;
            }
            frame = socket.next() => {
                let Some(frame) = frame else { return Ok(()) };
                frame?;
            }
        }
    }
}
