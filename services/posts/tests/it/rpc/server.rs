//! Router under test.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use kith_infra::replay_log::{InMemory, Retention};
use kith_kernel::{Actor, PageTokenCodec, SystemClock, ports::ReplayLog};
use kith_posts::{
    FeedStreams,
    rpc::{self, Handlers, Presenter},
};
use kith_proto::details::BadRequest;
use kith_testkit::ManualClock;
use prost::Message as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::harness::{Harness, StubPorts, clock, service, sqlite};

pub(super) struct Server {
    pub(super) harness: Harness,
    pub(super) router: Router,
    pub(super) presenter: Arc<Presenter>,
    pub(super) stubs: Arc<StubPorts>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) replay_log: Arc<dyn ReplayLog>,
}

pub(super) async fn server() -> Server {
    let (harness, clock, stubs) = (sqlite().await, clock(), Arc::new(StubPorts::default()));
    let retention = Retention { max_entries: 100, max_bytes: 1 << 20, max_age: Duration::from_hours(48) };
    let replay_log: Arc<dyn ReplayLog> = Arc::new(InMemory::new(&[7; 16], 1, retention, Arc::new(SystemClock)));
    let feed_streams = FeedStreams {
        flags: Arc::<kith_testkit::StubFlags>::default(),
        store: harness.store.clone(),
        blocks: stubs.clone(),
        sessions: stubs.clone(),
        replay_log: replay_log.clone(),
        clock: clock.clone(),
        recheck_interval: Duration::from_mins(1),
    };
    let presenter = Arc::new(Presenter {
        store: harness.store.clone(),
        personas: stubs.clone(),
        blocks: stubs.clone(),
        counts: stubs.clone(),
        clock: clock.clone(),
    });
    let page_tokens = Arc::new(PageTokenCodec::new(&[7; 32]));
    let crisis_resources = Arc::new(kith_testkit::StubCrisisResources);
    let handlers = Handlers {
        service: Arc::new(service(&harness, &stubs, &clock)),
        feed_streams,
        presenter: presenter.clone(),
        page_tokens,
        crisis_resources,
    };
    let router = connectrpc_axum::MakeServiceBuilder::new().add_router(rpc::router(handlers)).build();
    Server { harness, router, presenter, stubs, clock, replay_log }
}

impl Server {
    pub(super) fn request(actor: Option<&Actor>, method: &str, kind: &str, body: Vec<u8>) -> Request<Body> {
        let mut request = Request::post(format!("/kith.posts.v1.PostService/{method}"))
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        if let Some(actor) = actor {
            request.extensions_mut().insert(actor.clone());
        }
        request
    }

    pub(super) async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap())
    }

    pub(super) async fn call(&self, actor: &Actor, method: &str, body: Value) -> Value {
        let request = Self::request(Some(actor), method, "application/json", body.to_string().into_bytes());
        let (status, response) = self.send(request).await;
        assert_eq!(status, StatusCode::OK, "{method}: {response}");
        response
    }

    /// Returns the code of the error and the field that it names.
    pub(super) async fn error(&self, actor: &Actor, method: &str, body: Value) -> (String, Option<String>) {
        let request = Self::request(Some(actor), method, "application/json", body.to_string().into_bytes());
        let (status, response) = self.send(request).await;
        assert_ne!(status, StatusCode::OK, "{method}: {response}");
        let details = response["details"].as_array().cloned().unwrap_or_default();
        let field = details.iter().find(|detail| detail["type"] == "google.rpc.BadRequest").map(|detail| {
            let bytes = STANDARD_NO_PAD.decode(detail["value"].as_str().unwrap().trim_end_matches('=')).unwrap();
            BadRequest::decode(&bytes[..]).unwrap().field_violations[0].field.clone()
        });
        (response["code"].as_str().unwrap().to_owned(), field)
    }

    pub(super) async fn publish(&self, actor: &Actor, body: Value) -> Value {
        self.call(actor, "CreatePost", body).await["post"].clone()
    }
}
