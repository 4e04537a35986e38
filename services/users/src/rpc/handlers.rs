//! Handlers of the methods.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::PageSize;
use kith_proto::{
    Caller, ClaimedId, Valid,
    users::v1::{
        BlockUserRequest, BlockUserResponse, GetMeRequest, GetMeResponse, GetPrivacySettingsRequest,
        GetPrivacySettingsResponse, GetProfileRequest, GetProfileResponse, ListBlocksRequest, ListBlocksResponse,
        UnblockUserRequest, UnblockUserResponse, UpdatePrivacySettingsRequest, UpdatePrivacySettingsResponse,
        UpdateProfileRequest, UpdateProfileResponse, user_service_connect::UserServiceBuilder,
    },
};

use super::{presenter, request};
use crate::{Error, Service};

/// State of the handlers.
#[derive(Clone)]
pub struct Handlers {
    pub service: Arc<Service>,
}

type HandlerResult<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods of the service.
pub fn router(handlers: Handlers) -> Router {
    UserServiceBuilder::new()
        .get_me(get_me)
        .get_profile(get_profile)
        .update_profile(update_profile)
        .block_user(block_user)
        .unblock_user(unblock_user)
        .list_blocks(list_blocks)
        .get_privacy_settings(get_privacy_settings)
        .update_privacy_settings(update_privacy_settings)
        .with_state(handlers)
        .build()
}

async fn get_me(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(GetMeRequest {}): Valid<GetMeRequest>,
) -> HandlerResult<GetMeResponse> {
    let own = handlers.service.get_own_account(&actor).await?;
    Ok(ConnectResponse::new(GetMeResponse { me: Some(presenter::own_account(&own)) }))
}

async fn get_profile(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<GetProfileRequest>,
) -> HandlerResult<GetProfileResponse> {
    let profile = handlers.service.get_profile(&actor, request::persona_id(&message.persona_id)?).await?;
    Ok(ConnectResponse::new(presenter::profile(&profile)))
}

async fn update_profile(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdateProfileRequest>,
) -> HandlerResult<UpdateProfileResponse> {
    let handle = message.handle.as_deref();
    let own = handlers.service.update_profile(&actor, &message.etag, handle, message.avatar).await?;
    Ok(ConnectResponse::new(UpdateProfileResponse { me: Some(presenter::own_account(&own)) }))
}

async fn block_user(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(message): Valid<BlockUserRequest>,
) -> HandlerResult<BlockUserResponse> {
    let block = handlers.service.block(&actor, request::persona_id(&message.persona_id)?, id).await?;
    Ok(ConnectResponse::new(BlockUserResponse { block: Some(presenter::block(&block)) }))
}

async fn unblock_user(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UnblockUserRequest>,
) -> HandlerResult<UnblockUserResponse> {
    handlers.service.unblock(&actor, request::persona_id(&message.persona_id)?).await?;
    Ok(ConnectResponse::new(UnblockUserResponse {}))
}

async fn list_blocks(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ListBlocksRequest>,
) -> HandlerResult<ListBlocksResponse> {
    let size = PageSize::new(message.page_size).map_err(Error::from)?;
    let (blocks, next_page_token) = handlers.service.list_blocks(&actor, size, &message.page_token).await?;
    let blocks = blocks.iter().map(presenter::block).collect();
    Ok(ConnectResponse::new(ListBlocksResponse { blocks, next_page_token }))
}

async fn get_privacy_settings(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(GetPrivacySettingsRequest {}): Valid<GetPrivacySettingsRequest>,
) -> HandlerResult<GetPrivacySettingsResponse> {
    let settings = handlers.service.get_privacy_settings(&actor).await?;
    let settings = Some(presenter::privacy_settings(&settings));
    Ok(ConnectResponse::new(GetPrivacySettingsResponse { settings }))
}

async fn update_privacy_settings(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdatePrivacySettingsRequest>,
) -> HandlerResult<UpdatePrivacySettingsResponse> {
    let update = request::privacy_update(&message);
    let settings = handlers.service.update_privacy_settings(&actor, &message.etag, &update).await?;
    let settings = Some(presenter::privacy_settings(&settings));
    Ok(ConnectResponse::new(UpdatePrivacySettingsResponse { settings }))
}
