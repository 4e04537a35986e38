//! Tokens that are refreshed at once, and sessions that end.

use std::time::Duration;

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    client::{Client, Refused, text},
    people::Person,
    server::{Home, soon},
    socket::Socket,
};

/// What an ended session may still be believed for.
const SOON: Duration = Duration::from_secs(3);

#[test]
fn of_64_refreshes_at_once_there_is_one_successor_and_one_live_leaf() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let person = Person::register(&Client::to(server.url())).await;
        let all = join_all((0..64).map(|_| person.refreshes(&person.refresh))).await;
        let successors: Vec<_> = all.into_iter().map(|it| text(&it.unwrap()["refreshToken"])).collect();
        assert!(successors.iter().all(|it| it == &successors[0] && *it != person.refresh), "{successors:?}");
        let listed = person.does("ListSessions", &json!({})).await;
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);

        // It works; and once it is used, the first one is a stolen one.
        let leaf = person.clone().holding(&person.refreshes(&successors[0]).await.unwrap());
        leaf.me().await;
        let reused = person.refreshes(&person.refresh).await.unwrap_err();
        assert_eq!((reused.status, reused.code.as_str()), (401, "unauthenticated"));
        let ended = person.refreshes(&leaf.refresh).await.unwrap_err();
        assert_eq!(ended.code, "unauthenticated");
        soon("the end", async || leaf.says("GetMe", &json!({})).await.err()).await;
        // The account goes on.
        person.elsewhere().await.me().await;
        server.stop().await;
    });
}

#[test]
fn a_session_that_ends_ends_its_sockets_and_its_calls() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let first = Person::register(&Client::to(server.url())).await;
        let (second, third) = (first.elsewhere().await, first.elsewhere().await);
        let (mut mine, mut theirs) = (Socket::of(&first).await, Socket::of(&second).await);
        mine.subscribe("feed").await;
        theirs.subscribe("feed").await;

        // By its own hand.
        ends(&first, &mut mine, async || first.does("Logout", &json!({})).await).await;
        // By another device of the same person.
        let revoke = json!({ "sessionId": second.session });
        ends(&second, &mut theirs, async || third.does("RevokeSession", &revoke).await).await;

        let again = third.says("RevokeSession", &revoke).await.unwrap_err();
        assert_eq!((again.code.as_str(), again.reason.as_str()), ("not_found", "SESSION_NOT_FOUND"));
        let listed = third.does("ListSessions", &json!({})).await;
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
        server.stop().await;
    });
}

/// Ends the session, and sees that its socket, its calls and its tokens end with it.
async fn ends(person: &Person, socket: &mut Socket, end: impl AsyncFnOnce() -> serde_json::Value) {
    let begin = Instant::now();
    end().await;
    assert_eq!(socket.closed().await, Some(4501));
    let refused = soon("the end", async || person.says("GetMe", &json!({})).await.err()).await;
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    let reason = "INVALID_ACCESS_TOKEN".to_owned();
    assert_eq!(refused, Refused { status: 401, code: "unauthenticated".to_owned(), reason, fields: vec![] });
    assert_eq!(person.refreshes(&person.refresh).await.unwrap_err().code, "unauthenticated");
}
