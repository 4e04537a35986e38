//! Who reads slowly, who comes back, and who may not come in.

use kith_testkit::block_on;
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{Duration, Instant},
};
use tokio_tungstenite::{client_async, tungstenite::Error};

use crate::{
    client::{Client, text},
    people::Person,
    server::Home,
    socket::{Socket, dial, request},
};

const CATEGORIES: [&str; 5] = ["alcohol", "anxiety", "depression", "drugs", "eating"];
/// Each is told on six channels, which fit what may wait; all of them are far more than a machine keeps for a socket
/// that nobody reads.
const POSTS: usize = 60;
/// What a listener may wait for an event while somebody else does not read: a good deal of a busy machine.
const AT_ONCE: Duration = Duration::from_secs(3);

/// A connection that takes little before somebody reads.
async fn narrow(url: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(url.strip_prefix("http://").unwrap().parse().unwrap()).await.unwrap()
}

/// A post as large as they get.
fn large(nth: usize) -> Value {
    let body = format!("{nth} {}", "愛".repeat(4_900));
    json!({ "kind": "POST_KIND_QUESTION", "urgency": 1, "body": body, "categories": CATEGORIES })
}

#[test]
fn who_does_not_read_is_cut_delays_nobody_and_comes_back_to_all_that_was_missed() {
    block_on(async {
        let home = Home::new(&[("KITH_REALTIME_MAX_QUEUE_BYTES", "128KiB")]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (slow, fast) = (Person::register(&client).await, Person::register(&client).await);
        let mut unread = Socket::over(narrow(&server.url()).await, &slow).await;
        let mut position = unread.subscribe("feed").await;
        for category in CATEGORIES {
            unread.subscribe(&format!("category:{category}")).await;
        }
        let mut read = Socket::of(&fast).await;
        read.subscribe("feed").await;

        let (mut published, mut longest, mut author) = (Vec::new(), Duration::ZERO, fast.clone());
        for nth in 0..POSTS {
            if nth % 9 == 0 {
                author = Person::register(&client).await;
            }
            let id = text(&author.does("CreatePost", &large(nth)).await["post"]["id"]);
            let begin = Instant::now();
            assert_eq!(text(&read.fact("feed", "postCreated").await["id"]), id);
            longest = longest.max(begin.elapsed());
            published.push(id);
        }
        assert!(longest < AT_ONCE, "{longest:?}");

        // What was on its way comes, then the end.
        let mut seen = Vec::new();
        let code = loop {
            match unread.frame().await {
                Ok(frame) => note(&frame["event"], &mut position, &mut seen),
                Err(code) => break code,
            }
        };
        assert!(matches!(code, Some(4001 | 1006) | None), "{code:?}");
        let before = seen.len();
        assert!(before < POSTS, "nobody was cut");
        let mut back = Socket::of(&slow).await;
        assert_eq!(back.resume("feed", &position).await["recovered"], true);
        while seen.len() < POSTS {
            note(&back.event().await, &mut position, &mut seen);
        }
        assert_eq!(seen, published, "once each, in order");
        println!("cut with {code:?} after {before} of {POSTS}; the other waited {longest:?} at most");
        // Nothing of it comes twice: what comes next is new.
        let last = text(&author.does("CreatePost", &large(POSTS)).await["post"]["id"]);
        assert_eq!(text(&back.event().await["postCreated"]["id"]), last);
        server.stop().await;
    });
}

/// Keeps what is heard of the feed, and its place.
fn note(event: &Value, position: &mut String, seen: &mut Vec<String>) {
    if event["channel"] == "feed" {
        seen.push(text(&event["postCreated"]["id"]));
        *position = text(&event["position"]);
    }
}

#[test]
fn who_missed_more_than_is_replayed_is_told_so_and_goes_on_from_there() {
    block_on(async {
        let home = Home::new(&[("KITH_REALTIME_MAX_REPLAY_EVENTS", "3")]);
        let server = home.serve().await;
        let client = Client::to(server.url());
        let (ann, bob) = (Person::register(&client).await, Person::register(&client).await);
        let position = Socket::of(&bob).await.subscribe("feed").await;
        for nth in 0..3 {
            ann.sos(&format!("missed {nth}")).await;
        }
        let mut back = Socket::of(&bob).await;
        assert_eq!(back.resume("feed", &position).await["recovered"], true);
        for nth in 0..3 {
            assert_eq!(back.event().await["postCreated"]["body"], format!("missed {nth}"));
        }
        ann.sos("one too many").await;
        // It is told before somebody else asks how far it has come.
        assert_eq!(back.event().await["postCreated"]["body"], "one too many");
        let mut late = Socket::of(&bob).await;
        let subscribed = late.resume("feed", &position).await;
        // What is false is not written where it need not be; here it is the answer.
        assert_eq!(subscribed["recovered"], false, "{subscribed}");
        let now = text(&subscribed["position"]);
        ann.sos("new").await;
        assert_eq!(late.event().await["postCreated"]["body"], "new", "only what happens now");
        let mut again = Socket::of(&bob).await;
        assert_eq!(again.resume("feed", &now).await["recovered"], true);
        assert_eq!(again.event().await["postCreated"]["body"], "new");
        server.stop().await;
    });
}

#[test]
fn a_page_of_a_stranger_is_refused_and_ours_is_not() {
    block_on(async {
        let home = Home::new(&[("KITH_CORS_ALLOWED_ORIGINS", "https://app.kith.example")]);
        let server = home.serve().await;
        for (origin, welcome) in [
            ("https://evil.example", false),
            ("null", false),
            ("https://app.kith.example.evil.example", false),
            ("https://app.kith.example", true),
            (server.url().as_str(), true),
        ] {
            let mut request = request(&server.url(), "kith.v1.json");
            request.headers_mut().insert("origin", origin.parse().unwrap());
            match client_async(request, dial(&server.url()).await).await {
                Ok(_) => assert!(welcome, "{origin}"),
                Err(Error::Http(refused)) => assert!(!welcome && refused.status() == 403, "{origin}: {refused:?}"),
                Err(error) => panic!("{origin}: {error}"),
            }
        }
        server.stop().await;
    });
}

#[test]
fn a_ticket_is_good_once() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let person = Person::register(&Client::to(server.url())).await;
        let ticket = person.ticket().await;
        let mut first = Socket::with(dial(&server.url()).await, &server.url(), &ticket).await;
        first.next("welcome").await;
        for ticket in [ticket.as_str(), "nobody's"] {
            let mut second = Socket::with(dial(&server.url()).await, &server.url(), ticket).await;
            assert_eq!(second.closed().await, Some(4500));
        }
        first.subscribe("feed").await;
        server.stop().await;
    });
}
