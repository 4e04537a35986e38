//! Encoding of a response for [`super::idempotency`].

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use prost::Message;

#[derive(Clone, PartialEq, Eq, Message)]
struct StoredResponse {
    #[prost(uint32, tag = "1")]
    status: u32,
    #[prost(message, repeated, tag = "2")]
    headers: Vec<Header>,
    #[prost(bytes = "bytes", tag = "3")]
    body: Bytes,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct Header {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// Returns the response and its encoding, or `None` if reading the body fails.
pub(super) async fn encode(response: Response) -> Option<(Response, Vec<u8>)> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.ok()?;
    let header = |(name, value): (&HeaderName, &HeaderValue)| Header {
        name: name.to_string(),
        value: value.as_bytes().to_vec(),
    };
    let headers = parts.headers.iter().map(header).collect();
    let stored = StoredResponse { status: parts.status.as_u16().into(), headers, body: body.clone() };
    Some((Response::from_parts(parts, Body::from(body)), stored.encode_to_vec()))
}

/// Decodes a response. `None` if the bytes are malformed.
pub(super) fn decode(bytes: &[u8]) -> Option<Response> {
    let stored = StoredResponse::decode(bytes).ok()?;
    let mut response = Response::new(Body::from(stored.body));
    *response.status_mut() = StatusCode::from_u16(u16::try_from(stored.status).ok()?).ok()?;
    for header in stored.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        response.headers_mut().append(name, HeaderValue::from_bytes(&header.value).ok()?);
    }
    Some(response)
}
