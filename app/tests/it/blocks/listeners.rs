//! WebSocket and feed stream of one user.

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

use super::scenario::Scenario;

/// Channel, kind of the event, and id of its subject.
pub(super) type Frame = (String, String, String);

/// Longest wait for a frame. Long enough for a loaded machine.
const FRAME_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct Listener {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    stream: BodyDataStream,
    /// Received bytes of the stream that are not a whole frame yet.
    bytes: Vec<u8>,
    /// Position of the feed channel when the subscription started.
    pub(super) start_position: String,
}

impl Listener {
    /// Subscribes to the feed, user and circle channels, and starts the feed stream.
    pub(super) async fn connect(scenario: &Scenario, user: usize) -> Self {
        let envelope = [&[0, 0, 0, 0, 2][..], b"{}"].concat();
        let request = Request::post("/kith.posts.v1.PostService/StreamFeed")
            .header("content-type", "application/connect+json")
            .header("authorization", format!("Bearer {}", scenario.users[user].access));
        let request = request.body(Body::from(envelope)).unwrap();
        let stream =
            scenario.app.entrypoints.http.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
        let socket = socket(scenario, user).await;
        let mut listener = Self { socket, stream, bytes: Vec::new(), start_position: String::new() };
        listener.start_position = listener.subscribe("feed").await.unwrap();
        listener.subscribe("user").await.unwrap();
        listener.subscribe(&format!("circle:{}", scenario.circle)).await.unwrap();
        assert!(listener.next_streamed().await.get("started").is_some());
        listener
    }

    /// Subscribes to new events of a channel. Returns the position, or `None` if the channel was not found.
    pub(super) async fn subscribe(&mut self, channel: &str) -> Option<String> {
        self.send(json!({ "subscribe": { "channel": channel } })).await;
        let answer = self.next().await;
        if let Some(subscribed) = answer.get("subscribed") {
            return Some(text(&subscribed["position"]));
        }
        assert_eq!(answer["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND", "{answer}");
        None
    }

    /// Receives exactly these frames. Channels are not ordered relative to each other.
    pub(super) async fn receive_exactly(&mut self, user: usize, mut expected: Vec<Frame>) {
        while let Some(from_socket) = expected.iter().map(|(channel, ..)| channel != "stream").max() {
            let frame = if from_socket { frame(&self.next().await) } else { streamed(&self.next_streamed().await) };
            let found = expected.iter().position(|due| *due == frame);
            expected.swap_remove(found.unwrap_or_else(|| panic!("{user} received {frame:?}, expected {expected:?}")));
        }
    }

    /// Resumes a channel from this position on a new socket. Returns the frames up to the one about `last`.
    pub(super) async fn replay(
        scenario: &Scenario,
        user: usize,
        channel: &str,
        position: &str,
        last: &str,
    ) -> Vec<Frame> {
        let socket = socket(scenario, user).await;
        let stream = Body::empty().into_data_stream();
        let mut listener = Self { socket, stream, bytes: Vec::new(), start_position: String::new() };
        listener.send(json!({ "subscribe": { "channel": channel, "position": position } })).await;
        assert_eq!(listener.next().await["subscribed"]["recovered"], true);
        let mut frames: Vec<Frame> = Vec::new();
        while frames.last().is_none_or(|(_, _, id)| id != last) {
            frames.push(frame(&listener.next().await));
        }
        frames
    }

    async fn send(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = timeout(FRAME_TIMEOUT, self.socket.next()).await.expect("no frame on the socket in time");
            if let Message::Text(text) = message.unwrap().unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    async fn next_streamed(&mut self) -> Value {
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
            let bytes = timeout(FRAME_TIMEOUT, self.stream.next()).await.expect("no frame on the stream in time");
            self.bytes.extend(bytes.expect("the stream ended").unwrap());
        }
    }
}

async fn socket(scenario: &Scenario, user: usize) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let ticket = scenario.call(user, "auth.v1.AuthService/CreateRealtimeTicket", json!({})).await.unwrap();
    let mut request = format!("ws://{}/v1/realtime", scenario.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("kith.v1.json"));
    let (mut socket, _) = connect_async(request).await.unwrap();
    socket.send(Message::text(json!({ "hello": { "ticket": ticket["ticket"] } }).to_string())).await.unwrap();
    let welcome = socket.next().await.unwrap().unwrap();
    assert!(welcome.to_text().unwrap().contains("welcome"));
    socket
}

fn frame(frame: &Value) -> Frame {
    if let Some(unsubscribed) = frame.get("unsubscribed") {
        return (text(&unsubscribed["channel"]), "unsubscribed".to_owned(), String::new());
    }
    let event = frame.get("event").unwrap_or_else(|| panic!("expected an event: {frame}"));
    let kinds = ["postCreated", "postUpdated", "postRemoved", "responseCreated", "responseUpdated", "responseRemoved"];
    let kind = kinds.into_iter().chain(["notice"]).find(|kind| event.get(kind).is_some()).unwrap();
    let id = match kind {
        "postRemoved" => "postId",
        "responseRemoved" | "notice" => "responseId",
        _ => "id",
    };
    (text(&event["channel"]), kind.to_owned(), text(&event[kind][id]))
}

fn streamed(frame: &Value) -> Frame {
    let kinds =
        [("created", "postCreated", "id"), ("updated", "postUpdated", "id"), ("removed", "postRemoved", "postId")];
    let found = kinds.into_iter().find(|(kind, ..)| frame.get(kind).is_some());
    let (kind, event, id) = found.unwrap_or_else(|| panic!("expected a frame of the stream: {frame}"));
    ("stream".to_owned(), event.to_owned(), text(&frame[kind][id]))
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a string: {value}")).to_owned()
}
