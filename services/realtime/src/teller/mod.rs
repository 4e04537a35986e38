//! Makes announcements of news: reads what they show, once an event, however many channels tell it and however many
//! clients come back to it at the same time.

mod recent;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kith_kernel::{Channel, PortError, PostId, replay_log::LogOffset, ports::PostLookup};
use tokio::time::{Instant, sleep, timeout};

use self::recent::{Recent, Sight};
use crate::{
    announcement::Announcement,
    news::{News, Thing, What},
    wire::{self, FeedPlacement, PostView, PostPresenter, ResponsePresenter, Told},
};

/// How long one try to read may take. A channel waits for it.
const WITHIN: Duration = Duration::from_secs(1);
/// The waits after each try that failed, but the last. The first try waits for nothing, not even for no time: a timer
/// takes a millisecond for that, and all that is told after this event would wait for it.
const WAITS: [Option<Duration>; 3] = [Some(Duration::from_millis(50)), Some(Duration::from_millis(250)), None];

/// It could not be found out what there is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Untold;

/// Reads what frames show.
pub(crate) struct Teller {
    lookup: Arc<dyn PostLookup>,
    posts: Arc<dyn PostPresenter>,
    responses: Arc<dyn ResponsePresenter>,
    recent: Mutex<Recent>,
}

impl Teller {
    pub(crate) fn new(
        lookup: Arc<dyn PostLookup>,
        posts: Arc<dyn PostPresenter>,
        responses: Arc<dyn ResponsePresenter>,
    ) -> Self {
        Self { lookup, posts, responses, recent: Mutex::default() }
    }

    /// The news as all who listen get them. What has changed and is not there any more is told of as gone. `None` if
    /// something new is gone already, on the channel of a feed that it has left, and if it is a notice about a post
    /// that is not there for them any more: who has left a circle hears nothing more of what they wrote in it.
    ///
    /// # Errors
    /// [`Untold`] if it cannot be read: they have to be told that something is missing.
    pub(crate) async fn announce(
        &self,
        topic: u64,
        channel: &Channel,
        mark: LogOffset,
        news: &News,
    ) -> Result<Option<Arc<Announcement>>, Untold> {
        if let Some(gone) = news.what.removes() {
            self.recent().forget(gone);
        }
        if let What::Notice(_, _, post) = news.what
            && !self.is_there(channel, post).await?
        {
            return Ok(None);
        }
        let Some(thing) = news.what.shows() else {
            let told = wire::without_content(news.what);
            return Ok(told.map(|told| Arc::new(Announcement::new(topic, channel, mark, news, told))));
        };
        let reading = self.recent().reading(news.id, thing, Instant::now());
        let sight = reading.sight.get_or_init(|| self.read(thing, news.what)).await;
        let Some(Sight { told, place }) = sight.as_ref().map_err(|untold| *untold)? else {
            return Ok(vanished(news.what).map(|told| Arc::new(Announcement::new(topic, channel, mark, news, told))));
        };
        if wire::is_misrouted(channel, told) || (*place == FeedPlacement::OwnChannelOnly && channel.is_feed()) {
            return Ok(None);
        }
        Ok(Some(reading.announcement(topic, || Announcement::new(topic, channel, mark, news, told.clone()))))
    }

    async fn read(&self, thing: Thing, what: What) -> Result<Option<Sight>, Untold> {
        tried(thing, || self.view(thing, what)).await
    }

    /// Whether whose channel this is may know of the post now.
    async fn is_there(&self, channel: &Channel, post: PostId) -> Result<bool, Untold> {
        let Some(owner) = channel.owner() else { return Ok(false) };
        Ok(tried(Thing::Post(post), || self.lookup.find_visible(owner, post)).await?.is_some())
    }

    async fn view(&self, thing: Thing, what: What) -> Result<Option<Sight>, PortError> {
        let updated = matches!(what, What::PostUpdated(_) | What::ResponseUpdated(_));
        Ok(match thing {
            Thing::Post(post) => {
                let told = if updated { Told::PostUpdated } else { Told::PostCreated };
                let seen = self.posts.present_post(post).await?;
                seen.map(|PostView { post, placement: place }| Sight { told: told(post), place })
            }
            Thing::Response(response) => {
                let told = if updated { Told::ResponseUpdated } else { Told::ResponseCreated };
                let seen = self.responses.present_response(response).await?;
                seen.map(|response| Sight { told: told(response), place: FeedPlacement::Feeds })
            }
        })
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tries a few times, since what is missing costs every client a refetch.
async fn tried<T, F>(thing: Thing, ask: impl Fn() -> F) -> Result<T, Untold>
where
    F: Future<Output = Result<T, PortError>>,
{
    for wait in WAITS {
        match timeout(WITHIN, ask()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failure)) => tracing::warn!(error = %failure, ?thing, "what a frame shows cannot be read"),
            Err(_) => tracing::warn!(?thing, "what a frame shows is not read in time"),
        }
        if let Some(wait) = wait {
            sleep(wait).await;
        }
    }
    Err(Untold)
}

/// What is told if what has changed is not there: its change may be why.
fn vanished(what: What) -> Option<Told> {
    match what {
        What::PostUpdated(post) => wire::without_content(What::PostRemoved(post)),
        What::PostCreated(_)
        | What::PostRemoved(_)
        | What::ResponseCreated(_)
        | What::ResponseUpdated(_)
        | What::ResponseRemoved(..)
        | What::Notice(..)
        | What::Word(_)
        | What::CaseChanged(_) => None,
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

    /// Has everything in memory.
    struct AtHand;

    #[async_trait]
    impl PostLookup for AtHand {
        async fn find_visible(&self, viewer: UserId, post: PostId) -> Result<Option<PostSummary>, PortError> {
            Ok(Some(PostSummary { id: post, author: viewer, circle: None }))
        }

        async fn is_public(&self, _: PostId) -> Result<bool, PortError> {
            Ok(true)
        }
    }

    #[async_trait]
    impl PostPresenter for AtHand {
        async fn present_post(&self, post: PostId) -> Result<Option<PostView>, PortError> {
            let post = Post { id: post.to_string(), ..Post::default() };
            Ok(Some(PostView { post, placement: FeedPlacement::Feeds }))
        }
    }

    #[async_trait]
    impl ResponsePresenter for AtHand {
        async fn present_response(&self, _: ResponseId) -> Result<Option<Response>, PortError> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn what_is_at_hand_is_told_without_a_wait() {
        let teller = Teller::new(Arc::new(AtHand), Arc::new(AtHand), Arc::new(AtHand));
        let (at, of) = (Timestamp::from_millis(0), user());
        let news = News { id: event_id(at), at, of, what: What::PostCreated(PostId::from_uuid(of.uuid())) };
        let (feed, mark) = (Channel::Feed, LogOffset { sequence: 1, position: Position::sealed([0; 16]) });
        let told = teller.announce(1, &feed, mark, &news).now_or_never();
        assert!(told.is_some_and(|told| told.is_ok_and(|announcement| announcement.is_some())));
    }
}
