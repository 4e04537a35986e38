//! Requests as domain types.

use kith_kernel::{PostId, ResponseId, id::InvalidId};
use kith_proto::support::v1::{QuickKind as WireKind, create_response_request::Content as WireContent};

use crate::{Content, Error, QuickKind, Text};

pub(super) fn content(content: Option<WireContent>) -> Result<Content, Error> {
    match content {
        Some(WireContent::Text(text)) => Ok(Content::Text(Text::new(&text)?)),
        Some(WireContent::Quick(number)) => Ok(Content::Quick(quick_kind(number, "quick")?)),
        None => Err(Error::ContentMissing),
    }
}

pub(super) fn quick_kind(number: i32, field: &'static str) -> Result<QuickKind, Error> {
    match WireKind::try_from(number) {
        Ok(WireKind::YouGotThis) => Ok(QuickKind::YouGotThis),
        Ok(WireKind::StayStrong) => Ok(QuickKind::StayStrong),
        Ok(WireKind::HereForYou) => Ok(QuickKind::HereForYou),
        Ok(WireKind::ProudOfYou) => Ok(QuickKind::ProudOfYou),
        Ok(WireKind::Hug) => Ok(QuickKind::Hug),
        Ok(WireKind::Unspecified) | Err(_) => Err(Error::UnknownKind { field }),
    }
}

/// Parses an id. A malformed id is reported as not found.
pub(super) fn post_id(text: &str) -> Result<PostId, Error> {
    text.parse().map_err(|InvalidId| Error::PostNotFound)
}

/// Parses an id. A malformed id is reported as not found.
pub(super) fn response_id(text: &str) -> Result<ResponseId, Error> {
    text.parse().map_err(|InvalidId| Error::ResponseNotFound)
}
