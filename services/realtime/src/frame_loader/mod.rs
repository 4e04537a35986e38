//! Loads the content of frames, once per event for all its channels and all clients that resume at the same time.

mod cache;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kith_kernel::{Channel, PortError, PostId, ports::PostLookup, replay_log::LogOffset};
use tokio::time::{Instant, sleep, timeout};

pub(crate) use self::cache::LoadFailed;
use self::cache::{FrameCache, LoadedContent};
use crate::{
    channel_event::{ChannelEvent, ChannelEventKind, ContentKey},
    shared_frame::SharedFrame,
    wire::{self, FeedPlacement, Payload, PostPresenter, PostView, ResponsePresenter},
};

/// Timeout of one attempt. The topic waits for it.
const LOAD_TIMEOUT: Duration = Duration::from_secs(1);
/// Delays after failed attempts. There is no delay before the first one: even a zero timer takes a millisecond, which
/// would delay all later events of the channel.
const RETRY_DELAYS: [Option<Duration>; 3] = [Some(Duration::from_millis(50)), Some(Duration::from_millis(250)), None];

/// Loads the content that frames show.
pub(crate) struct FrameLoader {
    lookup: Arc<dyn PostLookup>,
    posts: Arc<dyn PostPresenter>,
    responses: Arc<dyn ResponsePresenter>,
    cache: Mutex<FrameCache>,
}

impl FrameLoader {
    pub(crate) fn new(
        lookup: Arc<dyn PostLookup>,
        posts: Arc<dyn PostPresenter>,
        responses: Arc<dyn ResponsePresenter>,
    ) -> Self {
        Self { lookup, posts, responses, cache: Mutex::default() }
    }

    /// Creates the frame of an event. Changed content that no longer exists is sent as removed. Returns `None` for new
    /// content that no longer exists, for a post outside the feeds on a feed channel, and for a notice about a post
    /// that its recipient cannot see any more, for example after leaving a circle.
    ///
    /// # Errors
    /// [`LoadFailed`] if the content could not be loaded. Subscribers must then receive a gap.
    pub(crate) async fn load(
        &self,
        topic: u64,
        channel: &Channel,
        offset: LogOffset,
        event: &ChannelEvent,
    ) -> Result<Option<Arc<SharedFrame>>, LoadFailed> {
        if let Some(removed) = event.kind.removed_content() {
            self.cache().invalidate(removed);
        }
        if let ChannelEventKind::ResponseNotice(_, _, post) = event.kind
            && !self.is_visible_to_owner(channel, post).await?
        {
            return Ok(None);
        }
        let Some(key) = event.kind.content() else {
            let payload = wire::encode_without_content(event.kind);
            return Ok(payload.map(|payload| Arc::new(SharedFrame::new(topic, channel, offset, event, payload))));
        };
        let pending = self.cache().entry(event.id, key, Instant::now());
        let content = pending.content.get_or_init(|| self.read(key, event.kind)).await;
        let Some(LoadedContent { payload, placement }) = content.as_ref().map_err(|failed| *failed)? else {
            return Ok(fallback_for_missing(event.kind)
                .map(|payload| Arc::new(SharedFrame::new(topic, channel, offset, event, payload))));
        };
        if wire::is_misrouted(channel, payload) || (*placement == FeedPlacement::OwnChannelOnly && channel.is_feed()) {
            return Ok(None);
        }
        Ok(Some(pending.frame(topic, || SharedFrame::new(topic, channel, offset, event, payload.clone()))))
    }

    async fn read(&self, key: ContentKey, kind: ChannelEventKind) -> Result<Option<LoadedContent>, LoadFailed> {
        with_retries(key, || self.fetch(key, kind)).await
    }

    /// Returns true if the owner of the channel can see the post now.
    async fn is_visible_to_owner(&self, channel: &Channel, post: PostId) -> Result<bool, LoadFailed> {
        let Some(owner) = channel.owner() else { return Ok(false) };
        Ok(with_retries(ContentKey::Post(post), || self.lookup.find_visible(owner, post)).await?.is_some())
    }

