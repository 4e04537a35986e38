//! Minimal Connect client that sends and receives JSON. It sends exactly the headers and the body that a test gives it,
//! and decodes all error details.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use kith_proto::details::{BadRequest, ErrorInfo};
use prost::Message as _;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;

/// Path of a method. Method names are unique across all services.
pub(crate) fn path(method: &str) -> &'static str {
    let ends = |path: &str| path.rsplit_once('/').is_some_and(|(_, name)| name == method);
    kith_proto::METHODS.iter().find(|it| ends(it.path)).unwrap_or_else(|| panic!("unknown method {method}")).path
}

/// Returns a client address that no call has used before. Rate limits of anonymous calls are per address.
pub(crate) fn unused_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // RFC 2544 reserves 198.18.0.0/15 for tests.
    let [_, _, high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("198.18.{high}.{low}")
}

/// Client of one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) url: String,
}

impl Client {
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self { http: reqwest::Client::new(), url: url.into() }
    }

    /// Returns a client of the same server at a new URL, which shares the connection pool.
    pub(crate) fn with_url(&self, url: impl Into<String>) -> Self {
        Self { http: self.http.clone(), url: url.into() }
    }

    /// Builds a JSON request without a body. The caller adds the body and sends it.
    pub(crate) fn request(&self, method: &str) -> RequestBuilder {
        self.post(path(method)).header("content-type", "application/json")
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }
}

/// Error response of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CallError {
    pub(crate) status: u16,
    pub(crate) code: String,
    /// Reason in the `ErrorInfo`. Empty if there is none.
    pub(crate) reason: String,
    /// Fields in the `BadRequest`, in its order.
    pub(crate) fields: Vec<String>,
}

/// Sends a call. Returns `None` if the connection broke before the response was complete.
pub(crate) async fn send(call: RequestBuilder) -> Option<Result<Value, CallError>> {
    let response = call.send().await.ok()?;
    let status = response.status().as_u16();
    let body = response.bytes().await.ok()?;
    let value: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(if status == 200 { Ok(value) } else { Err(parse_error(status, &value)) })
}

/// Parses an error response.
pub(crate) fn parse_error(status: u16, body: &Value) -> CallError {
    let mut error = CallError { status, code: text(&body["code"]), ..CallError::default() };
    for detail in body["details"].as_array().into_iter().flatten() {
        let bytes = BASE64_STANDARD_NO_PAD.decode(text(&detail["value"])).unwrap();
        match detail["type"].as_str().unwrap() {
            "google.rpc.ErrorInfo" => {
                let info = ErrorInfo::decode(&*bytes).unwrap();
                assert_eq!(info.domain, "kith");
                error.reason = info.reason;
            }
            "google.rpc.BadRequest" => {
                let violations = BadRequest::decode(&*bytes).unwrap().field_violations;
                assert!(violations.iter().all(|it| !it.description.is_empty() && !it.reason.is_empty()));
                error.fields = violations.into_iter().map(|it| it.field).collect();
            }
            _ => {}
        }
    }
    error
}

/// Reads the error of a binary unary call. Such errors are JSON, too.
pub(crate) async fn error_of(response: Response) -> CallError {
    let status = response.status().as_u16();
    parse_error(status, &serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

/// Returns a string, or an empty one if the value is no string.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Parses a number in proto3 JSON: 64-bit numbers are strings, and zero is omitted.
pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}
