//! `kith.users.v1.UserService`: convert, call, convert. Nothing is decided here.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PersonaId, actor, id::InvalidId};
use kith_proto::{
    Caller, ClaimedId, Valid, convert, to_connect_error,
    users::v1::{
        AccountKind, Block as WireBlock, BlockUserRequest, BlockUserResponse, GetMeRequest, GetMeResponse,
        GetPrivacySettingsRequest, GetPrivacySettingsResponse, GetProfileRequest, GetProfileResponse,
        ListBlocksRequest, ListBlocksResponse, Me as WireMe, PrivacySettings, Role, UnblockUserRequest,
        UnblockUserResponse, UpdatePrivacySettingsRequest, UpdatePrivacySettingsResponse, UpdateProfileRequest,
        UpdateProfileResponse, user_service_connect::UserServiceBuilder,
    },
};

use crate::{
    Block, Error, Service,
    service::{Kind, Me, Settings},
    store::Showing,
};

type Users = State<Arc<Service>>;
type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(service: Arc<Service>) -> Router {
    UserServiceBuilder::new()
        .get_me(get_me)
        .get_profile(get_profile)
        .update_profile(update_profile)
        .block_user(block_user)
        .unblock_user(unblock_user)
        .list_blocks(list_blocks)
        .get_privacy_settings(get_privacy_settings)
        .update_privacy_settings(update_privacy_settings)
        .with_state(service)
        .build()
}

async fn get_me(
    State(users): Users,
    Caller(actor): Caller,
    Valid(GetMeRequest {}): Valid<GetMeRequest>,
) -> Answer<GetMeResponse> {
    let me = users.me(&actor).await?;
    Ok(ConnectResponse::new(GetMeResponse { me: Some(me_message(&me)) }))
}

async fn get_profile(
    State(users): Users,
    Caller(actor): Caller,
    Valid(request): Valid<GetProfileRequest>,
) -> Answer<GetProfileResponse> {
    let profile = users.profile(&actor, persona_id(&request.persona_id)?).await?;
    Ok(ConnectResponse::new(GetProfileResponse {
        persona: Some(convert::persona(&profile.persona())),
        strength_points: profile.told_points(),
    }))
}

async fn update_profile(
    State(users): Users,
    Caller(actor): Caller,
    Valid(request): Valid<UpdateProfileRequest>,
) -> Answer<UpdateProfileResponse> {
    let me = users.update(&actor, &request.etag, request.handle.as_deref(), request.avatar).await?;
    Ok(ConnectResponse::new(UpdateProfileResponse { me: Some(me_message(&me)) }))
}

async fn block_user(
    State(users): Users,
    Caller(actor): Caller,
    ClaimedId(claimed): ClaimedId,
    Valid(request): Valid<BlockUserRequest>,
) -> Answer<BlockUserResponse> {
    let block = users.block(&actor, persona_id(&request.persona_id)?, claimed).await?;
    Ok(ConnectResponse::new(BlockUserResponse { block: Some(block_message(&block)) }))
}

async fn unblock_user(
    State(users): Users,
    Caller(actor): Caller,
    Valid(request): Valid<UnblockUserRequest>,
) -> Answer<UnblockUserResponse> {
    users.unblock(&actor, persona_id(&request.persona_id)?).await?;
    Ok(ConnectResponse::new(UnblockUserResponse {}))
}

async fn list_blocks(
    State(users): Users,
    Caller(actor): Caller,
    Valid(request): Valid<ListBlocksRequest>,
) -> Answer<ListBlocksResponse> {
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let (blocks, next_page_token) = users.blocks(&actor, size, &request.page_token).await?;
    let blocks = blocks.iter().map(block_message).collect();
    Ok(ConnectResponse::new(ListBlocksResponse { blocks, next_page_token }))
}

async fn get_privacy_settings(
    State(users): Users,
    Caller(actor): Caller,
    Valid(GetPrivacySettingsRequest {}): Valid<GetPrivacySettingsRequest>,
) -> Answer<GetPrivacySettingsResponse> {
    let settings = users.privacy(&actor).await?;
    Ok(ConnectResponse::new(GetPrivacySettingsResponse { settings: Some(settings_message(&settings)) }))
}

async fn update_privacy_settings(
    State(users): Users,
    Caller(actor): Caller,
    Valid(request): Valid<UpdatePrivacySettingsRequest>,
) -> Answer<UpdatePrivacySettingsResponse> {
    let change = Showing { points: request.show_strength_points, badges: request.show_badges };
    let settings = users.set_privacy(&actor, &request.etag, &change).await?;
    Ok(ConnectResponse::new(UpdatePrivacySettingsResponse { settings: Some(settings_message(&settings)) }))
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}

/// What is no id is the id of nobody.
fn persona_id(text: &str) -> Result<PersonaId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchPersona)
}

fn settings_message(settings: &Settings) -> PrivacySettings {
    PrivacySettings {
        show_strength_points: settings.privacy.shows_points,
        show_badges: settings.privacy.shows_badges,
        etag: settings.etag.clone(),
    }
}

fn block_message(block: &Block) -> WireBlock {
    WireBlock {
        persona: Some(convert::persona(&block.persona)),
        created_at: Some(convert::timestamp(block.created_at)),
    }
}

fn me_message(me: &Me) -> WireMe {
    let profile = &me.account.profile;
    let kind = match me.kind {
        Kind::Anonymous => AccountKind::Anonymous,
        Kind::Registered => AccountKind::Registered,
    };
    let role = match profile.role {
        actor::Role::Member => Role::Member,
        actor::Role::Moderator => Role::Moderator,
        actor::Role::Admin => Role::Admin,
    };
    WireMe {
        account_id: profile.owner.to_string(),
        persona: Some(convert::persona(&profile.persona())),
        kind: kind.into(),
        role: role.into(),
        strength_points: profile.points,
        created_at: Some(convert::timestamp(me.account.created_at)),
        suspended_until: me.suspended_until.map(convert::timestamp),
        etag: me.etag(),
    }
}
