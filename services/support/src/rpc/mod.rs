//! `kith.support.v1.SupportService`: convert, call, convert. Nothing is decided here.

mod views;

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PageTokenCodec, PostId, ResponseId, id::InvalidId, ports::CrisisResourceLookup};
use kith_proto::{
    Caller, ClaimedId, Valid,
    convert::crisis_resources,
    to_connect_error,
    support::v1::{
        CreateResponseRequest, CreateResponseResponse, DeleteResponseRequest, DeleteResponseResponse,
        GetSupportStatsRequest, GetSupportStatsResponse, ListResponsesRequest, ListResponsesResponse,
        MarkHelpfulRequest, MarkHelpfulResponse, QuickKind as WireKind, QuickSupportRequest, QuickSupportResponse,
        create_response_request::Content as WireContent, support_service_connect::SupportServiceBuilder,
    },
};

pub use self::views::Views;
use crate::{Content, Error, Given, QuickKind, Service, Text};

/// What the handlers stand on.
#[derive(Clone)]
struct Support {
    service: Arc<Service>,
    views: Arc<Views>,
    pager: Arc<PageTokenCodec>,
    crisis_resources: Arc<dyn CrisisResourceLookup>,
}

type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(
    service: Arc<Service>,
    views: Arc<Views>,
    pager: Arc<PageTokenCodec>,
    crisis_resources: Arc<dyn CrisisResourceLookup>,
) -> Router {
    SupportServiceBuilder::new()
        .create_response(create_response)
        .list_responses(list_responses)
        .delete_response(delete_response)
        .quick_support(quick_support)
        .mark_helpful(mark_helpful)
        .get_support_stats(get_support_stats)
        .with_state(Support { service, views, pager, crisis_resources })
        .build()
}

async fn create_response(
    State(support): State<Support>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(request): Valid<CreateResponseRequest>,
) -> Answer<CreateResponseResponse> {
    let (post, content) = (post_id(&request.post_id)?, content(request.content)?);
    // Asked before it is given: a refusal after that would make the client give it again.
    let giver = support.service.persona(&actor, post).await?;
    let giver = support.views.shown(giver).await.map_err(Error::from)?;
    let Given { response, crisis } = support.service.respond(&actor, post, content, id).await?;
    let response = views::message(&response, &giver);
    let crisis_resources = if crisis {
        crisis_resources(support.crisis_resources.find(request.locale.as_deref()))
    } else {
        Vec::new()
    };
    Ok(ConnectResponse::new(CreateResponseResponse { response, crisis_resources }))
}

async fn list_responses(
    State(support): State<Support>,
    Caller(actor): Caller,
    Valid(request): Valid<ListResponsesRequest>,
) -> Answer<ListResponsesResponse> {
    let post = post_id(&request.post_id)?;
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let list = format!("responses:{post}");
    let after = support.pager.cursor(&list, &request.page_token).map_err(Error::from)?;
    let page = support.service.list(&actor, post, size, after).await?;
    Ok(ConnectResponse::new(ListResponsesResponse {
        responses: support.views.messages(&page.items).await.map_err(Error::from)?,
        next_page_token: support.pager.token(&list, page.next),
    }))
}

async fn delete_response(
    State(support): State<Support>,
    Caller(actor): Caller,
    Valid(request): Valid<DeleteResponseRequest>,
) -> Answer<DeleteResponseResponse> {
    support.service.delete(&actor, response_id(&request.response_id)?).await?;
    Ok(ConnectResponse::new(DeleteResponseResponse {}))
}

async fn quick_support(
    State(support): State<Support>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(request): Valid<QuickSupportRequest>,
) -> Answer<QuickSupportResponse> {
    let (post, content) = (post_id(&request.post_id)?, Content::Quick(kind(request.kind, "kind")?));
    let giver = support.service.persona(&actor, post).await?;
    let giver = support.views.shown(giver).await.map_err(Error::from)?;
    let Given { response, .. } = support.service.respond(&actor, post, content, id).await?;
    let response = views::message(&response, &giver);
    Ok(ConnectResponse::new(QuickSupportResponse { response }))
}

async fn mark_helpful(
    State(support): State<Support>,
    Caller(actor): Caller,
    Valid(request): Valid<MarkHelpfulRequest>,
) -> Answer<MarkHelpfulResponse> {
    let response = support.service.mark_helpful(&actor, response_id(&request.response_id)?).await?;
    let response = support.views.message(&response).await.map_err(Error::from)?;
    Ok(ConnectResponse::new(MarkHelpfulResponse { response }))
}

async fn get_support_stats(
    State(support): State<Support>,
    Caller(actor): Caller,
    Valid(_): Valid<GetSupportStatsRequest>,
) -> Answer<GetSupportStatsResponse> {
    let stats = support.service.stats(&actor).await?;
    Ok(ConnectResponse::new(GetSupportStatsResponse {
        texts_given: stats.texts_given,
        quick_given: stats.quick_given,
        posts_answered: stats.posts_answered,
        helpful_given: stats.helpful_given,
        received: stats.received,
    }))
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        to_connect_error(&error)
    }
}

fn content(content: Option<WireContent>) -> Result<Content, Error> {
    match content {
        Some(WireContent::Text(text)) => Ok(Content::Text(Text::new(&text)?)),
        Some(WireContent::Quick(number)) => Ok(Content::Quick(kind(number, "quick")?)),
        None => Err(Error::ContentMissing),
    }
}

fn kind(number: i32, field: &'static str) -> Result<QuickKind, Error> {
    match WireKind::try_from(number) {
        Ok(WireKind::YouGotThis) => Ok(QuickKind::YouGotThis),
        Ok(WireKind::StayStrong) => Ok(QuickKind::StayStrong),
        Ok(WireKind::HereForYou) => Ok(QuickKind::HereForYou),
        Ok(WireKind::ProudOfYou) => Ok(QuickKind::ProudOfYou),
        Ok(WireKind::Hug) => Ok(QuickKind::Hug),
        Ok(WireKind::Unspecified) | Err(_) => Err(Error::UnknownKind { field }),
    }
}

/// What is no id is the id of nothing.
fn post_id(text: &str) -> Result<PostId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchPost)
}

fn response_id(text: &str) -> Result<ResponseId, Error> {
    text.parse().map_err(|InvalidId| Error::NoSuchResponse)
}
