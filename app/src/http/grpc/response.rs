//! Translation of a Connect response to a gRPC response.

use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    },
    response::Response,
};
use futures_util::stream;
use http_body_util::StreamBody;

use super::{
    status::{GRPC_STATUS, StatusError},
    trailers,
    variant::GrpcVariant,
};

const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
/// Prefix of the headers that carry the trailers of a unary Connect response.
const TRAILER_PREFIX: &str = "trailer-";

pub(super) async fn from_connect(response: Response, variant: GrpcVariant) -> Response {
    let (mut parts, body) = response.into_parts();
    let status = std::mem::replace(&mut parts.status, StatusCode::OK);
    let headers = &mut parts.headers;
    let content_type = headers.remove(CONTENT_TYPE);
    let content_type = content_type.as_ref().map_or(&b""[..], |value| value.as_bytes());
    headers.remove(CONTENT_LENGTH);
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("gzip, br, zstd"));
    if let Ok(value) = HeaderValue::from_str(&variant.content_type()) {
        headers.insert(CONTENT_TYPE, value);
    }
    if content_type.starts_with(b"application/connect+") {
        if let Some(encoding) = headers.remove("connect-content-encoding") {
            headers.insert(GRPC_ENCODING, encoding);
        }
        headers.remove("connect-accept-encoding");
        return Response::from_parts(parts, Body::new(trailers::TrailerBody::new(body, variant.web)));
    }
    let encoding = headers.remove(CONTENT_ENCODING);
    let mut trailer_map = take_trailers(headers);
    let mut frames = Vec::with_capacity(2);
    match to_bytes(body, usize::MAX).await {
        Ok(message) if status == StatusCode::OK => {
            frames.push(http_body::Frame::data(trailers::envelope(u8::from(encoding.is_some()), &message)));
            headers.extend(encoding.map(|encoding| (GRPC_ENCODING, encoding)));
            trailer_map.insert(GRPC_STATUS, HeaderValue::from_static("0"));
        }
        Ok(error) if content_type.starts_with(b"application/json") => {
            let error = serde_json::from_slice(&error).unwrap_or_else(|_| StatusError::from_http_status(status));
            error.write(&mut trailer_map);
        }
        Ok(_) | Err(_) => StatusError::from_http_status(status).write(&mut trailer_map),
    }
    frames.push(trailers::last_frame(trailer_map, variant.web));
    let frames = frames.into_iter().map(Ok::<_, std::convert::Infallible>);
    Response::from_parts(parts, Body::new(StreamBody::new(stream::iter(frames))))
}

fn take_trailers(headers: &mut HeaderMap) -> HeaderMap {
    let marked = |name: &HeaderName| Some((name.clone(), name.as_str().strip_prefix(TRAILER_PREFIX)?.parse().ok()?));
    let names: Vec<(HeaderName, HeaderName)> = headers.keys().filter_map(marked).collect();
    let mut trailers = HeaderMap::new();
    for (marked, name) in names {
        for value in headers.get_all(&marked) {
            trailers.append(name.clone(), value.clone());
        }
        headers.remove(&marked);
    }
    trailers
}
