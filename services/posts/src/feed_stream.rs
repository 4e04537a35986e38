//! Server stream of the public feed.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    AccountEvent, AccountStatus, Actor, Channel, Clock, Event, EventPayload, PostEvent, PostId,
    event::{PostRef, VisibilityChange},
    ports::{BlockList, Feature, FeatureFlags, LogSubscriber, ReplayLog, SessionLookup},
    replay_log::LogItem,
};
use tokio::time::{Instant, Interval, interval_at};

use crate::{
    Error, Post,
    domain::Filter,
    policy::{self, Viewer},
    store::Store,
};

/// Opens streams of the public feed.
#[derive(Clone)]
pub struct FeedStreams {
    pub store: Arc<dyn Store>,
    pub blocks: Arc<dyn BlockList>,
    pub sessions: Arc<dyn SessionLookup>,
    pub replay_log: Arc<dyn ReplayLog>,
    pub flags: Arc<dyn FeatureFlags>,
    pub clock: Arc<dyn Clock>,
    /// Interval at which the session is checked in the absence of events. Not every end of a session is an event.
    pub recheck_interval: Duration,
}

/// Item of a feed stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedItem {
    /// First item. All later events follow.
    Started,
    /// A post became visible.
    Created(Box<Post>),
    Updated(Box<Post>),
    /// A post is no longer visible or no longer matches the filter.
    Removed(PostId),
    /// Events were missed.
    Gap,
}

/// Stream of one client. Dropping it ends the subscription.
pub struct FeedStream {
    filter: StreamFilter,
    feed: Box<dyn LogSubscriber>,
    permission_changes: Box<dyn LogSubscriber>,
    recheck: Interval,
    is_started: bool,
}

impl FeedStreams {
    /// Subscribes to events of posts that match the filter and that the actor can see.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`]; those of the ports.
    pub async fn subscribe(&self, actor: Actor, filter: Filter) -> Result<FeedStream, Error> {
        self.flags.require(Feature::FeedStream, (&actor).into()).await?;
        let permission_changes = self.replay_log.subscribe(&Channel::PermissionChanges).await?;
        let feed = self.replay_log.subscribe(&Channel::Feed).await?;
        let recheck = interval_at(Instant::now() + self.recheck_interval, self.recheck_interval);
        let filter = StreamFilter { streams: self.clone(), actor, filter };
        Ok(FeedStream { filter, feed, permission_changes, recheck, is_started: false })
    }
}

impl FeedStream {
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.filter.actor
    }

    /// Waits for the next item. No item is returned after the session has ended or the account is suspended.
    ///
    /// # Errors
    /// [`Error::SessionEnded`] or [`Error::AccountSuspended`] as soon as that is known; [`Error::FeatureDisabled`]
    /// within the recheck interval; those of the ports and the store.
    pub async fn next(&mut self) -> Result<FeedItem, Error> {
        if !self.is_started {
            self.filter.check_session().await?;
            self.is_started = true;
            return Ok(FeedItem::Started);
        }
        loop {
            // Permission changes come first: a permission lost before a feed event applies to that event.
            tokio::select! {
                biased;
                item = self.permission_changes.next() => self.filter.on_permission_change(&item).await?,
                item = self.feed.next() => {
                    self.filter.check_session().await?;
                    if let Some(item) = self.filter.on_feed_event(&item).await? {
                        return Ok(item);
                    }
                }
                _ = self.recheck.tick() => self.filter.recheck().await?,
            }
        }
    }
}

/// Filter of one stream: the client's filter, and the posts that the actor can see.
struct StreamFilter {
    streams: FeedStreams,
    actor: Actor,
    filter: Filter,
}

impl StreamFilter {
    /// Checks what can change without an event: the session and the feature flag.
    async fn recheck(&self) -> Result<(), Error> {
        self.streams.flags.require(Feature::FeedStream, (&self.actor).into()).await?;
        self.check_session().await
    }

    /// Ends the stream at once if the event ends the actor's own access. The session lookup may not have processed the
    /// event yet.
    async fn on_permission_change(&self, item: &LogItem) -> Result<(), Error> {
        let LogItem::Entry(entry) = item else { return self.check_session().await };
        let Ok(event) = Event::decode(&entry.event) else { return self.check_session().await };
        match event.payload {
            EventPayload::Account(AccountEvent::SessionRevoked { session, .. }) if session == self.actor.session => {
                Err(Error::SessionEnded)
            }
            EventPayload::Account(AccountEvent::Suspended { user }) if user == self.actor.user => {
                Err(Error::AccountSuspended)
            }
            EventPayload::Account(AccountEvent::SessionRevoked { user, .. } | AccountEvent::Reinstated { user })
                if user == self.actor.user =>
            {
                self.check_session().await
            }
            // The block list is loaded again for each feed event.
            EventPayload::Account(_)
            | EventPayload::Post(_)
            | EventPayload::Response(_)
            | EventPayload::Circle(_)
            | EventPayload::Moderation(_)
            | EventPayload::Progress(_) => Ok(()),
        }
    }

