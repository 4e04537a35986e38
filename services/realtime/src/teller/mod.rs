//! Makes announcements of news: reads what they show, once an event, however many channels tell it and however many
//! clients come back to it at the same time.

mod recent;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kernel::{Channel, Failure, live::Mark};
use tokio::time::{Instant, sleep, timeout};

use self::recent::Recent;
use crate::{
    announcement::Announcement,
    news::{News, Thing, What},
    wire::{self, PostViews, ResponseViews, Told},
};

/// How long one try to read may take. A channel waits for it.
const WITHIN: Duration = Duration::from_secs(1);
/// The waits before each try.
const WAITS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(250)];

/// It could not be found out what there is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Untold;

/// Reads what frames show.
pub(crate) struct Teller {
    posts: Arc<dyn PostViews>,
    responses: Arc<dyn ResponseViews>,
    recent: Mutex<Recent>,
}

impl Teller {
    pub(crate) fn new(posts: Arc<dyn PostViews>, responses: Arc<dyn ResponseViews>) -> Self {
        Self { posts, responses, recent: Mutex::default() }
    }

    /// The news as all who listen get them; `None` if what they would show is gone: its removal follows.
    ///
    /// # Errors
    /// [`Untold`] if it cannot be read: they have to be told that something is missing.
    pub(crate) async fn announce(
        &self,
        topic: u64,
        channel: &Channel,
        mark: Mark,
        news: &News,
    ) -> Result<Option<Arc<Announcement>>, Untold> {
        if let Some(gone) = news.what.removes() {
            self.recent().forget(gone);
        }
        let Some(thing) = news.what.shows() else {
            let told = wire::without_content(news.what);
            return Ok(told.map(|told| Arc::new(Announcement::new(topic, channel, mark, news, told))));
        };
        let reading = self.recent().reading(news.id, thing, Instant::now());
        let Some(told) =
            reading.told.get_or_init(|| self.read(thing, news.what)).await.as_ref().map_err(|untold| *untold)?
        else {
            return Ok(None);
        };
        Ok(Some(reading.announcement(topic, || Announcement::new(topic, channel, mark, news, told.clone()))))
    }

    /// Tries a few times, since what is missing costs every client a refetch.
    async fn read(&self, thing: Thing, what: What) -> Result<Option<Told>, Untold> {
        for wait in WAITS {
            sleep(wait).await;
            match timeout(WITHIN, self.view(thing, what)).await {
                Ok(Ok(told)) => return Ok(told),
                Ok(Err(failure)) => tracing::warn!(error = %failure, ?thing, "what a frame shows cannot be read"),
                Err(_) => tracing::warn!(?thing, "what a frame shows is not read in time"),
            }
        }
        Err(Untold)
    }

    async fn view(&self, thing: Thing, what: What) -> Result<Option<Told>, Failure> {
        let updated = matches!(what, What::PostUpdated(_) | What::ResponseUpdated(_));
        Ok(match thing {
            Thing::Post(post) => {
                let told = if updated { Told::PostUpdated } else { Told::PostCreated };
                self.posts.post(post).await?.map(told)
            }
            Thing::Response(response) => {
                let told = if updated { Told::ResponseUpdated } else { Told::ResponseCreated };
                self.responses.response(response).await?.map(told)
            }
        })
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
