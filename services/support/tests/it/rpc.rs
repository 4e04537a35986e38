//! RPC methods over the router, without a socket.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kith_kernel::{Actor, PageTokenCodec, PostId, ResponseId, SystemEntropy};
use kith_proto::{ClaimedId, presenters::ResponsePresenter as _};
use kith_support::rpc::{self, Presenter};
use kith_testkit::{block_on, member, user};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    env::{Silent, TestEnv},
    harness::{HUG, NOW, words},
};

const METHODS: [&str; 6] =
    ["CreateResponse", "ListResponses", "DeleteResponse", "QuickSupport", "MarkHelpful", "GetSupportStats"];

/// The router, the post of Ann, and Bob.
struct Scenario {
    env: TestEnv,
    server: Router,
    ann: Actor,
    bob: Actor,
    post: PostId,
}

fn presenter(env: &TestEnv) -> Presenter {
    let posts = env.others.clone();
    Presenter { store: env.service.store.clone(), posts, personas: env.others.clone() }
}

fn handlers(env: &TestEnv, presenter: Presenter) -> rpc::Handlers {
    rpc::Handlers {
        service: env.service.clone(),
        presenter: Arc::new(presenter),
        page_tokens: Arc::new(PageTokenCodec::new(&[7; 32])),
        crisis_resources: Arc::new(kith_testkit::StubCrisisResources),
    }
}

async fn scenario() -> Scenario {
    let (env, ann, bob) = (TestEnv::new().await, member(), member());
    let router = rpc::router(handlers(&env, presenter(&env)));
    let server = connectrpc_axum::MakeServiceBuilder::new().add_router(router).build();
    let post = env.others.post_by(&ann);
    Scenario { env, server, ann, bob, post }
}

impl Scenario {
    async fn call(&self, actor: &Actor, method: &str, body: Value) -> (StatusCode, Value) {
        send(&self.server, Some(actor), None, method, body).await
    }