    async fn check_session(&self) -> Result<(), Error> {
        let current = self.streams.sessions.current_actor(self.actor.session).await?;
        match current.map(|actor| actor.status) {
            Some(AccountStatus::Active | AccountStatus::Muted) => Ok(()),
            Some(AccountStatus::Suspended) => Err(Error::AccountSuspended),
            None => Err(Error::SessionEnded),
        }
    }

    async fn on_feed_event(&self, item: &LogItem) -> Result<Option<FeedItem>, Error> {
        let LogItem::Entry(entry) = item else { return Ok(Some(FeedItem::Gap)) };
        let event = match Event::decode(&entry.event) {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(event = %entry.event.id, %error, "failed to decode event, skipping");
                return Ok(None);
            }
        };
        let EventPayload::Post(payload) = &event.payload else { return Ok(None) };
        match payload {
            PostEvent::Created(post) | PostEvent::Restored(post) => match self.visibility(&event, post).await? {
                Visibility::Visible(post) => Ok(Some(FeedItem::Created(post))),
                Visibility::NotMatching | Visibility::Removed => Ok(None),
            },
            PostEvent::Updated(post) | PostEvent::SosResolved(post) => match self.visibility(&event, post).await? {
                Visibility::Visible(post) => Ok(Some(FeedItem::Updated(post))),
                Visibility::Removed => Ok(Some(FeedItem::Removed(post.post))),
                Visibility::NotMatching => Ok(None),
            },
            PostEvent::Deleted(post) => match self.visibility(&event, post).await? {
                // If the post was restored since, the event of the restore follows.
                Visibility::Visible(_) | Visibility::Removed => Ok(Some(FeedItem::Removed(post.post))),
                Visibility::NotMatching => Ok(None),
            },
            PostEvent::VisibilityChanged { post, change } => self.on_visibility_change(&event, post, *change).await,
        }
    }

    /// The author of a removed post still sees it, with a moderation notice.
    async fn on_visibility_change(
        &self,
        event: &Event,
        post: &PostRef,
        change: VisibilityChange,
    ) -> Result<Option<FeedItem>, Error> {
        let visibility = self.visibility(event, post).await?;
        Ok(match (change, visibility) {
            // A visible post that becomes held was edited, and the event of the edit removes it.
            (VisibilityChange::Held, _)
            | (_, Visibility::NotMatching)
            | (VisibilityChange::Released | VisibilityChange::Restored, Visibility::Removed) => None,
            (VisibilityChange::Released | VisibilityChange::Restored, Visibility::Visible(post)) => {
                Some(FeedItem::Created(post))
            }
            (VisibilityChange::Removed, Visibility::Visible(post)) if post.author == self.actor.user => {
                Some(FeedItem::Updated(post))
            }
            // If the post was restored since, the event of the restore follows.
            (VisibilityChange::Removed, Visibility::Visible(_) | Visibility::Removed) => {
                Some(FeedItem::Removed(post.post))
            }
        })
    }

    /// Current visibility of the post of an event.
    async fn visibility(&self, event: &Event, reference: &PostRef) -> Result<Visibility, Error> {
        let hidden = self.streams.blocks.hidden_from(self.actor.user).await?;
        let is_public = reference.circle.is_none();
        if !is_public || hidden.contains(&event.actor) || !self.filter.concerns_any(&reference.categories) {
            return Ok(Visibility::NotMatching);
        }
        let Some(post) = self.streams.store.get(reference.post).await? else { return Ok(Visibility::Removed) };
        if post.circle.is_some() || hidden.contains(&post.author) || !self.filter.kind_matches(&post) {
            return Ok(Visibility::NotMatching);
        }
        let viewer = Viewer { user: self.actor.user, hidden, circle: None, now: self.streams.clock.now() };
        let is_visible = policy::is_listed(&viewer, &post) && self.filter.matches(&post);
        Ok(if is_visible { Visibility::Visible(Box::new(post)) } else { Visibility::Removed })
    }
}

/// Visibility of a post in one stream.
enum Visibility {
    /// The post never was in this stream, or the actor must not learn of it.
    NotMatching,
    /// The post may have been sent before and is no longer visible.
    Removed,
    Visible(Box<Post>),
}
