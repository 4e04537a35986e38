//! The socket of one person, and their stream of the feed.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::Request,
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};
use tower::ServiceExt as _;

use super::town::Town;

/// What was told: on which channel, what, and about which thing.
pub(super) type Frame = (String, String, String);

/// Long enough for a busy machine; what does not come in this time does not come.
const SOON: Duration = Duration::from_secs(20);

pub(super) struct Ears {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    stream: BodyDataStream,
    /// Of the stream, and not yet a whole frame.
    bytes: Vec<u8>,
    /// Where the feed was when they began to listen.
    pub(super) began: String,
}

impl Ears {
    /// Listens to the feed, to what is their own, and to the stream of the feed.
    pub(super) async fn open(town: &Town, who: usize) -> Self {
        let envelope = [&[0, 0, 0, 0, 2][..], b"{}"].concat();
        let request = Request::post("/kith.posts.v1.PostService/StreamFeed")
            .header("content-type", "application/connect+json")
            .header("authorization", format!("Bearer {}", town.people[who].access));
        let request = request.body(Body::from(envelope)).unwrap();
        let stream = town.app.entrypoints.http.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
        let socket = socket(town, who).await;
        let mut ears = Self { socket, stream, bytes: Vec::new(), began: String::new() };
        ears.began = ears.subscribe("feed").await.unwrap();
        ears.subscribe("user").await.unwrap();
        ears.subscribe(&format!("circle:{}", town.circle)).await.unwrap();
        assert!(ears.streamed().await.get("started").is_some());
        ears
    }

    /// Subscribes from now on; the position where that is, if they may.
    pub(super) async fn subscribe(&mut self, channel: &str) -> Option<String> {
        self.say(json!({ "subscribe": { "channel": channel } })).await;
        let answer = self.next().await;
        if let Some(subscribed) = answer.get("subscribed") {
            return Some(text(&subscribed["position"]));
        }
        assert_eq!(answer["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND", "{answer}");
        None
    }

    /// Hears these frames, in whatever order the channels come, and no other.
    pub(super) async fn hear(&mut self, who: usize, mut told: Vec<Frame>) {
        while let Some(next) = told.iter().map(|(channel, ..)| channel != "stream").max() {
            let frame = if next { frame(&self.next().await) } else { streamed(&self.streamed().await) };
            let found = told.iter().position(|due| *due == frame);
            told.swap_remove(found.unwrap_or_else(|| panic!("{who} hears {frame:?}, and not {told:?}")));
        }
    }

    /// What somebody who comes back hears on a channel from this position to the frame about the `last` thing.
    pub(super) async fn replay(town: &Town, who: usize, channel: &str, position: &str, last: &str) -> Vec<Frame> {
        let socket = socket(town, who).await;
        let stream = Body::empty().into_data_stream();
        let mut ears = Self { socket, stream, bytes: Vec::new(), began: String::new() };
        ears.say(json!({ "subscribe": { "channel": channel, "position": position } })).await;
        assert_eq!(ears.next().await["subscribed"]["recovered"], true);
        let mut heard: Vec<Frame> = Vec::new();
        while heard.last().is_none_or(|(_, _, id)| id != last) {
            heard.push(frame(&ears.next().await));
        }
        heard
    }

    async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = timeout(SOON, self.socket.next()).await.expect("something is told in time");
            if let Message::Text(text) = message.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    async fn streamed(&mut self) -> Value {
        loop {
            if let Some((head, rest)) = self.bytes.split_first_chunk::<5>() {
                let [_, length @ ..] = *head;
                let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
                if rest.len() >= length {
                    let message = serde_json::from_slice(&rest[..length]).unwrap();
                    self.bytes.drain(..5 + length);
                    return message;
                }
            }
            let more = timeout(SOON, self.stream.next()).await.expect("something is streamed in time");
            self.bytes.extend(more.expect("the stream goes on").unwrap());
        }
    }
}

async fn socket(town: &Town, who: usize) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let ticket = town.call(who, "auth.v1.AuthService/CreateRealtimeTicket", json!({})).await.unwrap();
    let mut request = format!("ws://{}/v1/realtime", town.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("kith.v1.json"));
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.send(Message::text(json!({ "hello": { "ticket": ticket["ticket"] } }).to_string())).await.unwrap();
    let welcome = socket.next().await.unwrap().unwrap();
    assert!(welcome.to_text().unwrap().contains("welcome"));
    socket
}

fn frame(frame: &Value) -> Frame {
    if let Some(gone) = frame.get("unsubscribed") {
        return (text(&gone["channel"]), "unsubscribed".to_owned(), String::new());
    }
    let event = frame.get("event").unwrap_or_else(|| panic!("an event, not {frame}"));
    let told = ["postCreated", "postUpdated", "postRemoved", "responseCreated", "responseUpdated", "responseRemoved"];
    let what = told.into_iter().chain(["notice"]).find(|what| event.get(what).is_some()).unwrap();
    let id = match what {
        "postRemoved" => "postId",
        "responseRemoved" | "notice" => "responseId",
        _ => "id",
    };
    (text(&event["channel"]), what.to_owned(), text(&event[what][id]))
}

fn streamed(frame: &Value) -> Frame {
    let kinds =
        [("created", "postCreated", "id"), ("updated", "postUpdated", "id"), ("removed", "postRemoved", "postId")];
    let told = kinds.into_iter().find(|(kind, ..)| frame.get(kind).is_some());
    let (kind, what, id) = told.unwrap_or_else(|| panic!("a frame of the stream, not {frame}"));
    ("stream".to_owned(), what.to_owned(), text(&frame[kind][id]))
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}
