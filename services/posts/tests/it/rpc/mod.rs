//! RPC methods: Connect requests to the router, without a socket.

mod server;

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use futures_util::StreamExt as _;
use kith_kernel::{AccountEvent, Channel, Clock as _, EventPayload, PostId, SystemEntropy};
use kith_posts::access::METHOD_POLICIES;
use kith_proto::{
    ClaimedId, METHODS,
    presenters::{FeedPlacement, PostPresenter as _},
};
use kith_testkit::{block_on, member};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use self::server::{Server, server};

fn sos(urgency: i32) -> Value {
    json!({ "kind": "POST_KIND_SOS", "urgency": urgency, "body": "please" })
}

fn question(body: &str) -> Value {
    json!({ "kind": "POST_KIND_QUESTION", "urgency": 1, "body": body, "categories": ["work", "grief"], "tags": ["new"],
        "contentWarning": "loss", "daysSinceRelapse": 0 })
}

#[test]
fn every_method_has_a_policy_and_every_policy_a_method() {
    let is_of_posts = |path: &str| path.starts_with("/kith.posts.v1.PostService/");
    let mut methods: Vec<_> = METHODS.iter().map(|method| method.path).filter(|path| is_of_posts(path)).collect();
    let mut policies: Vec<_> = METHOD_POLICIES.iter().map(|policy| policy.path).collect();
    methods.sort_unstable();
    policies.sort_unstable();
    assert_eq!(policies, methods);
}

#[test]
fn a_created_post_is_returned_to_other_users_with_all_its_fields() {
    block_on(async {
        let (server, ann, bob) = (server().await, member(), member());
        let post = server.publish(&ann, question("how?")).await;
        assert_eq!(post["author"]["id"], ann.persona.to_string());
        assert_eq!(post["categories"], json!(["grief", "work"]));
        assert_eq!((&post["contentWarning"], &post["tags"]), (&json!("loss"), &json!(["new"])));
        assert_eq!(post["daysSinceRelapse"], json!(0));
        assert!(!post.to_string().contains(&ann.user.to_string()), "the account id is not sent");
        let got = server.call(&bob, "GetPost", json!({ "postId": post["id"] })).await;
        assert_eq!(got["post"], post);
        assert_eq!(server.call(&bob, "GetFeed", json!({})).await["posts"], json!([post]));
        let found = server.call(&bob, "SearchPosts", json!({ "query": "how" })).await;
        assert_eq!(found["posts"], json!([post]));
    });
}

#[test]
fn a_repeated_call_returns_the_post_of_the_claimed_id() {
    block_on(async {
        let (server, ann) = (server().await, member());
        let id = PostId::new(server.clock.now(), &SystemEntropy);
        let mut responses = Vec::new();
        for _ in 0..2 {
            let body = question("once").to_string().into_bytes();
            let mut request = Server::request(Some(&ann), "CreatePost", "application/json", body);
            request.extensions_mut().insert(ClaimedId(Some(id.uuid())));
            responses.push(server.send(request).await);
        }
        assert_eq!(responses[0], responses[1]);
        assert_eq!(responses[0].1["post"]["id"], id.to_string());
        assert_eq!(server.harness.published_events().await.len(), 1);
    });
}

#[test]
fn an_author_can_update_resolve_delete_and_restore_a_post() {
    block_on(async {
        let (server, ann) = (server().await, member());
        let post = server.publish(&ann, sos(5)).await;
        let change = json!({ "postId": post["id"], "etag": post["etag"], "body": "still", "contentWarning": "",
            "categories": { "values": ["grief"] }, "tags": {} });
        let updated = server.call(&ann, "UpdatePost", change.clone()).await["post"].clone();
        assert_eq!((&updated["body"], &updated["categories"]), (&json!("still"), &json!(["grief"])));
        assert_eq!(server.error(&ann, "UpdatePost", change).await.0, "aborted");
        let calmer = json!({ "postId": post["id"], "etag": updated["etag"], "urgency": 4 });
        let calmer = server.call(&ann, "UpdatePostUrgency", calmer).await["post"].clone();
        assert_eq!(calmer["urgency"], 4);
        let id = json!({ "postId": post["id"] });
        let resolved = server.call(&ann, "ResolveSos", id.clone()).await["post"].clone();
        assert!(resolved["resolvedAt"].is_string());
        assert!(server.call(&ann, "DeletePost", id.clone()).await["restorableUntil"].is_string());
        assert_eq!(server.error(&ann, "GetPost", id.clone()).await.0, "not_found");
        let restored = server.call(&ann, "RestorePost", id).await["post"].clone();
        assert_eq!((&restored["body"], &restored["resolvedAt"]), (&json!("still"), &resolved["resolvedAt"]));
    });
}

