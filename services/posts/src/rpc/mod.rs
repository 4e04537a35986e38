//! `kith.posts.v1.PostService`: convert, call, convert. Nothing is decided here.
//!
//! | file | holds |
//! | --- | --- |
//! | `read` | requests, in the words of the domain |
//! | `circle` | [`CircleFeed`]: posts of a circle, for who shows the circle |
//! | `show` | [`Views`]: posts as messages, with who wrote them |
//! | `stream` | the feed as it happens, in frames |

mod circle;
mod read;
mod show;
mod stream;

use std::sync::Arc;

use axum::{Router, extract::State};
use connectrpc_axum::prelude::{ConnectError, ConnectResponse};
use kith_kernel::{PageSize, Pager};
use kith_proto::{
    Caller, Claimed, Valid,
    content::v1::CrisisResource,
    convert::{crisis_resources, timestamp},
    posts::v1::{
        CreatePostRequest, CreatePostResponse, DeletePostRequest, DeletePostResponse, GetFeedRequest, GetFeedResponse,
        GetPostRequest, GetPostResponse, ResolveSosRequest, ResolveSosResponse, RestorePostRequest,
        RestorePostResponse, SearchPostsRequest, SearchPostsResponse, UpdatePostRequest, UpdatePostResponse,
        UpdatePostUrgencyRequest, UpdatePostUrgencyResponse, post_service_connect::PostServiceBuilder,
    },
    refusal,
};

pub use self::{circle::CircleFeed, show::Views};
use crate::{
    Error, Published, Service, Watch,
    domain::{Edit, Urgency, Words},
};

/// What the methods stand on.
#[derive(Clone)]
pub struct Methods {
    /// The use cases.
    pub service: Arc<Service>,
    /// The feed as it happens.
    pub watch: Watch,
    /// How posts are shown.
    pub views: Arc<Views>,
    /// Signs page tokens.
    pub pager: Arc<Pager>,
}

type Posts = State<Methods>;
type Answer<T> = Result<ConnectResponse<T>, ConnectError>;

/// All methods of the service.
pub fn router(methods: Methods) -> Router {
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
        .with_state(methods)
        .build()
}

async fn create_post(
    State(posts): Posts,
    Caller(actor): Caller,
    Claimed(id): Claimed,
    Valid(request): Valid<CreatePostRequest>,
) -> Answer<CreatePostResponse> {
    let draft = read::draft(&request)?;
    // Asked before it is published: a refusal after that would make the client publish it again.
    let at = posts.service.enter(&actor, read::circle_id(request.circle_id.as_deref())?).await?;
    let author = posts.views.author(at.persona).await?;
    let Published { post, crisis } = posts.service.create_at(&actor, at, draft, id).await?;
    Ok(ConnectResponse::new(CreatePostResponse {
        post: Some(show::message(&post, &author, Some(show::counted(&post)))),
        crisis_resources: helpers(crisis, request.locale.as_deref()),
    }))
}

async fn get_post(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<GetPostRequest>,
) -> Answer<GetPostResponse> {
    let post = posts.service.get(&actor, read::post_id(&request.post_id)?).await?;
    Ok(ConnectResponse::new(GetPostResponse { post: Some(posts.views.one(&actor, &post).await?) }))
}

async fn update_post(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<UpdatePostRequest>,
) -> Answer<UpdatePostResponse> {
    let (id, edits) = (read::post_id(&request.post_id)?, read::edits(&request)?);
    let Published { post, crisis } = posts.service.update(&actor, id, &request.etag, &edits).await?;
    Ok(ConnectResponse::new(UpdatePostResponse {
        post: Some(posts.views.one(&actor, &post).await?),
        crisis_resources: helpers(crisis, request.locale.as_deref()),
    }))
}

async fn update_post_urgency(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<UpdatePostUrgencyRequest>,
) -> Answer<UpdatePostUrgencyResponse> {
    let id = read::post_id(&request.post_id)?;
    let urgency = Urgency::new(request.urgency.into()).map_err(Error::from)?;
    let Published { post, .. } = posts.service.update(&actor, id, &request.etag, &[Edit::Urgency(urgency)]).await?;
    Ok(ConnectResponse::new(UpdatePostUrgencyResponse { post: Some(posts.views.one(&actor, &post).await?) }))
}

async fn resolve_sos(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<ResolveSosRequest>,
) -> Answer<ResolveSosResponse> {
    let post = posts.service.resolve(&actor, read::post_id(&request.post_id)?).await?;
    Ok(ConnectResponse::new(ResolveSosResponse { post: Some(posts.views.one(&actor, &post).await?) }))
}

async fn delete_post(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<DeletePostRequest>,
) -> Answer<DeletePostResponse> {
    let until = posts.service.delete(&actor, read::post_id(&request.post_id)?).await?;
    Ok(ConnectResponse::new(DeletePostResponse { restorable_until: Some(timestamp(until)) }))
}

async fn restore_post(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<RestorePostRequest>,
) -> Answer<RestorePostResponse> {
    let post = posts.service.restore(&actor, read::post_id(&request.post_id)?).await?;
    Ok(ConnectResponse::new(RestorePostResponse { post: Some(posts.views.one(&actor, &post).await?) }))
}

async fn get_feed(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<GetFeedRequest>,
) -> Answer<GetFeedResponse> {
    let (order, filter) = (read::order(request.order()), read::filter(request.filter.as_ref())?);
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let list = format!("GetFeed {order:?} {filter}");
    let after = posts.pager.cursor(&list, &request.page_token).map_err(Error::from)?;
    let page = posts.service.feed(&actor, &filter, order, size, after).await?;
    let next_page_token = posts.pager.token(&list, page.next);
    Ok(ConnectResponse::new(GetFeedResponse { posts: posts.views.all(&actor, &page.items).await?, next_page_token }))
}

async fn search_posts(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<SearchPostsRequest>,
) -> Answer<SearchPostsResponse> {
    let words = Words::new(&request.query).map_err(Error::from)?;
    let filter = read::filter(request.filter.as_ref())?;
    let size = PageSize::new(request.page_size).map_err(Error::from)?;
    let list = format!("SearchPosts {filter} {}", words.reveal().join(" "));
    let after = posts.pager.cursor(&list, &request.page_token).map_err(Error::from)?;
    let page = posts.service.search(&actor, &words, &filter, size, after).await?;
    let next_page_token = posts.pager.token(&list, page.next);
    Ok(ConnectResponse::new(SearchPostsResponse {
        posts: posts.views.all(&actor, &page.items).await?,
        next_page_token,
    }))
}

/// Who helps at once, if somebody has to.
fn helpers(crisis: bool, locale: Option<&str>) -> Vec<CrisisResource> {
    if crisis { crisis_resources(locale) } else { Vec::new() }
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        refusal(&error)
    }
}
