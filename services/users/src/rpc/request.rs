//! Conversion of requests to domain types.

use kith_kernel::{PersonaId, id::InvalidId};
use kith_proto::users::v1::UpdatePrivacySettingsRequest;

use crate::{Error, store::PrivacyUpdate};

/// Parses an id. Malformed ids are reported as not found.
pub(super) fn persona_id(text: &str) -> Result<PersonaId, Error> {
    text.parse().map_err(|InvalidId| Error::PersonaNotFound)
}

pub(super) const fn privacy_update(request: &UpdatePrivacySettingsRequest) -> PrivacyUpdate {
    PrivacyUpdate { shows_points: request.show_strength_points, shows_badges: request.show_badges }
}