    /// Calls a method and expects success.
    async fn ok(&self, actor: &Actor, method: &str, body: Value) -> Value {
        let (status, answer) = self.call(actor, method, body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// Creates a text response of Bob to the post of Ann.
    async fn said(&self) -> Value {
        let body = json!({ "postId": self.post.to_string(), "text": " you are not alone " });
        self.ok(&self.bob, "CreateResponse", body).await["response"].clone()
    }
}

async fn send(
    server: &Router,
    actor: Option<&Actor>,
    claimed: Option<ClaimedId>,
    method: &str,
    body: Value,
) -> (StatusCode, Value) {
    let mut request = Request::post(format!("/kith.support.v1.SupportService/{method}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    if let Some(actor) = actor {
        request.extensions_mut().insert(actor.clone());
    }
    if let Some(claimed) = claimed {
        request.extensions_mut().insert(claimed);
    }
    let answer = server.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    (status, serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap())
}

/// Returns true if the error details contain the text. Protobuf stores texts verbatim.
fn contains(refusal: &Value, word: &str) -> bool {
    refusal["details"].as_array().unwrap().iter().any(|detail| {
        let encoded = detail["value"].as_str().unwrap();
        decoded(encoded).windows(word.len()).any(|window| window == word.as_bytes())
    })
}

/// Decodes unpadded Base64.
fn decoded(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_usize, 0);
    for letter in text.chars().filter(|letter| *letter != '=') {
        held = ((held << 6) | LETTERS.find(letter).unwrap()) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

#[test]
fn a_created_response_is_listed_for_other_users() {
    block_on(async {
        let scenario = scenario().await;
        let response = scenario.said().await;
        assert_eq!(response["postId"], scenario.post.to_string());
        assert_eq!(response["text"], "you are not alone");
        assert_eq!(response["author"]["id"], scenario.bob.persona.to_string());
        assert_eq!(response["createdAt"], "2023-11-14T22:13:20.123Z");
        assert_eq!(response["helpfulAt"], Value::Null);
        let list = scenario.ok(&scenario.ann, "ListResponses", json!({ "postId": scenario.post.to_string() })).await;
        assert_eq!(list["responses"], json!([response]));
        assert!(!list.to_string().contains(&scenario.bob.user.to_string()), "no account id leaves the service");
    });
}

#[test]
fn quick_support_is_idempotent_across_both_methods() {
    block_on(async {
        let scenario = scenario().await;
        for kind in ["YOU_GOT_THIS", "STAY_STRONG", "HERE_FOR_YOU", "PROUD_OF_YOU", "HUG"] {
            let (post, kind) = (scenario.post.to_string(), format!("QUICK_KIND_{kind}"));
            let body = json!({ "postId": post, "kind": kind });
            let first = scenario.ok(&scenario.bob, "QuickSupport", body.clone()).await;
            assert_eq!(first["response"]["quick"], kind);
            assert_eq!(scenario.ok(&scenario.bob, "QuickSupport", body).await, first);
            let body = json!({ "postId": post, "quick": kind });
            assert_eq!(scenario.ok(&scenario.bob, "CreateResponse", body).await, first);
        }
        assert_eq!(scenario.env.announced().await.len(), 5);
    });
}

#[test]
fn a_repeated_call_returns_the_same_response() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.post.to_string();
        let words = json!({ "postId": post, "text": "once" });
        let tap = json!({ "postId": post, "kind": "QUICK_KIND_HUG" });
        for (method, body) in [("CreateResponse", words), ("QuickSupport", tap)] {
            let id = ResponseId::new(NOW, &SystemEntropy).uuid();
            let claimed = Some(ClaimedId(Some(id)));
            let (_, first) = send(&scenario.server, Some(&scenario.bob), claimed, method, body.clone()).await;
            assert_eq!(first["response"]["id"], id.to_string());
            assert_eq!(send(&scenario.server, Some(&scenario.bob), claimed, method, body).await.1, first);
        }
        assert_eq!(scenario.env.announced().await.len(), 2);
    });
}

#[test]
fn a_helpful_mark_has_a_time_and_is_counted() {
    block_on(async {
        let scenario = scenario().await;
        let response = scenario.said().await;
        scenario.ok(&scenario.bob, "QuickSupport", json!({ "postId": scenario.post.to_string(), "kind": 5 })).await;
        let which = json!({ "responseId": response["id"] });
        let marked = scenario.ok(&scenario.ann, "MarkHelpful", which.clone()).await;
        assert_eq!(marked["response"]["helpfulAt"], "2023-11-14T22:13:20.123Z");
        assert_eq!(scenario.ok(&scenario.ann, "MarkHelpful", which).await, marked);
        let bobs = json!({ "textsGiven": "1", "quickGiven": "1", "postsAnswered": "1", "helpfulGiven": "1" });
        let stats = scenario.ok(&scenario.bob, "GetSupportStats", json!({})).await;
        for (figure, count) in bobs.as_object().unwrap() {
            assert_eq!(stats[figure], *count, "{figure}");
        }
        assert_eq!(scenario.ok(&scenario.ann, "GetSupportStats", json!({})).await["received"], "2");
    });
}

#[test]
fn a_deleted_response_is_not_listed() {
    block_on(async {
        let scenario = scenario().await;
        let which = json!({ "responseId": scenario.said().await["id"] });
        scenario.ok(&scenario.bob, "DeleteResponse", which.clone()).await;
        let list = scenario.ok(&scenario.ann, "ListResponses", json!({ "postId": scenario.post.to_string() })).await;
        assert_eq!(list["responses"].as_array().map_or(0, Vec::len), 0);
        let (status, refusal) = scenario.call(&scenario.bob, "DeleteResponse", which).await;
        assert_eq!((status, &refusal["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
        assert!(contains(&refusal, "RESPONSE_NOT_FOUND"));
    });
}

#[test]
fn page_tokens_are_valid_for_their_own_post_only() {
    block_on(async {
        let scenario = scenario().await;
        for _ in 0..5 {
            scenario.said().await;
        }
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let body = json!({ "postId": scenario.post.to_string(), "pageSize": 2, "pageToken": token });
            let page = scenario.ok(&scenario.ann, "ListResponses", body).await;
            seen.extend(page["responses"].as_array().unwrap().iter().map(|response| response["id"].to_string()));
            let next = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
            if next.is_empty() {
                break;
            }
            token = next;
        }
        assert_eq!(seen.len(), 5);
        assert!(seen.is_sorted());
        let other = scenario.env.others.post_by(&scenario.ann);
        let body = json!({ "postId": other.to_string(), "pageToken": token });
        let (_, refusal) = scenario.call(&scenario.ann, "ListResponses", body).await;
        assert!(contains(&refusal, "PAGE_TOKEN_INVALID"), "{refusal}");
    });
}

#[test]
fn invalid_input_names_its_field() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.post.to_string();
        let cases = [
            ("CreateResponse", json!({ "postId": "here", "text": "hi" }), "post_id"),
            ("CreateResponse", json!({ "text": "hi" }), "post_id"),
            ("CreateResponse", json!({ "postId": post }), "content"),
            ("CreateResponse", json!({ "postId": post, "text": "" }), "text"),
            ("CreateResponse", json!({ "postId": post, "text": " \n " }), "text"),
            ("CreateResponse", json!({ "postId": post, "text": "x".repeat(2_001) }), "text"),
            ("CreateResponse", json!({ "postId": post, "quick": 0 }), "quick"),
            ("CreateResponse", json!({ "postId": post, "quick": 77 }), "quick"),
            ("QuickSupport", json!({ "postId": "here", "kind": 1 }), "post_id"),
            ("QuickSupport", json!({ "postId": post }), "kind"),
            ("QuickSupport", json!({ "postId": post, "kind": 77 }), "kind"),
            ("QuickSupport", json!({ "postId": post, "kind": -1 }), "kind"),
            ("ListResponses", json!({ "postId": "here" }), "post_id"),
            ("ListResponses", json!({ "postId": post, "pageSize": 101 }), "page_size"),
            ("ListResponses", json!({ "postId": post, "pageSize": -1 }), "page_size"),
            ("ListResponses", json!({ "postId": post, "pageToken": "made-up" }), "page_token"),
            ("ListResponses", json!({ "postId": post, "pageToken": "x".repeat(257) }), "page_token"),
            ("DeleteResponse", json!({ "responseId": "that" }), "response_id"),
            ("DeleteResponse", json!({}), "response_id"),
            ("MarkHelpful", json!({ "responseId": "that" }), "response_id"),
        ];
        for (method, body, field) in cases {
            let (status, refusal) = scenario.call(&scenario.bob, method, body.clone()).await;
            let seen = (status, refusal["code"].clone());
            assert_eq!(seen, (StatusCode::BAD_REQUEST, json!("invalid_argument")), "{method} {body}");
            assert!(contains(&refusal, field), "{method} {body}: {refusal}");
        }
        assert_eq!(scenario.env.announced().await, []);
    });
}

