//! Conversions between kernel types and messages, for the `rpc` module of every slice.

use kith_kernel::{ModerationState, Timestamp, ports};
use pbjson_types::Timestamp as WireTimestamp;

use crate::{
    content::v1::{CrisisResource, Moderation, ModerationState as WireModerationState},
    users::v1::{Badge, Persona},
};

/// Converts a timestamp.
#[must_use]
pub fn timestamp(at: Timestamp) -> WireTimestamp {
    let millis = at.millis();
    // The remainder is below 1,000 milliseconds, so it always fits.
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).unwrap_or(0);
    WireTimestamp { seconds: millis.div_euclid(1_000), nanos }
}

/// Converts a timestamp of a client. Fractions of a millisecond are dropped; a value out of range becomes the nearest
/// representable one.
#[must_use]
pub fn timestamp_from(at: &WireTimestamp) -> Timestamp {
    Timestamp::from_millis(at.seconds.saturating_mul(1_000).saturating_add(i64::from(at.nanos / 1_000_000)))
}

/// Converts a persona.
#[must_use]
pub fn persona(persona: &ports::Persona) -> Persona {
    let badge = |badge: &ports::Badge| match badge {
        ports::Badge::Supporter => Badge::Supporter.into(),
        ports::Badge::Guide => Badge::Guide.into(),
        ports::Badge::Moderator => Badge::Moderator.into(),
    };
    Persona {
        id: persona.id.to_string(),
        handle: persona.handle.clone(),
        avatar: persona.avatar.into(),
        badges: persona.badges.iter().map(badge).collect(),
    }
}

/// Converts the moderation state of content into the notice that its author sees.
#[must_use]
pub fn moderation_notice(state: ModerationState) -> Moderation {
    let (state, since) = match state {
        ModerationState::Held(since) => (WireModerationState::Held, since),
        ModerationState::Removed(since) => (WireModerationState::Removed, since),
    };
    Moderation { state: state.into(), since: Some(timestamp(since)) }
}

#[must_use]
pub fn crisis_resources(resources: Vec<ports::CrisisResource>) -> Vec<CrisisResource> {
    let message = |resource: ports::CrisisResource| CrisisResource {
        name: resource.name.to_owned(),
        phone: resource.phone.map(ToOwned::to_owned),
        text: resource.text.map(ToOwned::to_owned),
        url: resource.url.map(ToOwned::to_owned),
        description: resource.description.to_owned(),
    };
    resources.into_iter().map(message).collect()
}
