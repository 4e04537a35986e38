//! The feed as it happens, in frames.

use std::sync::Arc;

use axum::extract::State;
use connectrpc_axum::prelude::{ConnectError, ConnectResponse, StreamBody};
use futures_util::{Stream, stream};
use kith_proto::{
    Caller, Valid,
    posts::v1::{
        FeedLost, FeedRemoved, FeedStarted, StreamFeedRequest, StreamFeedResponse, stream_feed_response::Kind,
    },
};

use super::{Answer, Posts, Views, read};
use crate::{
    Error,
    watch::{News, Watching},
};

pub(super) async fn stream_feed(
    State(posts): Posts,
    Caller(actor): Caller,
    Valid(request): Valid<StreamFeedRequest>,
) -> Answer<StreamBody<impl Stream<Item = Result<StreamFeedResponse, ConnectError>>>> {
    let filter = read::filter(request.filter.as_ref())?;
    let watching = posts.watch.begin(actor, filter).await?;
    let frames = stream::try_unfold((watching, posts.views), |(mut watching, views)| async move {
        let kind = frame(&mut watching, &views).await?;
        Ok(Some((StreamFeedResponse { kind: Some(kind) }, (watching, views))))
    });
    Ok(ConnectResponse::new(StreamBody::new(frames)))
}

/// The next frame. A post whose author is gone makes none.
async fn frame(watching: &mut Watching, views: &Arc<Views>) -> Result<Kind, Error> {
    let actor = watching.actor().clone();
    loop {
        let shown = match watching.next().await? {
            News::Started => return Ok(Kind::Started(FeedStarted {})),
            News::Lost => return Ok(Kind::Lost(FeedLost {})),
            News::Removed(post) => return Ok(Kind::Removed(FeedRemoved { post_id: post.to_string() })),
            News::Created(post) => views.all(&actor, &[*post]).await?.pop().map(Kind::Created),
            News::Updated(post) => views.all(&actor, &[*post]).await?.pop().map(Kind::Updated),
        };
        if let Some(kind) = shown {
            return Ok(kind);
        }
    }
}
