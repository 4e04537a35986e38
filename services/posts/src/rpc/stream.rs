//! Handler of the `StreamFeed` method.

use std::sync::Arc;

use axum::extract::State;
use connectrpc_axum::prelude::{ConnectError, ConnectResponse, StreamBody};
use futures_util::{Stream, stream};
use kith_proto::{
    Caller, Valid,
    posts::v1::{FeedGap, FeedRemoved, FeedStarted, StreamFeedRequest, StreamFeedResponse, stream_feed_response::Kind},
};

use super::{Handlers, Presenter, handlers::HandlerResult, request};
use crate::{
    Error,
    feed_stream::{FeedItem, FeedStream},
};

pub(super) async fn stream_feed(
    State(handlers): State<Handlers>,
    Caller(actor): Caller,
    Valid(message): Valid<StreamFeedRequest>,
) -> HandlerResult<StreamBody<impl Stream<Item = Result<StreamFeedResponse, ConnectError>>>> {
    let filter = request::filter(message.filter.as_ref())?;
    let feed = handlers.feed_streams.subscribe(actor, filter).await?;
    let frames = stream::try_unfold((feed, handlers.presenter), |(mut feed, presenter)| async move {
        let kind = next_frame(&mut feed, &presenter).await?;
        Ok(Some((StreamFeedResponse { kind: Some(kind) }, (feed, presenter))))
    });
    Ok(ConnectResponse::new(StreamBody::new(frames)))
}

/// Waits for the next frame. A post whose author has no persona is skipped.
async fn next_frame(feed: &mut FeedStream, presenter: &Arc<Presenter>) -> Result<Kind, Error> {
    let actor = feed.actor().clone();
    loop {
        let kind = match feed.next().await? {
            FeedItem::Started => return Ok(Kind::Started(FeedStarted {})),
            FeedItem::Gap => return Ok(Kind::Gap(FeedGap {})),
            FeedItem::Removed(post) => return Ok(Kind::Removed(FeedRemoved { post_id: post.to_string() })),
            FeedItem::Created(post) => presenter.present_all(&actor, &[*post]).await?.pop().map(Kind::Created),
            FeedItem::Updated(post) => presenter.present_all(&actor, &[*post]).await?.pop().map(Kind::Updated),
        };
        if let Some(kind) = kind {
            return Ok(kind);
        }
    }
}
