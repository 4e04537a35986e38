//! Methods of `kith.support.v1.SupportService`.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PageTokenCodec, ports::CrisisResourceLookup};
use kith_proto::{
    Caller, ClaimedId, Valid,
    convert::crisis_resources,
    support::v1::{
        CreateResponseRequest, CreateResponseResponse, DeleteResponseRequest, DeleteResponseResponse,
        GetSupportStatsRequest, GetSupportStatsResponse, ListResponsesRequest, ListResponsesResponse,
        MarkHelpfulRequest, MarkHelpfulResponse, QuickSupportRequest, QuickSupportResponse,
        support_service_connect::SupportServiceBuilder,
    },
};

use super::{Presenter, presenter, request};
use crate::{Content, Error, ScreenedResponse, Service};

/// State of the handlers.
#[derive(Clone)]
pub struct Handlers {
    pub service: Arc<Service>,
    pub presenter: Arc<Presenter>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub crisis_resources: Arc<dyn CrisisResourceLookup>,
}

type HandlerResult<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods of the service.
pub fn router(handlers: Handlers) -> Router {
    SupportServiceBuilder::new()
        .create_response(create_response)
        .list_responses(list_responses)
        .delete_response(delete_response)
        .quick_support(quick_support)
        .mark_helpful(mark_helpful)
        .get_support_stats(get_support_stats)
        .with_state(handlers)
        .build()
}

async fn create_response(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(request): Valid<CreateResponseRequest>,
) -> HandlerResult<CreateResponseResponse> {
    let (post, content) = (request::post_id(&request.post_id)?, request::content(request.content)?);
    // Loaded before the response is created: an error after that would make the client create it again.
    let author = handlers.service.persona(&actor, post).await?;
    let author = handlers.presenter.personas_of(author).await.map_err(Error::from)?;
    let ScreenedResponse { response, crisis } = handlers.service.create(&actor, post, content, id).await?;
    let response = presenter::message(&response, &author);
    let crisis_resources =
        if crisis { crisis_resources(handlers.crisis_resources.find(request.locale.as_deref())) } else { Vec::new() };
    Ok(ConnectResponse::new(CreateResponseResponse { response, crisis_resources }))
}

async fn list_responses(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(request): Valid<ListResponsesRequest>,
) -> HandlerResult<ListResponsesResponse> {
    let post = request::post_id(&request.post_id)?;
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let list = format!("responses:{post}");
    let after = handlers.page_tokens.cursor(&list, &request.page_token).map_err(Error::from)?;
    let page = handlers.service.list(&actor, post, size, after).await?;
    Ok(ConnectResponse::new(ListResponsesResponse {
        responses: handlers.presenter.messages(&page.items).await.map_err(Error::from)?,
        next_page_token: handlers.page_tokens.token(&list, page.next),
    }))
}

async fn delete_response(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(request): Valid<DeleteResponseRequest>,
) -> HandlerResult<DeleteResponseResponse> {
    handlers.service.delete(&actor, request::response_id(&request.response_id)?).await?;
    Ok(ConnectResponse::new(DeleteResponseResponse {}))
}

async fn quick_support(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(request): Valid<QuickSupportRequest>,
) -> HandlerResult<QuickSupportResponse> {
    let (post, content) =
        (request::post_id(&request.post_id)?, Content::Quick(request::quick_kind(request.kind, "kind")?));
    let author = handlers.service.persona(&actor, post).await?;
    let author = handlers.presenter.personas_of(author).await.map_err(Error::from)?;
    let ScreenedResponse { response, .. } = handlers.service.create(&actor, post, content, id).await?;
    let response = presenter::message(&response, &author);
    Ok(ConnectResponse::new(QuickSupportResponse { response }))
}

async fn mark_helpful(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(request): Valid<MarkHelpfulRequest>,
) -> HandlerResult<MarkHelpfulResponse> {
    let response = handlers.service.mark_helpful(&actor, request::response_id(&request.response_id)?).await?;
    let response = handlers.presenter.message(&response).await.map_err(Error::from)?;
    Ok(ConnectResponse::new(MarkHelpfulResponse { response }))
}

async fn get_support_stats(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(_): Valid<GetSupportStatsRequest>,
) -> HandlerResult<GetSupportStatsResponse> {
    let stats = handlers.service.stats(&actor).await?;
    Ok(ConnectResponse::new(GetSupportStatsResponse {
        texts_given: stats.texts_given,
        quick_given: stats.quick_given,
        posts_answered: stats.posts_answered,
        helpful_given: stats.helpful_given,
        received: stats.received,
    }))
}
