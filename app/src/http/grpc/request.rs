//! Translation of a gRPC request to a Connect request.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TE},
};
use connectrpc_axum::prelude::{Code, ConnectError};
use kith_proto::MethodShape;

use super::{unwrap_envelope::UnaryEnvelope, variant::GrpcVariant};
use crate::http::{deadline, rpc, stack::RequestContext};

/// Largest value of ten digits.
const MAX_MILLIS: u64 = 9_999_999_999;

const CONNECT_PROTOCOL_VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const CONNECT_CONTENT_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");
const CONNECT_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("connect-accept-encoding");

/// Changes the headers only. [`super::UnwrapEnvelopeLayer`] reads the body, below the deadline.
pub(super) fn to_connect(context: &mut RequestContext, variant: GrpcVariant) -> Result<(), ConnectError> {
    let shape = context.method.map(|called| called.shape);
    let headers = context.request.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(TE);
    headers.remove(ACCEPT_ENCODING);
    headers.insert(CONNECT_PROTOCOL_VERSION, HeaderValue::from_static("1"));
    if let Some(timeout) = headers.remove("grpc-timeout") {
        headers.insert(deadline::HEADER, HeaderValue::from(parse_timeout(&timeout)?));
    }
    let encoding = headers.remove("grpc-encoding");
    let accepted = headers.remove("grpc-accept-encoding");
    if encoding.as_ref().is_some_and(|encoding| !rpc::encoding::is_supported(encoding)) {
        return Err(rpc::encoding::unsupported());
    }
    if matches!(shape, Some(MethodShape::ServerStream | MethodShape::ClientStream)) {
        insert_if_some(
            headers,
            CONTENT_TYPE,
            HeaderValue::from_str(&format!("application/connect+{}", variant.codec)).ok(),
        );
        insert_if_some(headers, CONNECT_CONTENT_ENCODING, encoding);
        insert_if_some(headers, CONNECT_ACCEPT_ENCODING, accepted);
        return Ok(());
    }
    insert_if_some(headers, CONTENT_TYPE, HeaderValue::from_str(&format!("application/{}", variant.codec)).ok());
    insert_if_some(headers, ACCEPT_ENCODING, accepted);
    context.request.extensions_mut().insert(UnaryEnvelope { encoding });
    Ok(())
}

fn insert_if_some(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

/// Parses `grpc-timeout`: up to eight digits and a unit.
fn parse_timeout(timeout: &HeaderValue) -> Result<u64, ConnectError> {
    let invalid = || ConnectError::new(Code::InvalidArgument, "grpc-timeout must be up to eight digits and a unit");
    let text = timeout.to_str().map_err(|_| invalid())?;
    let (digits, unit) = text.len().checked_sub(1).and_then(|at| text.split_at_checked(at)).ok_or_else(invalid)?;
    let count: u64 = digits.parse().ok().filter(|_| digits.len() <= 8).ok_or_else(invalid)?;
    let millis = match unit {
        "H" => count.saturating_mul(3_600_000),
        "M" => count.saturating_mul(60_000),
        "S" => count.saturating_mul(1_000),
        "m" => count,
        "u" => count.div_ceil(1_000),
        "n" => count.div_ceil(1_000_000),
        _ => return Err(invalid()),
    };
    Ok(millis.min(MAX_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_parse_in_every_unit() {
        let parse = |text| parse_timeout(&HeaderValue::from_static(text)).ok();
        assert_eq!(parse("200m"), Some(200));
        assert_eq!(parse("2S"), Some(2_000));
        assert_eq!(parse("99999999H"), Some(MAX_MILLIS));
        assert_eq!(parse("1n"), Some(1));
        for broken in ["", "m", "123456789m", "1x", "-1S"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }
}