    async fn fetch(&self, key: ContentKey, kind: ChannelEventKind) -> Result<Option<LoadedContent>, PortError> {
        let is_update = matches!(kind, ChannelEventKind::PostUpdated(_) | ChannelEventKind::ResponseUpdated(_));
        Ok(match key {
            ContentKey::Post(post) => {
                let payload = if is_update { Payload::PostUpdated } else { Payload::PostCreated };
                let view = self.posts.present_post(post).await?;
                view.map(|PostView { post, placement }| LoadedContent { payload: payload(post), placement })
            }
            ContentKey::Response(response) => {
                let payload = if is_update { Payload::ResponseUpdated } else { Payload::ResponseCreated };
                let view = self.responses.present_response(response).await?;
                view.map(|response| LoadedContent { payload: payload(response), placement: FeedPlacement::Feeds })
            }
        })
    }

    fn cache(&self) -> MutexGuard<'_, FrameCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Retries, since a gap makes every subscriber fetch the state again.
async fn with_retries<T, F>(key: ContentKey, load: impl Fn() -> F) -> Result<T, LoadFailed>
where
    F: Future<Output = Result<T, PortError>>,
{
    for delay in RETRY_DELAYS {
        match timeout(LOAD_TIMEOUT, load()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => tracing::warn!(%error, ?key, "failed to load frame content"),
            Err(_) => tracing::warn!(?key, "timed out loading frame content"),
        }
        if let Some(delay) = delay {
            sleep(delay).await;
        }
    }
    Err(LoadFailed)
}

/// Payload for content that no longer exists. The update may have been the reason: the post was hidden.
fn fallback_for_missing(kind: ChannelEventKind) -> Option<Payload> {
    match kind {
        ChannelEventKind::PostUpdated(post) => wire::encode_without_content(ChannelEventKind::PostRemoved(post)),
        ChannelEventKind::PostCreated(_)
        | ChannelEventKind::PostRemoved(_)
        | ChannelEventKind::ResponseCreated(_)
        | ChannelEventKind::ResponseUpdated(_)
        | ChannelEventKind::ResponseRemoved(..)
        | ChannelEventKind::ResponseNotice(..)
        | ChannelEventKind::Notice(_)
        | ChannelEventKind::CaseChanged(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use futures_util::FutureExt as _;
    use kith_kernel::{Position, PostId, ResponseId, Timestamp, UserId, ports::PostSummary};
    use kith_proto::{posts::v1::Post, support::v1::Response};
    use kith_testkit::{event_id, user};

    use super::*;

    /// Ports with all content in memory.
    struct StubContent;

    #[async_trait]
    impl PostLookup for StubContent {
        async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError> {
            Ok(Some(PostSummary { id: post, author: viewer, circle: None }))
        }

        async fn is_visible_to_all_readers(&self, _: PostId) -> Result<bool, PortError> {
            Ok(true)
        }
    }

    #[async_trait]
    impl PostPresenter for StubContent {
        async fn present_post(&self, post: PostId) -> Result<Option<PostView>, PortError> {
            let post = Post { id: post.to_string(), ..Post::default() };
            Ok(Some(PostView { post, placement: FeedPlacement::Feeds }))
        }
    }

    #[async_trait]
    impl ResponsePresenter for StubContent {
        async fn present_response(&self, _: ResponseId) -> Result<Option<Response>, PortError> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn content_in_memory_is_loaded_without_waiting() {
        let frame_loader = FrameLoader::new(Arc::new(StubContent), Arc::new(StubContent), Arc::new(StubContent));
        let (at, author) = (Timestamp::from_millis(0), user());
        let event = ChannelEvent {
            id: event_id(at),
            at,
            author,
            kind: ChannelEventKind::PostCreated(PostId::from_uuid(author.uuid())),
        };
        let (feed, offset) = (Channel::Feed, LogOffset { sequence: 1, position: Position::sealed([0; 16]) });
        let frame = frame_loader.load(1, &feed, offset, &event).now_or_never();
        assert!(frame.is_some_and(|frame| frame.is_ok_and(|frame| frame.is_some())));
    }
}
