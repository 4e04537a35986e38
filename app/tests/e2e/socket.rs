//! The WebSocket in JSON, as an app would hold it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::Request},
};

use crate::{client::text, people::Person};

/// How long a frame may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a server is asked for a socket.
pub(crate) fn request(url: &str, subprotocol: &'static str) -> Request<()> {
    let mut request = url.replacen("http", "ws", 1).into_client_request().unwrap();
    *request.uri_mut() = format!("{}v1/realtime", request.uri()).parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
    request
}

/// A connection to the server at this URL.
pub(crate) async fn dial(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// One connection.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// With a ticket of this person, and welcome.
    pub(crate) async fn of(person: &Person) -> Self {
        Self::try_of(person).await.expect("a welcome")
    }

    /// The same, where the server may be going.
    pub(crate) async fn try_of(person: &Person) -> Option<Self> {
        let ticket = text(&person.tries("CreateRealtimeTicket", &json!({})).await?.ok()?["ticket"]);
        let tcp = TcpStream::connect(person.client.url.strip_prefix("http://")?).await.ok()?;
        let (socket, _) = client_async(request(&person.client.url, "kith.v1.json"), tcp).await.ok()?;
        let mut socket = Self(socket);
        socket.0.send(Message::text(json!({ "hello": { "ticket": ticket } }).to_string())).await.ok()?;
        loop {
            if socket.frame().await.ok()?.get("welcome").is_some() {
                return Some(socket);
            }
        }
    }

    /// The same, over this connection.
    pub(crate) async fn over(tcp: TcpStream, person: &Person) -> Self {
        let mut socket = Self::with(tcp, &person.client.url, &person.ticket().await).await;
        socket.next("welcome").await;
        socket
    }

    /// With this ticket, welcome or not.
    pub(crate) async fn with(tcp: TcpStream, url: &str, ticket: &str) -> Self {
        let (socket, _) = client_async(request(url, "kith.v1.json"), tcp).await.unwrap();
        let mut socket = Self(socket);
        socket.say(&json!({ "hello": { "ticket": ticket } })).await;
        socket
    }

    pub(crate) async fn say(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Listens to a channel from now on; where it stands.
    pub(crate) async fn subscribe(&mut self, channel: &str) -> String {
        text(&self.subscribes(json!({ "channel": channel })).await["position"])
    }

    /// Comes back to a channel; whether all that was missed follows.
    pub(crate) async fn resume(&mut self, channel: &str, position: &str) -> Value {
        self.subscribes(json!({ "channel": channel, "position": position })).await
    }

    async fn subscribes(&mut self, subscribe: Value) -> Value {
        self.say(&json!({ "subscribe": subscribe })).await;
        let subscribed = self.next("subscribed").await;
        assert_eq!(subscribed["channel"], subscribe["channel"]);
        subscribed
    }

    /// The next event of any channel.
    pub(crate) async fn event(&mut self) -> Value {
        let event = self.next("event").await;
        assert!(event["id"].is_string() && event["position"].is_string() && event["at"].is_string(), "{event}");
        event
    }

    /// The next fact of this kind on this channel. Others before it are passed over.
    pub(crate) async fn fact(&mut self, channel: &str, kind: &str) -> Value {
        loop {
            let mut event = self.event().await;
            if event["channel"] == channel && event.get(kind).is_some() {
                return event[kind].take();
            }
        }
    }

    /// What the next frame of this kind says. Others before it are passed over.
    pub(crate) async fn next(&mut self, kind: &str) -> Value {
        loop {
            match self.frame().await {
                Ok(mut frame) if frame.get(kind).is_some() => return frame[kind].take(),
                Ok(_) => {}
                Err(code) => panic!("closed with {code:?} before {kind}"),
            }
        }
    }

    /// The next frame, or how the connection ended: with a code, or without one.
    pub(crate) async fn frame(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let message = timeout(PATIENCE, self.0.next()).await.expect("no frame came in time");
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                None | Some(Err(Error::Io(_) | Error::Protocol(_) | Error::ConnectionClosed)) => return Err(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("{error}"),
            }
        }
    }

    /// Waits for the end; its code.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.frame().await {
                return code;
            }
        }
    }
}
