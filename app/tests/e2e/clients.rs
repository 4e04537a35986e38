//! The support flow by three independent clients: curl, Rust with binary messages, and Node.js with generated code.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use futures_util::{SinkExt as _, StreamExt as _};
use kith_proto::{
    auth::v1::{
        CreateRealtimeTicketRequest, CreateRealtimeTicketResponse, RegisterAnonymousRequest, RegisterAnonymousResponse,
    },
    posts::v1::{CreatePostRequest, CreatePostResponse, GetPostRequest, GetPostResponse, PostKind},
    realtime::v1::{
        ClientFrame, Hello, ServerFrame, Subscribe, client_frame, event_frame::Payload, server_frame::Kind,
    },
    support::v1::{
        CreateResponseRequest, CreateResponseResponse, MarkHelpfulRequest, MarkHelpfulResponse, QuickKind,
        QuickSupportRequest, QuickSupportResponse, create_response_request, response,
    },
};
use kith_testkit::block_on;
use prost::Message;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};

use crate::{
    client::{CallError, Client, error_of, number, path, text, unused_address},
    server::{Installation, TIMEOUT, eventually, utf8},
    user::sos,
    websocket::{dial, request},
};

/// Runs curl and returns the status and the body.
fn curl(arguments: &[&str]) -> (u16, Value) {
    let curl = Command::new("curl").args(["-sS", "--max-time", "20", "-w", "\n%{http_code}"]).args(arguments).output();
    let out = curl.expect("curl is required");
    assert!(out.status.success(), "{}", utf8(&out.stderr));
    let out = utf8(&out.stdout);
    let (body, status) = out.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Calls a method with curl. A call without a token comes from an unused address.
fn call_with_curl(url: &str, method: &str, token: &str, body: &Value) -> Value {
    let (endpoint, body) = (format!("{url}{}", path(method)), body.to_string());
    let header = if token.is_empty() { format!("x-forwarded-for: {}", unused_address()) } else { bearer(token) };
    let (status, response) =
        curl(&["-X", "POST", &endpoint, "-H", "content-type: application/json", "-H", &header, "-d", &body]);
    assert_eq!(status, 200, "{method}: {response}");
    response
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

#[test]
fn curl_completes_the_support_flow_and_reads_by_get() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let url = server.url();
        let register =
            || text(&call_with_curl(&url, "RegisterAnonymous", "", &json!({}))["credentials"]["accessToken"]);
        let (ann, bob) = (register(), register());
        let post = text(&call_with_curl(&url, "CreatePost", &ann, &sos("I need somebody"))["post"]["id"]);
        let response = json!({ "postId": post, "text": "I am here" });
        let response = text(&call_with_curl(&url, "CreateResponse", &bob, &response)["response"]["id"]);
        call_with_curl(&url, "QuickSupport", &bob, &json!({ "postId": post, "kind": "QUICK_KIND_STAY_STRONG" }));
        let helpful = call_with_curl(&url, "MarkHelpful", &ann, &json!({ "responseId": response }));
        assert!(helpful["response"]["helpfulAt"].is_string(), "{helpful}");
        let listed = call_with_curl(&url, "ListResponses", &ann, &json!({ "postId": post }));
        assert_eq!(listed["responses"][0]["text"], "I am here");
        assert_eq!(listed["responses"][1]["quick"], "QUICK_KIND_STAY_STRONG");

        let endpoint = format!("{url}{}", path("GetPost"));
        let query =
            ["connect=v1", "encoding=json", &format!("message={}", json!({ "postId": post }))].map(str::to_owned);
        let read = |token: &str| {
            let header = if token.is_empty() { "x-unused: 1".to_owned() } else { bearer(token) };
            let [version, encoding, message] = &query;
            curl(&[
                "-G",
                &endpoint,
                "-H",
                &header,
                "--data-urlencode",
                version,
                "--data-urlencode",
                encoding,
                "--data-urlencode",
                message,
            ])
        };
        eventually("counts", async || {
            let (status, found) = read(&bob);
            assert_eq!((status, &found["post"]["body"]), (200, &json!("I need somebody")));
            ([&found["post"]["responseCount"], &found["post"]["supportCount"]].map(number) == [1, 1]).then_some(())
        })
        .await;
        assert_eq!(read("").0, 401);
        server.stop().await;
    });
}

/// Calls a method with binary messages.
async fn binary<A: Message + Default>(
    client: &Client,
    method: &str,
    token: &str,
    body: &impl Message,
) -> Result<A, CallError> {
    let call = client.post(path(method)).header("content-type", "application/proto").bearer_auth(token);
    let response = call.body(body.encode_to_vec()).send().await.unwrap();
    if response.status() != 200 {
        return Err(error_of(response).await);
    }
    assert_eq!(response.headers()["content-type"], "application/proto");
    Ok(A::decode(response.bytes().await.unwrap()).unwrap())
}

async fn register(client: &Client) -> (String, String) {
    let call = client.post(path("RegisterAnonymous")).header("content-type", "application/proto");
    let call =
        call.header("x-forwarded-for", unused_address()).body(RegisterAnonymousRequest::default().encode_to_vec());
    let welcome = RegisterAnonymousResponse::decode(call.send().await.unwrap().bytes().await.unwrap()).unwrap();
    (welcome.persona.unwrap().id, welcome.credentials.unwrap().access_token)
}

/// WebSocket that uses the binary subprotocol.
struct BinarySocket(WebSocketStream<TcpStream>);

