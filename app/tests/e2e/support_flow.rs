//! The main flow of the product: an SOS, its delivery, a response, thanks; and mutual invisibility after a block.

use kith_testkit::block_on;
use serde_json::json;

use crate::{
    client::{Client, number, text},
    server::{Installation, Server, eventually},
    user::TestUser,
    websocket::Socket,
};

async fn server_with_two_users() -> (Installation, Server, TestUser, TestUser) {
    let installation = Installation::new(&[]);
    let server = installation.start().await;
    let client = Client::new(server.url());
    let (ann, bob) = (TestUser::register(&client).await, TestUser::register(&client).await);
    (installation, server, ann, bob)
}

#[test]
fn an_sos_and_its_response_are_delivered_in_real_time() {
    block_on(async {
        let (_home, server, ann, bob) = server_with_two_users().await;
        let mut bobs_socket = Socket::connect(&bob).await;
        bobs_socket.subscribe("feed").await;
        let post = ann.create_sos("I have a bottle in front of me.").await;
        let post_event = bobs_socket.payload("feed", "postCreated").await;
        assert_eq!(text(&post_event["id"]), post);
        assert_eq!(post_event["body"], "I have a bottle in front of me.");
        assert_eq!((&post_event["kind"], &post_event["urgency"]), (&json!("POST_KIND_SOS"), &json!(5)));
        assert_eq!(text(&post_event["author"]["id"]), ann.persona);
        assert!(
            !post_event.to_string().contains(&text(&ann.me().await["accountId"])),
            "an event must not contain an account id"
        );

        let mut anns_socket = Socket::connect(&ann).await;
        anns_socket.subscribe(&format!("post:{post}")).await;
        anns_socket.subscribe("user").await;
        let response = bob.respond(&post, "Put it away. I am here.").await;
        let (mut created, mut notice) = (None, None);
        while created.is_none() || notice.is_none() {
            let mut event = anns_socket.event().await;
            match event["channel"].as_str().unwrap() {
                "user" => notice = Some(event["notice"].take()),
                _ if event.get("responseCreated").is_some() => created = Some(event["responseCreated"].take()),
                _ => {}
            }
        }
        let created = created.unwrap();
        assert_eq!(
            (text(&created["id"]), text(&created["text"])),
            (response.clone(), "Put it away. I am here.".to_owned())
        );
        assert_eq!(text(&created["author"]["id"]), bob.persona);
        let expected = json!({ "kind": "NOTICE_KIND_RESPONSE_RECEIVED", "postId": post, "responseId": response });
        assert_eq!(notice.unwrap(), expected);
        server.stop().await;
    });
}

#[test]
fn a_helpful_response_is_announced_to_its_author_and_every_counter_is_exact() {
    block_on(async {
        let (_home, server, ann, bob) = server_with_two_users().await;
        let post = ann.create_sos("It is a bad evening.").await;
        let mut bobs_socket = Socket::connect(&bob).await;
        bobs_socket.subscribe("user").await;
        let response = bob.respond(&post, "I am here.").await;
        assert_eq!(
            bob.send_hug(&post).await,
            bob.send_hug(&post).await,
            "repeated quick support returns the same response"
        );
        for _ in 0..2 {
            ann.call_ok("MarkHelpful", &json!({ "responseId": response })).await;
        }
        let notice = bobs_socket.payload("user", "notice").await;
        let expected = json!({ "kind": "NOTICE_KIND_MARKED_HELPFUL", "postId": post, "responseId": response });
        assert_eq!(notice, expected);

        // 3 points for the text, 1 for the hug, 10 for a helpful response.
        eventually("points", async || (number(&bob.me().await["strengthPoints"]) == 14).then_some(())).await;
        assert_eq!(number(&ann.me().await["strengthPoints"]), 0);
        let counts = async || {
            let post = ann.get_post(&post).await.unwrap();
            [number(&post["responseCount"]), number(&post["supportCount"])]
        };
        eventually("counts", async || (counts().await == [1, 1]).then_some(())).await;
        let stats = bob.call_ok("GetSupportStats", &json!({})).await;
        let fields = ["textsGiven", "quickGiven", "postsAnswered", "helpfulGiven", "received"];
        assert_eq!(fields.map(|it| number(&stats[it])), [1, 1, 1, 1, 0]);
        assert_eq!(number(&ann.call_ok("GetSupportStats", &json!({})).await["received"]), 2);

        // Deleting the response also reverts its points and counters.
        bob.call_ok("DeleteResponse", &json!({ "responseId": response })).await;
        eventually("points", async || (number(&bob.me().await["strengthPoints"]) == 1).then_some(())).await;
        eventually("counts", async || (counts().await == [0, 1]).then_some(())).await;
        server.stop().await;
    });
}