#[test]
fn an_error_has_a_code_and_names_the_field() {
    block_on(async {
        let (server, ann, bob) = (server().await, member(), member());
        let post = server.publish(&ann, question("how?")).await;
        let missing = json!({ "postId": kith_testkit::user().to_string() });
        assert_eq!(server.error(&ann, "GetPost", missing).await.0, "not_found");
        assert_eq!(server.error(&bob, "DeletePost", json!({ "postId": post["id"] })).await.0, "permission_denied");
        assert_eq!(server.error(&ann, "ResolveSos", json!({ "postId": post["id"] })).await.0, "failed_precondition");
        let etag = |mut body: Value| {
            body["postId"] = post["id"].clone();
            body["etag"] = post["etag"].clone();
            body
        };
        let mut expired = question("x");
        expired["expiresAt"] = json!("2020-01-01T00:00:00Z");
        let mut unknown = question("x");
        unknown["categories"] = json!(["beer"]);
        let invalid = [
            ("CreatePost", sos(2), "urgency"),
            ("CreatePost", question(" "), "body"),
            ("CreatePost", expired, "expires_at"),
            ("CreatePost", unknown, "categories"),
            ("UpdatePost", etag(json!({})), ""),
            ("UpdatePost", etag(json!({ "categories": { "values": ["beer"] } })), "categories.values"),
            ("UpdatePost", etag(json!({ "tags": { "values": ["two\nlines"] } })), "tags.values"),
            ("GetFeed", json!({ "filter": { "categories": ["beer"] } }), "filter.categories"),
            ("GetFeed", json!({ "filter": { "kinds": ["POST_KIND_UNSPECIFIED"] } }), "filter.kinds"),
            ("GetFeed", json!({ "pageToken": "forged" }), "page_token"),
            ("SearchPosts", json!({ "query": "!?" }), "query"),
        ];
        for (method, body, field) in invalid {
            let (code, named) = server.error(&ann, method, body.clone()).await;
            assert_eq!((code.as_str(), named.unwrap_or_default().as_str()), ("invalid_argument", field), "{body}");
        }
    });
}

#[test]
fn a_page_token_is_valid_only_for_its_own_list() {
    block_on(async {
        let (server, ann) = (server().await, member());
        for _ in 0..3 {
            server.publish(&ann, question("how?")).await;
        }
        let first = server.call(&ann, "GetFeed", json!({ "pageSize": 2 })).await;
        let token = &first["nextPageToken"];
        let second = server.call(&ann, "GetFeed", json!({ "pageSize": 2, "pageToken": token })).await;
        assert_eq!((second["posts"].as_array().unwrap().len(), &second["nextPageToken"]), (1, &Value::Null));
        let found = server.call(&ann, "SearchPosts", json!({ "query": "how", "pageSize": 2 })).await;
        let words = &found["nextPageToken"];
        let rest = server.call(&ann, "SearchPosts", json!({ "query": "how", "pageToken": words })).await;
        assert_eq!(rest["posts"].as_array().unwrap().len(), 1);
        let foreign = [
            ("GetFeed", json!({ "order": "FEED_ORDER_URGENT", "pageToken": token })),
            ("GetFeed", json!({ "filter": { "categories": ["grief"] }, "pageToken": token })),
            ("GetFeed", json!({ "filter": { "minimumUrgency": 1 }, "pageToken": token })),
            ("SearchPosts", json!({ "query": "how", "pageToken": token })),
            ("SearchPosts", json!({ "query": "other", "pageToken": words })),
        ];
        for (method, body) in foreign {
            assert_eq!(server.error(&ann, method, body.clone()).await.0, "invalid_argument", "{method} {body}");
        }
    });
}

