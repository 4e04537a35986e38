//! The words of the kernel as messages, for every `rpc.rs`.

use kith_kernel::{Timestamp, Veil, crisis, ports};
use pbjson_types::Timestamp as WireTimestamp;

use crate::{
    content::v1::{CrisisResource, Moderation, ModerationState},
    users::v1::{Badge, Persona},
};

/// A moment.
#[must_use]
pub fn timestamp(at: Timestamp) -> WireTimestamp {
    let millis = at.millis();
    // The remainder is below a thousand milliseconds, so it always fits.
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).unwrap_or(0);
    WireTimestamp { seconds: millis.div_euclid(1_000), nanos }
}

/// A moment that a client names; parts of a millisecond are dropped. One that is out of all bounds is as far as it goes.
#[must_use]
pub fn moment(at: &WireTimestamp) -> Timestamp {
    Timestamp::from_millis(at.seconds.saturating_mul(1_000).saturating_add(i64::from(at.nanos / 1_000_000)))
}

/// How somebody appears.
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

/// What the author of something is told that nobody else sees.
#[must_use]
pub fn moderation(veil: Veil) -> Moderation {
    let (state, since) = match veil {
        Veil::Held(since) => (ModerationState::Held, since),
        Veil::Removed(since) => (ModerationState::Removed, since),
    };
    Moderation { state: state.into(), since: Some(timestamp(since)) }
}

/// Who helps at once, where this locale is.
#[must_use]
pub fn crisis_resources(locale: Option<&str>) -> Vec<CrisisResource> {
    let message = |resource: crisis::Resource| CrisisResource {
        name: resource.name.to_owned(),
        phone: resource.phone.map(ToOwned::to_owned),
        text: resource.text.map(ToOwned::to_owned),
        url: resource.url.map(ToOwned::to_owned),
        what: resource.what.to_owned(),
    };
    crisis::resources(locale).into_iter().map(message).collect()
}
