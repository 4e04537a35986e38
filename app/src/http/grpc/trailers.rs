//! Trailers of a gRPC response. gRPC-Web sends them in the body.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderMap, HeaderName, HeaderValue},
};
use bytes::{Buf as _, BufMut as _, BytesMut};
use http_body::Frame;
use serde::Deserialize;

use super::status::{GRPC_STATUS, StatusError};

/// Length of an envelope's prefix in bytes.
const PREFIX_LEN: usize = 5;
/// Flag of the last envelope of a Connect stream.
const END_OF_STREAM: u8 = 0b10;
/// Flag of the envelope that carries gRPC-Web trailers.
const WEB_TRAILERS: u8 = 0b1000_0000;

/// Encodes the trailers as the last frame of a response.
pub(super) fn last_frame(trailers: HeaderMap, web: bool) -> Frame<Bytes> {
    if !web {
        return Frame::trailers(trailers);
    }
    let mut text = BytesMut::new();
    for (name, value) in &trailers {
        text.put_slice(name.as_str().as_bytes());
        text.put_slice(b": ");
        text.put_slice(value.as_bytes());
        text.put_slice(b"\r\n");
    }
    Frame::data(envelope(WEB_TRAILERS, &text))
}

/// Encodes a message with its prefix.
pub(super) fn envelope(flags: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(message.len().saturating_add(PREFIX_LEN));
    bytes.put_u8(flags);
    // Messages are limited to far less than 4 GiB.
    bytes.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    bytes.put_slice(message);
    bytes.freeze()
}

/// Body of a Connect stream whose last envelope becomes trailers.
pub(super) struct TrailerBody {
    body: Body,
    buffer: BytesMut,
    web: bool,
    ended: bool,
}

/// Content of the last envelope of a Connect stream.
#[derive(Default, Deserialize)]
struct EndOfStream {
    error: Option<StatusError>,
    #[serde(default)]
    metadata: std::collections::HashMap<String, Vec<String>>,
}

impl TrailerBody {
    pub(super) fn new(body: Body, web: bool) -> Self {
        Self { body, buffer: BytesMut::new(), web, ended: false }
    }

    /// Takes the next complete envelope from the buffer.
    fn next_frame(&mut self) -> Option<Frame<Bytes>> {
        let mut prefix = self.buffer.get(..PREFIX_LEN)?;
        let flags = prefix.try_get_u8().ok()?;
        let length = usize::try_from(prefix.try_get_u32().ok()?).ok()?.saturating_add(PREFIX_LEN);
        if self.buffer.len() < length {
            return None;
        }
        let mut envelope = self.buffer.split_to(length).freeze();
        if flags & END_OF_STREAM == 0 {
            return Some(Frame::data(envelope));
        }
        envelope.advance(PREFIX_LEN);
        Some(self.end(serde_json::from_slice(&envelope).unwrap_or_default()))
    }

    fn end(&mut self, end: EndOfStream) -> Frame<Bytes> {
        self.ended = true;
        let mut trailers = HeaderMap::new();
        for (name, values) in end.metadata {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
                trailers.append(name.clone(), value);
            }
        }
        match end.error {
            Some(error) => error.write(&mut trailers),
            None => drop(trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"))),
        }
        last_frame(trailers, self.web)
    }
}

impl HttpBody for TrailerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while !self.ended {
            if let Some(frame) = self.next_frame() {
                return Poll::Ready(Some(Ok(frame)));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                Some(Ok(data)) => self.buffer.extend_from_slice(&data),
                // Connect has no trailers.
                Some(Err(_)) => {}
                None => return Poll::Ready(Some(Ok(self.end(incomplete_stream())))),
            }
        }
        Poll::Ready(None)
    }
}

/// Error of a stream that ends without its last envelope.
fn incomplete_stream() -> EndOfStream {
    EndOfStream { error: Some(StatusError::default()), ..EndOfStream::default() }
}
