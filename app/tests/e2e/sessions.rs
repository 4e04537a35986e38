//! Concurrent refreshes of one token, and ended sessions.

use std::time::Duration;

use futures_util::future::join_all;
use kith_testkit::block_on;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    client::{CallError, Client, text},
    server::{Installation, eventually},
    user::TestUser,
    websocket::Socket,
};

/// Maximum time for which the access token of an ended session is still accepted.
const REVOCATION_DELAY: Duration = Duration::from_secs(3);

#[test]
fn concurrent_refreshes_of_one_token_return_the_same_successor() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let user = TestUser::register(&Client::new(server.url())).await;
        let all = join_all((0..64).map(|_| user.refresh_session(&user.refresh_token))).await;
        let successors: Vec<_> = all.into_iter().map(|it| text(&it.unwrap()["refreshToken"])).collect();
        assert!(successors.iter().all(|it| it == &successors[0] && *it != user.refresh_token), "{successors:?}");
        let listed = user.call_ok("ListSessions", &json!({})).await;
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);

        // The successor is valid. Once it is used, using the first token again is reuse, which ends the session.
        let successor = user.clone().with_credentials(&user.refresh_session(&successors[0]).await.unwrap());
        successor.me().await;
        let reused = user.refresh_session(&user.refresh_token).await.unwrap_err();
        assert_eq!((reused.status, reused.code.as_str()), (401, "unauthenticated"));
        let ended = user.refresh_session(&successor.refresh_token).await.unwrap_err();
        assert_eq!(ended.code, "unauthenticated");
        eventually("the end of the session", async || successor.call("GetMe", &json!({})).await.err()).await;
        // The account is unaffected.
        user.log_in_again().await.me().await;
        server.stop().await;
    });
}

#[test]
fn ending_a_session_ends_its_sockets_and_rejects_its_tokens() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let first = TestUser::register(&Client::new(server.url())).await;
        let (second, third) = (first.log_in_again().await, first.log_in_again().await);
        let (mut first_socket, mut second_socket) = (Socket::connect(&first).await, Socket::connect(&second).await);
        first_socket.subscribe("feed").await;
        second_socket.subscribe("feed").await;

        // Logout ends the session itself.
        assert_session_ends(&first, &mut first_socket, async || first.call_ok("Logout", &json!({})).await).await;
        // Another session of the same user revokes it.
        let revoke = json!({ "sessionId": second.session });
        assert_session_ends(&second, &mut second_socket, async || third.call_ok("RevokeSession", &revoke).await).await;

        let again = third.call("RevokeSession", &revoke).await.unwrap_err();
        assert_eq!((again.code.as_str(), again.reason.as_str()), ("not_found", "SESSION_NOT_FOUND"));
        let listed = third.call_ok("ListSessions", &json!({})).await;
        assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
        server.stop().await;
    });
}

/// Ends the session and asserts that its socket is closed and its tokens are rejected.
async fn assert_session_ends(user: &TestUser, socket: &mut Socket, end: impl AsyncFnOnce() -> serde_json::Value) {
    let begin = Instant::now();
    end().await;
    assert_eq!(socket.close_code().await, Some(4501));
    let error = eventually("the end of the session", async || user.call("GetMe", &json!({})).await.err()).await;
    assert!(begin.elapsed() < REVOCATION_DELAY, "{:?}", begin.elapsed());
    let reason = "INVALID_ACCESS_TOKEN".to_owned();
    assert_eq!(error, CallError { status: 401, code: "unauthenticated".to_owned(), reason, fields: vec![] });
    assert_eq!(user.refresh_session(&user.refresh_token).await.unwrap_err().code, "unauthenticated");
}