#[test]
fn a_post_without_an_author_persona_is_omitted_from_pages_and_frames() {
    block_on(async {
        let (server, ann, bob) = (server().await, member(), member());
        let post = server.publish(&ann, question("how?")).await;
        let other = server.publish(&bob, question("why?")).await;
        let id: PostId = post["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(server.presenter.present_post(id).await.unwrap().unwrap().post.body, "how?");
        server.stubs.remove_persona(&ann);
        assert_eq!(server.call(&bob, "GetFeed", json!({})).await["posts"], json!([other]));
        assert_eq!(server.error(&bob, "GetPost", json!({ "postId": post["id"] })).await.0, "not_found");
        assert_eq!(server.presenter.present_post(id).await.unwrap(), None);
        assert_eq!(server.error(&ann, "CreatePost", question("x")).await.0, "unauthenticated");
    });
}

#[test]
fn the_presenter_returns_only_posts_that_every_user_can_see() {
    block_on(async {
        let (server, ann) = (server().await, member());
        let id = |post: &Value| -> PostId { post["id"].as_str().unwrap().parse().unwrap() };
        let deleted = server.publish(&ann, question("how?")).await;
        server.call(&ann, "DeletePost", json!({ "postId": deleted["id"] })).await;
        assert_eq!(server.presenter.present_post(id(&deleted)).await.unwrap(), None);
        let mut ending = question("soon");
        let end = server.clock.now().after(Duration::from_mins(2));
        ending["expiresAt"] = serde_json::to_value(kith_proto::convert::timestamp(end)).unwrap();
        let ending = server.publish(&ann, ending).await;
        assert!(server.presenter.present_post(id(&ending)).await.unwrap().is_some());
        server.clock.advance(Duration::from_mins(2));
        assert_eq!(server.presenter.present_post(id(&ending)).await.unwrap(), None);
        let sos = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "please respond" });
        let sos = server.publish(&ann, sos).await;
        let placement = async || server.presenter.present_post(id(&sos)).await.unwrap().map(|view| view.placement);
        assert_eq!(placement().await, Some(FeedPlacement::Feeds));
        server.clock.advance(Duration::from_hours(24));
        assert_eq!(placement().await, Some(FeedPlacement::OwnChannelOnly), "it has left the feeds");
    });
}

#[test]
fn a_stream_starts_delivers_events_and_ends_with_the_session() {
    block_on(async {
        let (server, ann) = (server().await, member());
        server.stubs.add_session(&ann);
        let mut envelope = vec![0, 0, 0, 0, 2];
        envelope.extend(b"{}");
        let request = Server::request(Some(&ann), "StreamFeed", "application/connect+json", envelope);
        let response = server.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body().into_data_stream();
        let mut text = String::new();
        // The stream subscribes before the response starts, so it receives every later event.
        let post = server.publish(&member(), question("how?")).await;
        let relayed = Arc::new(kith_testkit::RecordingBus::default());
        server.harness.relay(&relayed).drain().await.unwrap();
        let feed = Channel::Feed;
        for event in relayed.events() {
            server.replay_log.append(&feed, &event.encode()).await.unwrap();
        }
        while !text.contains("how?") {
            text += &String::from_utf8_lossy(&body.next().await.unwrap().unwrap());
        }
        let ended = kith_testkit::event(EventPayload::Account(AccountEvent::SessionRevoked {
            user: ann.user,
            session: ann.session,
        }));
        server.replay_log.append(&Channel::PermissionChanges, &ended.encode()).await.unwrap();
        while let Some(bytes) = body.next().await {
            text += &String::from_utf8_lossy(&bytes.unwrap());
        }
        let words = ["started", "created", post["id"].as_str().unwrap(), "unauthenticated"];
        let places = words.map(|word| text.find(word));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
    });
}

#[test]
fn every_method_requires_authentication() {
    block_on(async {
        let server = server().await;
        for policy in METHOD_POLICIES.iter().filter(|policy| !policy.path.ends_with("StreamFeed")) {
            let method = policy.path.rsplit('/').next().unwrap();
            let request = Server::request(None, method, "application/json", b"{}".to_vec());
            let (status, error) = server.send(request).await;
            assert_eq!((status, &error["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}

#[test]
fn a_post_in_a_crisis_returns_hotlines_of_the_locale() {
    block_on(async {
        let (server, ann) = (server().await, member());
        let mut body = question("I end it all");
        body["locale"] = json!("en-US");
        let response = server.call(&ann, "CreatePost", body).await;
        assert_eq!(response["crisisResources"][0]["phone"], "116 123");
        assert_eq!((&response["post"]["moderation"], &response["post"]["urgency"]), (&Value::Null, &json!(5)));
        let change =
            json!({ "postId": response["post"]["id"], "etag": response["post"]["etag"], "body": "end it all, still" });
        let response = server.call(&ann, "UpdatePost", change).await;
        assert_eq!(
            response["crisisResources"][0]["url"], "https://findahelpline.com",
            "without a locale the international directory is returned"
        );
        assert_eq!(server.call(&ann, "CreatePost", question("how?")).await["crisisResources"], Value::Null);
    });
}

#[test]
fn a_held_post_has_a_moderation_notice_for_its_author_and_is_hidden_from_others() {
    block_on(async {
        let (server, ann, bob) = (server().await, member(), member());
        let held = server.publish(&ann, question("call me")).await;
        let notice = json!({ "state": "MODERATION_STATE_HELD", "since": held["createdAt"] });
        assert_eq!(held["moderation"], notice);
        let id = json!({ "postId": held["id"] });
        assert_eq!(server.call(&ann, "GetPost", id.clone()).await["post"], held);
        assert_eq!(server.error(&bob, "GetPost", id).await.0, "not_found");
        assert_eq!(server.presenter.present_post(held["id"].as_str().unwrap().parse().unwrap()).await.unwrap(), None);
    });
}