#[test]
fn malformed_messages_are_rejected() {
    block_on(async {
        let scenario = scenario().await;
        let post = scenario.post.to_string();
        let both = json!({ "postId": post, "text": "hi", "quick": "QUICK_KIND_HUG" });
        for body in [both, json!({ "postId": 7 }), json!([]), json!({ "postId": post, "quick": "QUICK_KIND_KISS" })] {
            let (status, refusal) = scenario.call(&scenario.bob, "CreateResponse", body.clone()).await;
            let seen = (status, refusal["code"].clone());
            assert_eq!(seen, (StatusCode::BAD_REQUEST, json!("invalid_argument")), "{body}");
        }
    });
}

#[test]
fn errors_have_a_code_and_a_reason() {
    block_on(async {
        let scenario = scenario().await;
        let (post, theirs) = (scenario.post.to_string(), scenario.said().await["id"].clone());
        let own = json!({ "postId": post, "text": "still here" });
        let own = scenario.ok(&scenario.ann, "CreateResponse", own).await["response"]["id"].clone();
        let nothing = user().to_string();
        let cases = [
            (
                &scenario.bob,
                "CreateResponse",
                json!({ "postId": nothing, "text": "hi" }),
                "not_found",
                "POST_NOT_FOUND",
            ),
            (&scenario.bob, "QuickSupport", json!({ "postId": nothing, "kind": 1 }), "not_found", "POST_NOT_FOUND"),
            (&scenario.bob, "ListResponses", json!({ "postId": nothing }), "not_found", "POST_NOT_FOUND"),
            (&scenario.bob, "DeleteResponse", json!({ "responseId": nothing }), "not_found", "RESPONSE_NOT_FOUND"),
            (&scenario.bob, "MarkHelpful", json!({ "responseId": nothing }), "not_found", "RESPONSE_NOT_FOUND"),
            (&scenario.ann, "DeleteResponse", json!({ "responseId": theirs }), "permission_denied", "NOT_AUTHOR"),
            (&scenario.bob, "MarkHelpful", json!({ "responseId": theirs }), "permission_denied", "NOT_POST_AUTHOR"),
            (
                &scenario.ann,
                "MarkHelpful",
                json!({ "responseId": own }),
                "failed_precondition",
                "CANNOT_MARK_OWN_RESPONSE",
            ),
            (
                &scenario.ann,
                "QuickSupport",
                json!({ "postId": post, "kind": 1 }),
                "failed_precondition",
                "CANNOT_SUPPORT_OWN_POST",
            ),
            (
                &scenario.bob,
                "CreateResponse",
                json!({ "postId": post }),
                "invalid_argument",
                "RESPONSE_CONTENT_REQUIRED",
            ),
        ];
        for (actor, method, body, code, reason) in cases {
            let (_, refusal) = scenario.call(actor, method, body).await;
            assert_eq!(refusal["code"], code, "{method}: {refusal}");
            assert!(contains(&refusal, reason), "{method}: {refusal}");
        }
    });
}

