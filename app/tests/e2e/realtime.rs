//! WebSockets: slow clients, resumption after a disconnect, origins and tickets.

use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Duration, Instant},
};
use tokio_tungstenite::{client_async, tungstenite::Error};

use crate::{
    client::{Client, text},
    server::Installation,
    user::TestUser,
    websocket::{Socket, dial, request},
};

const CATEGORIES: [&str; 5] = ["alcohol", "anxiety", "depression", "drugs", "eating"];
/// Number of posts. One post is delivered on six channels, which fits the outbound queue. All of them exceed the socket
/// buffers of a connection that is not read.
const POSTS: usize = 60;
/// Maximum delay of an event for one client while another one does not read. Generous, for a busy machine.
const MAX_LATENCY: Duration = Duration::from_secs(3);

/// Opens a TCP connection with a small receive buffer.
async fn connect_with_small_buffer(url: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(url.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap()
}

/// Post of almost the maximum size.
fn large_post(nth: usize) -> Value {
    let body = format!("{nth} {}", "愛".repeat(4_900));
    json!({ "kind": "POST_KIND_QUESTION", "urgency": 1, "body": body, "categories": CATEGORIES })
}

#[test]
fn a_slow_client_is_disconnected_without_delaying_others_and_can_resume_without_loss() {
    block_on(async {
        let installation = Installation::new(&[("KITH_REALTIME_MAX_QUEUE_BYTES", "128KiB")]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (slow, fast) = (TestUser::register(&client).await, TestUser::register(&client).await);
        let mut slow_socket = Socket::connect_over(connect_with_small_buffer(&server.url()).await, &slow).await;
        let mut position = slow_socket.subscribe("feed").await;
        for category in CATEGORIES {
            slow_socket.subscribe(&format!("category:{category}")).await;
        }
        let mut fast_socket = Socket::connect(&fast).await;
        fast_socket.subscribe("feed").await;

        let (mut published, mut max_delay, mut author) = (Vec::new(), Duration::ZERO, fast.clone());
        for nth in 0..POSTS {
            if nth % 9 == 0 {
                author = TestUser::register(&client).await;
            }
            let id = text(&author.call_ok("CreatePost", &large_post(nth)).await["post"]["id"]);
            let begin = Instant::now();
            assert_eq!(text(&fast_socket.payload("feed", "postCreated").await["id"]), id);
            max_delay = max_delay.max(begin.elapsed());
            published.push(id);
        }
        assert!(max_delay < MAX_LATENCY, "{max_delay:?}");

        // Frames in flight arrive, then the connection ends.
        let mut received = Vec::new();
        let code = loop {
            match slow_socket.frame().await {
                Ok(frame) => record(&frame["event"], &mut position, &mut received),
                Err(code) => break code,
            }
        };
        assert!(matches!(code, Some(4001 | 1006) | None), "{code:?}");
        let before = received.len();
        assert!(before < POSTS, "the slow client was not disconnected");
        let mut resumed = Socket::connect(&slow).await;
        assert_eq!(resumed.resume("feed", &position).await["recovered"], true);
        while received.len() < POSTS {
            record(&resumed.event().await, &mut position, &mut received);
        }
        assert_eq!(received, published, "every post once and in order");
        println!(
            "disconnected with {code:?} after {before} of {POSTS} posts; maximum delay of the other client: {max_delay:?}"
        );
        // There are no duplicates: the next event is a new one.
        let last = text(&author.call_ok("CreatePost", &large_post(POSTS)).await["post"]["id"]);
        assert_eq!(text(&resumed.event().await["postCreated"]["id"]), last);
        server.stop().await;
    });
}

/// Records the post and the position of an event of the feed.
fn record(event: &Value, position: &mut String, received: &mut Vec<String>) {
    if event["channel"] == "feed" {
        received.push(text(&event["postCreated"]["id"]));
        *position = text(&event["position"]);
    }
}

#[test]
fn a_client_that_missed_more_events_than_the_replay_limit_gets_a_gap_and_continues() {
    block_on(async {
        let installation = Installation::new(&[("KITH_REALTIME_MAX_REPLAY_EVENTS", "3")]);
        let server = installation.start().await;
        let client = Client::new(server.url());
        let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
        let position = Socket::connect(&bob).await.subscribe("feed").await;
        for nth in 0..3 {
            ann.create_sos(&format!("missed {nth}")).await;
        }
        let mut resumed = Socket::connect(&bob).await;
        assert_eq!(resumed.resume("feed", &position).await["recovered"], true);
        for nth in 0..3 {
            assert_eq!(resumed.event().await["postCreated"]["body"], format!("missed {nth}"));
        }
        ann.create_sos("one too many").await;
        // Wait for its delivery, so that the next subscription starts after it.
        assert_eq!(resumed.event().await["postCreated"]["body"], "one too many");
        let mut gapped = Socket::connect(&bob).await;
        let subscribed = gapped.resume("feed", &position).await;
        // JSON usually omits `false`; in this field it must be present.
        assert_eq!(subscribed["recovered"], false, "{subscribed}");
        let position = text(&subscribed["position"]);
        ann.create_sos("new").await;
        assert_eq!(gapped.event().await["postCreated"]["body"], "new", "only new events are delivered");
        let mut second = Socket::connect(&bob).await;
        assert_eq!(second.resume("feed", &position).await["recovered"], true);
        assert_eq!(second.event().await["postCreated"]["body"], "new");
        server.stop().await;
    });
}

#[test]
fn only_allowed_origins_can_open_a_websocket() {
    block_on(async {
        let installation = Installation::new(&[("KITH_CORS_ALLOWED_ORIGINS", "https://app.kith.example")]);
        let server = installation.start().await;
        for (origin, allowed) in [
            ("https://evil.example", false),
            ("null", false),
            ("https://app.kith.example.evil.example", false),
            ("https://app.kith.example", true),
            (server.url().as_str(), true),
        ] {
            let mut request = request(&server.url(), "kith.v1.json");
            request.headers_mut().insert("origin", origin.parse().unwrap());
            match client_async(request, dial(&server.url()).await).await {
                Ok(_) => assert!(allowed, "{origin}"),
                Err(Error::Http(response)) => assert!(!allowed && response.status() == 403, "{origin}: {response:?}"),
                Err(error) => panic!("{origin}: {error}"),
            }
        }
        server.stop().await;
    });
}

#[test]
fn a_ticket_can_be_used_once() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let user = TestUser::register(&Client::new(server.url())).await;
        let ticket = user.realtime_ticket().await;
        let mut first = Socket::connect_with_ticket(dial(&server.url()).await, &server.url(), &ticket).await;
        first.next("welcome").await;
        for ticket in [ticket.as_str(), "invalid"] {
            let mut second = Socket::connect_with_ticket(dial(&server.url()).await, &server.url(), ticket).await;
            assert_eq!(second.close_code().await, Some(4500));
        }
        first.subscribe("feed").await;
        server.stop().await;
    });
}
