//! Variants of the gRPC protocol, negotiated by content type.

use axum::http::{HeaderMap, header::CONTENT_TYPE};

const GRPC: &str = "application/grpc";

/// gRPC or gRPC-Web, and the codec of its messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrpcVariant {
    /// True for gRPC-Web, which sends trailers in the body.
    pub(super) web: bool,
    pub(super) codec: &'static str,
}

impl GrpcVariant {
    /// Parses a content type as [`grpc_content_type`] returns it. `None` if the variant or codec is not supported.
    pub(super) fn from_content_type(content_type: &str) -> Option<Self> {
        let (name, codec) = content_type.split_once('+').unwrap_or((content_type, "proto"));
        let codec = ["proto", "json"].into_iter().find(|supported| *supported == codec)?;
        match name {
            "application/grpc" => Some(Self { web: false, codec }),
            "application/grpc-web" => Some(Self { web: true, codec }),
            _ => None,
        }
    }

    pub(super) fn content_type(self) -> String {
        format!("application/grpc{}+{}", if self.web { "-web" } else { "" }, self.codec)
    }
}

/// Content type of a gRPC request in lower case and without parameters. `None` if the request is not gRPC.
pub(super) fn grpc_content_type(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let start = content_type.get(..GRPC.len())?;
    let bare = content_type.split(';').next().unwrap_or(content_type);
    start.eq_ignore_ascii_case(GRPC).then(|| bare.trim().to_ascii_lowercase())
}
