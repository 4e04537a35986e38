//! The same flow by three clients that have nothing in common: curl, Rust in binary, and Node.js with generated code.

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
    realtime::v1::{ClientFrame, Hello, ServerFrame, Subscribe, client_frame, event_frame::Payload, server_frame::Kind},
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
    client::{Client, Refused, elsewhere, number, path, refused, text},
    people::sos,
    server::{Home, PATIENCE, said, soon},
    socket::{dial, request},
};

/// What curl says to these arguments: the status, and the body.
fn curl(arguments: &[&str]) -> (u16, Value) {
    let curl = Command::new("curl").args(["-sS", "--max-time", "20", "-w", "\n%{http_code}"]).args(arguments).output();
    let out = curl.expect("curl is there");
    assert!(out.status.success(), "{}", said(&out.stderr));
    let out = said(&out.stdout);
    let (body, status) = out.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
}

/// A call by curl; without a token, from an address of its own.
fn curls(url: &str, method: &str, token: &str, body: &Value) -> Value {
    let (place, body) = (format!("{url}{}", path(method)), body.to_string());
    let who = if token.is_empty() { format!("x-forwarded-for: {}", elsewhere()) } else { bearer(token) };
    let (status, answer) =
        curl(&["-X", "POST", &place, "-H", "content-type: application/json", "-H", &who, "-d", &body]);
    assert_eq!(status, 200, "{method}: {answer}");
    answer
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}

#[test]
fn curl_asks_answers_and_reads_by_get() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let url = server.url();
        let register = || text(&curls(&url, "RegisterAnonymous", "", &json!({}))["credentials"]["accessToken"]);
        let (ann, bob) = (register(), register());
        let post = text(&curls(&url, "CreatePost", &ann, &sos("I need somebody"))["post"]["id"]);
        let answer = json!({ "postId": post, "text": "I am here" });
        let answer = text(&curls(&url, "CreateResponse", &bob, &answer)["response"]["id"]);
        curls(&url, "QuickSupport", &bob, &json!({ "postId": post, "kind": "QUICK_KIND_STAY_STRONG" }));
        let helpful = curls(&url, "MarkHelpful", &ann, &json!({ "responseId": answer }));
        assert!(helpful["response"]["helpfulAt"].is_string(), "{helpful}");
        let listed = curls(&url, "ListResponses", &ann, &json!({ "postId": post }));
        assert_eq!(listed["responses"][0]["text"], "I am here");
        assert_eq!(listed["responses"][1]["quick"], "QUICK_KIND_STAY_STRONG");

        let place = format!("{url}{}", path("GetPost"));
        let query =
            ["connect=v1", "encoding=json", &format!("message={}", json!({ "postId": post }))].map(str::to_owned);
        let read = |token: &str| {
            let who = if token.is_empty() { "x-nobody: 1".to_owned() } else { bearer(token) };
            let [version, encoding, message] = &query;
            curl(&[
                "-G",
                &place,
                "-H",
                &who,
                "--data-urlencode",
                version,
                "--data-urlencode",
                encoding,
                "--data-urlencode",
                message,
            ])
        };
        soon("counts", async || {
            let (status, found) = read(&bob);
            assert_eq!((status, &found["post"]["body"]), (200, &json!("I need somebody")));
            ([&found["post"]["responseCount"], &found["post"]["supportCount"]].map(number) == [1, 1]).then_some(())
        })
        .await;
        assert_eq!(read("").0, 401);
        server.stop().await;
    });
}

/// A call in binary.
async fn binary<A: Message + Default>(
    client: &Client,
    method: &str,
    token: &str,
    body: &impl Message,
) -> Result<A, Refused> {
    let call = client.post(path(method)).header("content-type", "application/proto").bearer_auth(token);
    let answer = call.body(body.encode_to_vec()).send().await.unwrap();
    if answer.status() != 200 {
        return Err(refused(answer).await);
    }
    assert_eq!(answer.headers()["content-type"], "application/proto");
    Ok(A::decode(answer.bytes().await.unwrap()).unwrap())
}

async fn register(client: &Client) -> (String, String) {
    let call = client.post(path("RegisterAnonymous")).header("content-type", "application/proto");
    let call = call.header("x-forwarded-for", elsewhere()).body(RegisterAnonymousRequest::default().encode_to_vec());
    let welcome = RegisterAnonymousResponse::decode(call.send().await.unwrap().bytes().await.unwrap()).unwrap();
    (welcome.persona.unwrap().id, welcome.credentials.unwrap().access_token)
}

/// A socket in binary.
struct Binary(WebSocketStream<TcpStream>);