#[test]
fn unauthenticated_callers_are_rejected_by_every_method() {
    block_on(async {
        let scenario = scenario().await;
        for method in METHODS {
            let (status, refusal) = send(&scenario.server, None, None, method, json!({})).await;
            assert_eq!((status, &refusal["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")), "{method}");
        }
    });
}

#[test]
fn methods_and_policies_match() {
    let rows: Vec<&str> = kith_support::access::METHOD_POLICIES.iter().map(|row| row.path).collect();
    let declared = kith_proto::METHODS.iter().map(|method| method.path);
    let declared: Vec<&str> = declared.filter(|path| path.starts_with("/kith.support.v1.")).collect();
    assert_eq!(declared.len(), METHODS.len());
    for method in METHODS {
        let path = format!("/kith.support.v1.SupportService/{method}");
        assert!(rows.contains(&path.as_str()) && declared.contains(&path.as_str()), "{method}");
    }
    assert_eq!(rows.len(), METHODS.len());
}

#[test]
fn personas_are_loaded_once_per_page_and_responses_without_one_are_omitted() {
    block_on(async {
        let scenario = scenario().await;
        let eve = member();
        for actor in [&scenario.bob, &eve, &scenario.bob] {
            scenario.env.service.create(actor, scenario.post, words("hello"), None).await.unwrap();
        }
        scenario.env.others.forget_persona(eve.persona);
        let list = scenario.ok(&scenario.ann, "ListResponses", json!({ "postId": scenario.post.to_string() })).await;
        let authors = list["responses"].as_array().unwrap().iter().map(|response| &response["author"]["id"]);
        assert!(authors.clone().all(|author| *author == scenario.bob.persona.to_string()));
        assert_eq!((authors.count(), scenario.env.others.asked()), (2, 1));
    });
}

