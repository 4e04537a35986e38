//! Handlers of the unary methods.

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, PageTokenCodec, ports::CrisisResourceLookup};
use kith_proto::{
    Caller, ClaimedId, Valid,
    content::v1::CrisisResource,
    convert::{self, timestamp},
    posts::v1::{
        CreatePostRequest, CreatePostResponse, DeletePostRequest, DeletePostResponse, GetFeedRequest, GetFeedResponse,
        GetPostRequest, GetPostResponse, ResolveSosRequest, ResolveSosResponse, RestorePostRequest,
        RestorePostResponse, SearchPostsRequest, SearchPostsResponse, UpdatePostRequest, UpdatePostResponse,
        UpdatePostUrgencyRequest, UpdatePostUrgencyResponse, post_service_connect::PostServiceBuilder,
    },
};

use super::{
    Presenter,
    presenter::{to_message, total_counts},
    request, stream,
};
use crate::{
    Error, FeedStreams, ScreenedPost, Service,
    domain::{Edit, SearchQuery, Urgency},
};

/// State of the handlers.
#[derive(Clone)]
pub struct Handlers {
    pub service: Arc<Service>,
    pub feed_streams: FeedStreams,
    pub presenter: Arc<Presenter>,
    pub page_tokens: Arc<PageTokenCodec>,
    pub crisis_resources: Arc<dyn CrisisResourceLookup>,
}

pub(super) type HandlerResult<T> = Result<ConnectResponse<T>, ConnectError>;

/// Routes of all methods of the service.
pub fn router(handlers: Handlers) -> Router {
    PostServiceBuilder::new()
        .create_post(create_post)
        .get_post(get_post)
        .update_post(update_post)
        .update_post_urgency(update_post_urgency)
        .resolve_sos(resolve_sos)
        .delete_post(delete_post)
        .restore_post(restore_post)
        .get_feed(get_feed)
        .search_posts(search_posts)
        .stream_feed(stream::stream_feed)
        .with_state(handlers)
        .build()
}

async fn create_post(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    ClaimedId(id): ClaimedId,
    Valid(message): Valid<CreatePostRequest>,
) -> HandlerResult<CreatePostResponse> {
    let content = request::content(&message)?;
    let circle = request::circle_id(message.circle_id.as_deref())?;
    // The author is loaded before the post is created: if it failed afterwards, the client would create the post again.
    let posting = handlers.service.posting_context(&actor, circle).await?;
    let author = handlers.presenter.author(posting.persona).await?;
    let ScreenedPost { post, crisis } = handlers.service.create(&actor, posting, content, id).await?;
    Ok(ConnectResponse::new(CreatePostResponse {
        post: Some(to_message(&post, &author, Some(total_counts(&post)))),
        crisis_resources: handlers.crisis_resources(crisis, message.locale.as_deref()),
    }))
}

async fn get_post(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<GetPostRequest>,
) -> HandlerResult<GetPostResponse> {
    let post = handlers.service.get(&actor, request::post_id(&message.post_id)?).await?;
    Ok(ConnectResponse::new(GetPostResponse { post: Some(handlers.presenter.present(&actor, &post).await?) }))
}

async fn update_post(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdatePostRequest>,
) -> HandlerResult<UpdatePostResponse> {
    let (id, edits) = (request::post_id(&message.post_id)?, request::edits(&message)?);
    let ScreenedPost { post, crisis } = handlers.service.update(&actor, id, &message.etag, &edits).await?;
    Ok(ConnectResponse::new(UpdatePostResponse {
        post: Some(handlers.presenter.present(&actor, &post).await?),
        crisis_resources: handlers.crisis_resources(crisis, message.locale.as_deref()),
    }))
}

async fn update_post_urgency(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<UpdatePostUrgencyRequest>,
) -> HandlerResult<UpdatePostUrgencyResponse> {
    let id = request::post_id(&message.post_id)?;
    let edits = [Edit::Urgency(Urgency::new(message.urgency.into()).map_err(Error::from)?)];
    let ScreenedPost { post, .. } = handlers.service.update(&actor, id, &message.etag, &edits).await?;
    let post = handlers.presenter.present(&actor, &post).await?;
    Ok(ConnectResponse::new(UpdatePostUrgencyResponse { post: Some(post) }))
}

async fn resolve_sos(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<ResolveSosRequest>,
) -> HandlerResult<ResolveSosResponse> {
    let post = handlers.service.resolve(&actor, request::post_id(&message.post_id)?).await?;
    Ok(ConnectResponse::new(ResolveSosResponse { post: Some(handlers.presenter.present(&actor, &post).await?) }))
}

async fn delete_post(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<DeletePostRequest>,
) -> HandlerResult<DeletePostResponse> {
    let until = handlers.service.delete(&actor, request::post_id(&message.post_id)?).await?;
    Ok(ConnectResponse::new(DeletePostResponse { restorable_until: Some(timestamp(until)) }))
}

async fn restore_post(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<RestorePostRequest>,
) -> HandlerResult<RestorePostResponse> {
    let post = handlers.service.restore(&actor, request::post_id(&message.post_id)?).await?;
    Ok(ConnectResponse::new(RestorePostResponse { post: Some(handlers.presenter.present(&actor, &post).await?) }))
}

async fn get_feed(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<GetFeedRequest>,
) -> HandlerResult<GetFeedResponse> {
    let (order, filter) = (request::order(message.order()), request::filter(message.filter.as_ref())?);
    let size = PageSize::new(message.page_size).map_err(Error::from)?;
    let list = format!("GetFeed {order:?} {filter}");
    let after = handlers.page_tokens.cursor(&list, &message.page_token).map_err(Error::from)?;
    let page = handlers.service.feed(&actor, &filter, order, size, after).await?;
    Ok(ConnectResponse::new(GetFeedResponse {
        posts: handlers.presenter.present_all(&actor, &page.items).await?,
        next_page_token: handlers.page_tokens.token(&list, page.next),
    }))
}

async fn search_posts(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<SearchPostsRequest>,
) -> HandlerResult<SearchPostsResponse> {
    let query = SearchQuery::new(&message.query).map_err(Error::from)?;
    let filter = request::filter(message.filter.as_ref())?;
    let size = PageSize::new(message.page_size).map_err(Error::from)?;
    let list = format!("SearchPosts {filter} {}", query.expose().join(" "));
    let after = handlers.page_tokens.cursor(&list, &message.page_token).map_err(Error::from)?;
    let page = handlers.service.search(&actor, &query, &filter, size, after).await?;
    Ok(ConnectResponse::new(SearchPostsResponse {
        posts: handlers.presenter.present_all(&actor, &page.items).await?,
        next_page_token: handlers.page_tokens.token(&list, page.next),
    }))
}

impl Handlers {
    /// Returns the crisis resources of the locale if the text contains crisis language.
    fn crisis_resources(&self, crisis: bool, locale: Option<&str>) -> Vec<CrisisResource> {
        if crisis { convert::crisis_resources(self.crisis_resources.find(locale)) } else { Vec::new() }
    }
}
