//! Connect as JSON, by hand: what goes out is what a test says, and a refusal is read to its last detail.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use kith_proto::details::{BadRequest, ErrorInfo};
use prost::Message as _;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// The path of a method. No two services have one of the same name.
pub(crate) fn path(method: &str) -> &'static str {
    let ends = |path: &str| path.rsplit_once('/').is_some_and(|(_, name)| name == method);
    kith_proto::METHODS.iter().find(|it| ends(it.path)).unwrap_or_else(|| panic!("there is no {method}")).path
}

/// An address that nobody has called from: the quotas of strangers are by address.
pub(crate) fn elsewhere() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // 198.18.0.0/15 is for tests, RFC 2544.
    let [_, _, high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("198.18.{high}.{low}")
}

/// A way to one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) url: String,
}

impl Client {
    pub(crate) fn to(url: impl Into<String>) -> Self {
        Self { http: reqwest::Client::new(), url: url.into() }
    }

    /// The same, to where the server is now.
    pub(crate) fn moved(&self, url: impl Into<String>) -> Self {
        Self { http: self.http.clone(), url: url.into() }
    }

    /// A call that is yet to be sent.
    pub(crate) fn call(&self, method: &str) -> RequestBuilder {
        self.post(path(method)).header("content-type", "application/json")
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }
}

/// What a call was refused with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    /// Of the `ErrorInfo`; empty without one.
    pub(crate) reason: String,
    /// Of the `BadRequest`, in its order.
    pub(crate) fields: Vec<String>,
}

/// What came of a call. `None` if the connection broke.
pub(crate) async fn answer(call: RequestBuilder) -> Option<Result<Value, Refused>> {
    let response = call.send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.bytes().await.ok()?;
    let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(if status == 200 { Ok(value) } else { Err(refusal(status, &value)) })
}

/// How a refusal reads.
pub(crate) fn refusal(status: u16, body: &Value) -> Refused {
    let mut refused = Refused { status, code: text(&body["code"]), ..Refused::default() };
    for detail in body["details"].as_array().into_iter().flatten() {
        let bytes = BASE64_STANDARD_NO_PAD.decode(text(&detail["value"])).unwrap();
        match detail["type"].as_str().unwrap() {
            "google.rpc.ErrorInfo" => {
                let info = ErrorInfo::decode(&*bytes).unwrap();
                assert_eq!(info.domain, "kith");
                refused.reason = info.reason;
            }
            "google.rpc.BadRequest" => {
                let violations = BadRequest::decode(&*bytes).unwrap().field_violations;
                assert!(violations.iter().all(|it| !it.description.is_empty() && !it.reason.is_empty()));
                refused.fields = violations.into_iter().map(|it| it.field).collect();
            }
            _ => {}
        }
    }
    refused
}

/// What a binary unary call was refused with: errors are JSON there too.
pub(crate) async fn refused(response: Response) -> Refused {
    let status = response.status().as_u16();
    refusal(status, &serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

/// A text, or an empty one where there is none.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number as proto3 JSON has it: 64 bits as a text, and nothing for zero.
pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}