#[test]
fn frames_contain_a_response_until_it_or_its_post_is_deleted() {
    block_on(async {
        let scenario = scenario().await;
        let presenter = presenter(&scenario.env);
        let response = scenario.env.service.create(&scenario.bob, scenario.post, HUG, None).await.unwrap().response;
        let shown = presenter.present_response(response.id).await.unwrap().unwrap();
        assert_eq!(shown.id, response.id.to_string());
        assert_eq!(shown.author.unwrap().id, scenario.bob.persona.to_string());
        let (store, posts) = (scenario.env.service.store.clone(), scenario.env.others.clone());
        let faceless = Presenter { store: store.clone(), posts: posts.clone(), personas: Arc::new(Silent) };
        faceless.present_response(response.id).await.unwrap_err();
        Presenter { store, posts: Arc::new(Silent), personas: posts }.present_response(response.id).await.unwrap_err();
        scenario.env.service.delete(&scenario.bob, response.id).await.unwrap();
        assert!(presenter.present_response(response.id).await.unwrap().is_none());
        assert!(presenter.present_response(ResponseId::new(NOW, &SystemEntropy)).await.unwrap().is_none());
        let other = scenario.env.service.create(&scenario.bob, scenario.post, HUG, None).await.unwrap().response;
        scenario.env.others.delete_post(scenario.post);
        assert!(presenter.present_response(other.id).await.unwrap().is_none());
    });
}

#[test]
fn a_response_that_cannot_be_presented_is_not_created() {
    block_on(async {
        let scenario = scenario().await;
        let store = scenario.env.service.store.clone();
        let presenter =
            Presenter { store: store.clone(), posts: scenario.env.others.clone(), personas: Arc::new(Silent) };
        let router = rpc::router(handlers(&scenario.env, presenter));
        let silent = connectrpc_axum::MakeServiceBuilder::new().add_router(router).build();
        for (method, content) in [("CreateResponse", ("text", "hold on")), ("QuickSupport", ("kind", "QUICK_KIND_HUG"))]
        {
            let body = json!({ "postId": scenario.post.to_string(), content.0: content.1 });
            let (_, answer) = send(&silent, Some(&scenario.bob), None, method, body).await;
            assert_eq!(answer["code"], "unavailable", "{method}");
        }
        let list = scenario.ok(&scenario.ann, "ListResponses", json!({ "postId": scenario.post.to_string() })).await;
        assert_eq!(list, json!({}));
    });
}

#[test]
fn crisis_language_returns_local_crisis_resources() {
    block_on(async {
        let scenario = scenario().await;
        let mut body = json!({ "postId": scenario.post.to_string(), "text": "I end it all", "locale": "en-GB" });
        let answer = scenario.ok(&scenario.bob, "CreateResponse", body.clone()).await;
        assert_eq!(answer["crisisResources"][0]["phone"], "116 123");
        assert_eq!(answer["response"]["moderation"], Value::Null);
        body["text"] = json!("hello");
        assert_eq!(scenario.ok(&scenario.bob, "CreateResponse", body).await["crisisResources"], Value::Null);
    });
}

#[test]
fn authors_see_that_their_response_is_held() {
    block_on(async {
        let scenario = scenario().await;
        let body = json!({ "postId": scenario.post.to_string(), "text": "call me" });
        let held = scenario.ok(&scenario.bob, "CreateResponse", body).await["response"].clone();
        let notice = json!({ "state": "MODERATION_STATE_HELD", "since": held["createdAt"] });
        assert_eq!(held["moderation"], notice);
        let list = json!({ "postId": scenario.post.to_string() });
        assert_eq!(scenario.ok(&scenario.bob, "ListResponses", list.clone()).await["responses"], json!([held]));
        assert_eq!(scenario.ok(&scenario.ann, "ListResponses", list).await["responses"], Value::Null);
    });
}
