//! WebSocket client that uses the JSON subprotocol.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::Request},
};

use crate::{client::text, user::TestUser};

/// Maximum time to wait for a frame.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Request that opens a WebSocket.
pub(crate) fn request(url: &str, subprotocol: &'static str) -> Request<()> {
    let mut request = url.replacen("http", "ws", 1).into_client_request().unwrap();
    *request.uri_mut() = format!("{}v1/realtime", request.uri()).parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
    request
}

/// Opens a TCP connection to the server at this URL.
pub(crate) async fn dial(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// One WebSocket connection.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects with a ticket of this user and waits for the welcome frame.
    pub(crate) async fn connect(user: &TestUser) -> Self {
        Self::try_connect(user).await.expect("a welcome")
    }

    /// Connects and waits for the welcome frame. Returns `None` if the server is unreachable or shutting down.
    pub(crate) async fn try_connect(user: &TestUser) -> Option<Self> {
        let ticket = text(&user.try_call("CreateRealtimeTicket", &json!({})).await?.ok()?["ticket"]);
        let tcp = TcpStream::connect(user.client.url.strip_prefix("http://")?).await.ok()?;
        let (socket, _) = client_async(request(&user.client.url, "kith.v1.json"), tcp).await.ok()?;
        let mut socket = Self(socket);
        socket.0.send(Message::text(json!({ "hello": { "ticket": ticket } }).to_string())).await.ok()?;
        loop {
            if socket.frame().await.ok()?.get("welcome").is_some() {
                return Some(socket);
            }
        }
    }

    /// Connects over an existing TCP connection and waits for the welcome frame.
    pub(crate) async fn connect_over(tcp: TcpStream, user: &TestUser) -> Self {
        let mut socket = Self::connect_with_ticket(tcp, &user.client.url, &user.realtime_ticket().await).await;
        socket.next("welcome").await;
        socket
    }

    /// Sends a hello frame with this ticket and does not wait for the response.
    pub(crate) async fn connect_with_ticket(tcp: TcpStream, url: &str, ticket: &str) -> Self {
        let (socket, _) = client_async(request(url, "kith.v1.json"), tcp).await.unwrap();
        let mut socket = Self(socket);
        socket.send(&json!({ "hello": { "ticket": ticket } })).await;
        socket
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Subscribes to a channel and returns its current position.
    pub(crate) async fn subscribe(&mut self, channel: &str) -> String {
        text(&self.subscribe_with(json!({ "channel": channel })).await["position"])
    }

    /// Resumes a channel from a position. In the returned frame, `recovered` is true if the missed events follow.
    pub(crate) async fn resume(&mut self, channel: &str, position: &str) -> Value {
        self.subscribe_with(json!({ "channel": channel, "position": position })).await
    }

    async fn subscribe_with(&mut self, subscribe: Value) -> Value {
        self.send(&json!({ "subscribe": subscribe })).await;
        let subscribed = self.next("subscribed").await;
        assert_eq!(subscribed["channel"], subscribe["channel"]);
        subscribed
    }

    /// Waits for the next event of any channel.
    pub(crate) async fn event(&mut self) -> Value {
        let event = self.next("event").await;
        assert!(event["id"].is_string() && event["position"].is_string() && event["at"].is_string(), "{event}");
        event
    }

    /// Waits for the next event of a kind on a channel and returns its payload. Skips other frames.
    pub(crate) async fn payload(&mut self, channel: &str, kind: &str) -> Value {
        loop {
            let mut event = self.event().await;
            if event["channel"] == channel && event.get(kind).is_some() {
                return event[kind].take();
            }
        }
    }

    /// Waits for the next frame of a kind. Skips other frames.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            match self.frame().await {
                Ok(mut frame) if frame.get(kind).is_some() => return frame[kind].take(),
                Ok(_) => {}
                Err(code) => panic!("closed with {code:?} before {kind}"),
            }
        }
    }

    /// Waits for the next frame. If the connection ended, the error is its close code, if it has one.
    pub(crate) async fn frame(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let message = timeout(TIMEOUT, self.0.next()).await.expect("timed out waiting for a frame");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                None | Some(Err(Error::Io(_) | Error::Protocol(_) | Error::ConnectionClosed)) => return Err(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }

    /// Waits for the end of the connection and returns its close code.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.frame().await {
                return code;
            }
        }
    }
}