impl Binary {
    async fn open(client: &Client, token: &str) -> Self {
        let ticket: CreateRealtimeTicketResponse =
            binary(client, "CreateRealtimeTicket", token, &CreateRealtimeTicketRequest {}).await.unwrap();
        let (socket, answer) =
            client_async(request(&client.url, "kith.v1.proto"), dial(&client.url).await).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "kith.v1.proto");
        let mut socket = Self(socket);
        socket.say(client_frame::Kind::Hello(Hello { ticket: ticket.ticket })).await;
        assert!(matches!(socket.hears().await, Kind::Welcome(_)));
        socket
    }

    async fn subscribe(&mut self, channel: &str) {
        let subscribe = Subscribe { channel: channel.to_owned(), ..Subscribe::default() };
        self.say(client_frame::Kind::Subscribe(subscribe)).await;
        assert!(matches!(self.hears().await, Kind::Subscribed(it) if it.channel == channel));
    }

    async fn say(&mut self, kind: client_frame::Kind) {
        let frame = ClientFrame { kind: Some(kind) }.encode_to_vec();
        self.0.send(tungstenite::Message::binary(frame)).await.unwrap();
    }

    async fn hears(&mut self) -> Kind {
        let message = timeout(PATIENCE, self.0.next()).await.expect("a frame in time").unwrap().unwrap();
        let tungstenite::Message::Binary(bytes) = message else { panic!("not a frame: {message:?}") };
        ServerFrame::decode(bytes).unwrap().kind.expect("a frame of a kind")
    }

    async fn fact(&mut self) -> Payload {
        let kind = self.hears().await;
        let Kind::Event(event) = kind else { panic!("not an event: {kind:?}") };
        event.payload.expect("an event of a kind")
    }
}

#[test]
fn rust_asks_hears_and_answers_in_binary() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let ((ann, anns), (bob, bobs)) = (register(&client).await, register(&client).await);
        let mut listening = Binary::open(&client, &bobs).await;
        listening.subscribe("feed").await;
        let sos = CreatePostRequest {
            kind: PostKind::Sos.into(),
            urgency: 5,
            body: "I need somebody".to_owned(),
            categories: vec!["alcohol".to_owned()],
            ..CreatePostRequest::default()
        };
        let made: CreatePostResponse = binary(&client, "CreatePost", &anns, &sos).await.unwrap();
        let post = made.post.unwrap();
        let Payload::PostCreated(heard) = listening.fact().await else { panic!("not a post") };
        assert_eq!((&heard.id, &heard.body, &heard.author.unwrap().id), (&post.id, &sos.body, &ann));

        let mut waiting = Binary::open(&client, &anns).await;
        waiting.subscribe(&format!("post:{}", post.id)).await;
        let words = create_response_request::Content::Text("I am here".to_owned());
        let answer = CreateResponseRequest {
            post_id: post.id.clone(),
            content: Some(words),
            ..CreateResponseRequest::default()
        };
        let given: CreateResponseResponse = binary(&client, "CreateResponse", &bobs, &answer).await.unwrap();
        let given = given.response.unwrap();
        let Payload::ResponseCreated(seen) = waiting.fact().await else { panic!("not an answer") };
        assert_eq!((&seen, &seen.author.as_ref().unwrap().id), (&given, &bob));
        assert_eq!(seen.content, Some(response::Content::Text("I am here".to_owned())));

        let hug = QuickSupportRequest { post_id: post.id.clone(), kind: QuickKind::Hug.into() };
        let hug: QuickSupportResponse = binary(&client, "QuickSupport", &bobs, &hug).await.unwrap();
        assert_eq!(hug.response.unwrap().content, Some(response::Content::Quick(QuickKind::Hug.into())));
        let helpful = MarkHelpfulRequest { response_id: given.id };
        let helpful: MarkHelpfulResponse = binary(&client, "MarkHelpful", &anns, &helpful).await.unwrap();
        assert!(helpful.response.unwrap().helpful_at.is_some());
        let which = GetPostRequest { post_id: post.id };
        let found: GetPostResponse = binary(&client, "GetPost", &bobs, &which).await.unwrap();
        assert_eq!(found.post.unwrap().body, sos.body);

        let calm = CreatePostRequest { urgency: 1, ..sos };
        let refused = binary::<CreatePostResponse>(&client, "CreatePost", &anns, &calm).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("invalid_argument", "SOS_URGENCY_TOO_LOW"));
        assert_eq!(refused.fields, ["urgency"]);
        server.stop().await;
    });
}

#[test]
fn node_does_everything_with_generated_code() {
    block_on(async {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/node");
        let prepared = folder.join("node_modules").is_dir() && folder.join("gen").is_dir();
        assert!(prepared, "the Node.js client is not ready: `cargo xtask test` prepares it");
        let home = Home::new(&[]);
        let server = home.serve().await;
        let mut node = Command::new("node");
        node.arg("flow.mjs").current_dir(folder).env("KITH_URL", server.url()).stdin(Stdio::null());
        let out = node.output().expect("node is there");
        let (lines, errors) = (said(&out.stdout), said(&out.stderr));
        println!("{lines}");
        assert!(out.status.success(), "{lines}\n{errors}");
        assert!(lines.contains("checks held"), "{lines}");
        server.stop().await;
    });
}