impl BinarySocket {
    async fn open(client: &Client, token: &str) -> Self {
        let ticket: CreateRealtimeTicketResponse =
            binary(client, "CreateRealtimeTicket", token, &CreateRealtimeTicketRequest {}).await.unwrap();
        let (socket, response) =
            client_async(request(&client.url, "kith.v1.proto"), dial(&client.url).await).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "kith.v1.proto");
        let mut socket = Self(socket);
        socket.send(client_frame::Kind::Hello(Hello { ticket: ticket.ticket })).await;
        assert!(matches!(socket.frame().await, Kind::Welcome(_)));
        socket
    }

    async fn subscribe(&mut self, channel: &str) {
        let subscribe = Subscribe { channel: channel.to_owned(), ..Subscribe::default() };
        self.send(client_frame::Kind::Subscribe(subscribe)).await;
        assert!(matches!(self.frame().await, Kind::Subscribed(it) if it.channel == channel));
    }

    async fn send(&mut self, kind: client_frame::Kind) {
        let frame = ClientFrame { kind: Some(kind) }.encode_to_vec();
        self.0.send(tungstenite::Message::binary(frame)).await.unwrap();
    }

    async fn frame(&mut self) -> Kind {
        let message = timeout(TIMEOUT, self.0.next()).await.expect("timed out waiting for a frame").unwrap().unwrap();
        let tungstenite::Message::Binary(bytes) = message else { panic!("not a binary frame: {message:?}") };
        ServerFrame::decode(bytes).unwrap().kind.expect("frame without kind")
    }

    async fn payload(&mut self) -> Payload {
        let kind = self.frame().await;
        let Kind::Event(event) = kind else { panic!("not an event: {kind:?}") };
        event.payload.expect("event without payload")
    }
}

#[test]
fn a_rust_client_completes_the_support_flow_with_binary_messages() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let ((ann, anns_token), (bob, bobs_token)) = (register(&client).await, register(&client).await);
        let mut bobs_socket = BinarySocket::open(&client, &bobs_token).await;
        bobs_socket.subscribe("feed").await;
        let sos = CreatePostRequest {
            kind: PostKind::Sos.into(),
            urgency: 5,
            body: "I need somebody".to_owned(),
            categories: vec!["alcohol".to_owned()],
            ..CreatePostRequest::default()
        };
        let created: CreatePostResponse = binary(&client, "CreatePost", &anns_token, &sos).await.unwrap();
        let post = created.post.unwrap();
        let Payload::PostCreated(event) = bobs_socket.payload().await else { panic!("not a new post") };
        assert_eq!((&event.id, &event.body, &event.author.unwrap().id), (&post.id, &sos.body, &ann));

        let mut anns_socket = BinarySocket::open(&client, &anns_token).await;
        anns_socket.subscribe(&format!("post:{}", post.id)).await;
        let content = create_response_request::Content::Text("I am here".to_owned());
        let request = CreateResponseRequest {
            post_id: post.id.clone(),
            content: Some(content),
            ..CreateResponseRequest::default()
        };
        let created: CreateResponseResponse = binary(&client, "CreateResponse", &bobs_token, &request).await.unwrap();
        let created = created.response.unwrap();
        let Payload::ResponseCreated(event) = anns_socket.payload().await else { panic!("not a new response") };
        assert_eq!((&event, &event.author.as_ref().unwrap().id), (&created, &bob));
        assert_eq!(event.content, Some(response::Content::Text("I am here".to_owned())));

        let hug = QuickSupportRequest { post_id: post.id.clone(), kind: QuickKind::Hug.into() };
        let hug: QuickSupportResponse = binary(&client, "QuickSupport", &bobs_token, &hug).await.unwrap();
        assert_eq!(hug.response.unwrap().content, Some(response::Content::Quick(QuickKind::Hug.into())));
        let helpful = MarkHelpfulRequest { response_id: created.id };
        let helpful: MarkHelpfulResponse = binary(&client, "MarkHelpful", &anns_token, &helpful).await.unwrap();
        assert!(helpful.response.unwrap().helpful_at.is_some());
        let request = GetPostRequest { post_id: post.id };
        let found: GetPostResponse = binary(&client, "GetPost", &bobs_token, &request).await.unwrap();
        assert_eq!(found.post.unwrap().body, sos.body);

        let not_urgent = CreatePostRequest { urgency: 1, ..sos };
        let error = binary::<CreatePostResponse>(&client, "CreatePost", &anns_token, &not_urgent).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.reason.as_str()), ("invalid_argument", "SOS_URGENCY_TOO_LOW"));
        assert_eq!(error.fields, ["urgency"]);
        server.stop().await;
    });
}

#[test]
fn the_node_client_completes_all_flows_with_generated_code() {
    block_on(async {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/node");
        let prepared = folder.join("node_modules").is_dir() && folder.join("gen").is_dir();
        assert!(prepared, "the Node.js client is not installed: `cargo xtask clients` installs it");
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let mut node = Command::new("node");
        node.arg("flow.mjs").current_dir(folder).env("KITH_URL", server.url()).stdin(Stdio::null());
        let out = node.output().expect("node is required");
        let (lines, errors) = (utf8(&out.stdout), utf8(&out.stderr));
        println!("{lines}");
        assert!(out.status.success(), "{lines}\n{errors}");
        assert!(lines.contains("checks passed"), "{lines}");
        server.stop().await;
    });
}