#[test]
fn blocked_users_are_invisible_to_each_other_on_every_path() {
    block_on(async {
        let (_home, server, ann, bob) = server_with_two_users().await;
        let carol = TestUser::register(&ann.client).await;
        let (anns_post, bobs_post) = (ann.create_sos("hidden: ann").await, bob.create_sos("hidden: bob").await);
        let carols_post = carol.create_sos("of carol").await;
        let (from_ann, from_bob) =
            (ann.respond(&carols_post, "ann is here").await, bob.respond(&carols_post, "bob is here").await);
        // Both subscribe to the feed, to the post of the other and to the post of a third user.
        let mut sockets = Vec::new();
        for (user, other) in [(&ann, &bobs_post), (&bob, &anns_post)] {
            let mut socket = Socket::connect(user).await;
            let feed = socket.subscribe("feed").await;
            let position = socket.subscribe(&format!("post:{other}")).await;
            socket.subscribe(&format!("post:{carols_post}")).await;
            sockets.push((user, other, socket, feed, position));
        }
        ann.call_ok("BlockUser", &json!({ "personaId": bob.persona })).await;
        for (_, other, socket, ..) in &mut sockets {
            let frame = socket.next("unsubscribed").await;
            let expected = json!({ "channel": format!("post:{other}"), "reason": "UNSUBSCRIBED_REASON_NOT_FOUND" });
            assert_eq!(frame, expected);
        }

        // Neither receives what the other creates now. Both receive Carol's last post, which ends the wait.
        for user in [&ann, &bob] {
            user.create_sos("hidden: later").await;
            user.respond(&carols_post, "hidden: later").await;
        }
        carol.respond(&carols_post, "the last").await;
        let last = carol.create_sos("the last").await;
        for (user, other, mut socket, feed, position) in sockets {
            let blocked = if user.persona == ann.persona { &bob } else { &ann };
            loop {
                let event = socket.event().await;
                assert!(!event.to_string().contains(&blocked.persona), "{event}");
                if text(&event["postCreated"]["id"]) == last {
                    break;
                }
            }
            // A replay delivers no more than the open connection did.
            let mut resumed = Socket::connect(user).await;
            assert_eq!(resumed.resume("feed", &feed).await["recovered"], true);
            loop {
                let event = resumed.event().await;
                assert!(!event.to_string().contains(&blocked.persona), "{event}");
                if text(&event["postCreated"]["id"]) == last {
                    break;
                }
            }
            resumed.send(&json!({ "subscribe": { "channel": format!("post:{other}"), "position": position } })).await;
            assert_eq!(resumed.next("unsubscribed").await["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND");

            for (method, body) in [
                ("GetFeed", json!({ "pageSize": 100 })),
                ("GetFeed", json!({ "order": "FEED_ORDER_URGENT", "pageSize": 100 })),
                ("SearchPosts", json!({ "query": "hidden" })),
                ("ListResponses", json!({ "postId": carols_post })),
            ] {
                let response = user.call_ok(method, &body).await.to_string();
                assert!(!response.contains(&blocked.persona), "{method}: {response}");
                assert!(response.contains(&user.persona), "{method} omits the viewer's own content: {response}");
            }
            let others_response = if user.persona == ann.persona { &from_bob } else { &from_ann };
            for (method, body) in [
                ("GetPost", json!({ "postId": other })),
                ("GetProfile", json!({ "personaId": blocked.persona })),
                ("ListResponses", json!({ "postId": other })),
                ("CreateResponse", json!({ "postId": other, "text": "let me in" })),
                ("QuickSupport", json!({ "postId": other, "kind": "QUICK_KIND_HUG" })),
                ("MarkHelpful", json!({ "responseId": others_response })),
            ] {
                let error = user.call(method, &body).await.expect_err(method);
                assert_eq!(error.code, "not_found", "{method}");
            }
        }
        assert!(bob.call_ok("ListBlocks", &json!({})).await.get("blocks").is_none_or(|it| it == &json!([])));
        assert_eq!(ann.call_ok("ListBlocks", &json!({})).await["blocks"].as_array().unwrap().len(), 1);
        server.stop().await;
    });
}
