//! Conversion of domain types to messages.

use kith_kernel::actor::Role;
use kith_proto::{
    convert,
    users::v1::{self as message, GetProfileResponse},
};

use crate::{
    Block, Profile,
    service::{AccountKind, OwnAccount, PrivacySettings},
};

pub(super) fn own_account(own: &OwnAccount) -> message::Me {
    let profile = &own.account.profile;
    let kind = match own.kind {
        AccountKind::Anonymous => message::AccountKind::Anonymous,
        AccountKind::Registered => message::AccountKind::Registered,
    };
    let role = match profile.role {
        Role::Member => message::Role::Member,
        Role::Moderator => message::Role::Moderator,
        Role::Admin => message::Role::Admin,
    };
    message::Me {
        account_id: profile.account.to_string(),
        persona: Some(convert::persona(&profile.persona())),
        kind: kind.into(),
        role: role.into(),
        strength_points: profile.points,
        created_at: Some(convert::timestamp(own.account.created_at)),
        suspended_until: own.suspended_until.map(convert::timestamp),
        etag: own.etag(),
    }
}

pub(super) fn profile(profile: &Profile) -> GetProfileResponse {
    GetProfileResponse { persona: Some(convert::persona(&profile.persona())), strength_points: profile.public_points() }
}

pub(super) fn block(block: &Block) -> message::Block {
    message::Block {
        persona: Some(convert::persona(&block.persona)),
        created_at: Some(convert::timestamp(block.created_at)),
    }
}

pub(super) fn privacy_settings(settings: &PrivacySettings) -> message::PrivacySettings {
    message::PrivacySettings {
        show_strength_points: settings.privacy.shows_points,
        show_badges: settings.privacy.shows_badges,
        etag: settings.etag.clone(),
    }
}
