//! The feed as it happens, for as long as somebody has the right to it.

use std::{sync::Arc, time::Duration};

use kith_kernel::{
    Actor, Channel, Clock, Event, Fact, Failure, Fault, PostId, Standing,
    event::{AboutPost, Moderation},
    live::Heard,
    ports::{Blocks, Listener, Live, Sessions},
};
use tokio::time::{Instant, Interval, interval_at};

use crate::{
    Error, Post,
    domain::Filter,
    policy::{self, Viewer},
    store::Store,
};

/// Where the feed's events are told.
const FEED: &str = "feed";

/// Lets people watch the feed.
#[derive(Clone)]
pub struct Watch {
    /// Where posts are kept.
    pub store: Arc<dyn Store>,
    /// Who is hidden from whom.
    pub blocks: Arc<dyn Blocks>,
    /// Whose session goes on.
    pub sessions: Arc<dyn Sessions>,
    /// Where it is heard.
    pub live: Arc<dyn Live>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How often the right is looked at although nothing happens: not every session that ends is told of.
    pub patrol: Duration,
}

/// What happened in the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It begins: all that happens from here on follows.
    Started,
    /// A post is there, or there again.
    Created(Box<Post>),
    /// A post has changed.
    Updated(Box<Post>),
    /// A post is gone, or not one of those that were asked for any more.
    Removed(PostId),
    /// Something happened that can no longer be told.
    Lost,
}

/// Somebody who watches. Dropping it ends the interest.
pub struct Watching {
    eye: Eye,
    feed: Box<dyn Listener>,
    rights: Box<dyn Listener>,
    patrol: Interval,
    begun: bool,
}

impl Watch {
    /// Listens from now on for what the filter admits and the actor may see.
    ///
    /// # Errors
    /// Only those of the port.
    pub async fn begin(&self, actor: Actor, filter: Filter) -> Result<Watching, Error> {
        let feed = Channel::new(FEED).map_err(|invalid| Failure::new(Fault::Internal, invalid))?;
        let rights = self.live.listen(&Channel::rights()).await?;
        let feed = self.live.listen(&feed).await?;
        let patrol = interval_at(Instant::now() + self.patrol, self.patrol);
        Ok(Watching { eye: Eye { watch: self.clone(), actor, filter }, feed, rights, patrol, begun: false })
    }
}

impl Watching {
    /// Who watches.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.eye.actor
    }

    /// The next thing. Nobody who has lost the right hears one more.
    ///
    /// # Errors
    /// [`Error::SessionEnded`] or [`Error::Suspended`], as soon as it is so; those of the ports and the store.
    pub async fn next(&mut self) -> Result<News, Error> {
        if !self.begun {
            self.eye.check_right().await?;
            self.begun = true;
            return Ok(News::Started);
        }
        loop {
            // Rights first: what was lost before something happened is lost for it.
            tokio::select! {
                biased;
                heard = self.rights.next() => self.eye.on_rights(&heard).await?,
                heard = self.feed.next() => {
                    self.eye.check_right().await?;
                    if let Some(news) = self.eye.on_feed(&heard).await? {
                        return Ok(news);
                    }
                }
                _ = self.patrol.tick() => self.eye.check_right().await?,
            }
        }
    }
}

/// Looks on behalf of somebody.
struct Eye {
    watch: Watch,
    actor: Actor,
    filter: Filter,
}

impl Eye {
    /// What ends a right ends it here at once: who is asked instead may not have heard of it yet.
    async fn on_rights(&self, heard: &Heard) -> Result<(), Error> {
        let Heard::Entry(entry) = heard else { return self.check_right().await };
        let Ok(event) = Event::open(&entry.parcel) else { return self.check_right().await };
        match event.fact {
            Fact::SessionRevoked { session, .. } if session == self.actor.session => Err(Error::SessionEnded),
            Fact::UserSuspended { user } if user == self.actor.user => Err(Error::Suspended),
            Fact::SessionRevoked { user, .. } | Fact::UserReinstated { user } if user == self.actor.user => {
                self.check_right().await
            }
            // Who sees whom is asked again at each event of the feed.
            Fact::UserBlocked { .. }
            | Fact::UserUnblocked { .. }
            | Fact::SessionRevoked { .. }
            | Fact::UserSuspended { .. }
            | Fact::UserReinstated { .. }
            | Fact::PostCreated(_)
            | Fact::PostUpdated(_)
            | Fact::SosResolved(_)
            | Fact::PostDeleted(_)
            | Fact::PostRestored(_)
            | Fact::ResponseGiven { .. }
            | Fact::ResponseDeleted { .. }
            | Fact::ResponseMarkedHelpful(_)
            | Fact::CircleChanged(_)
            | Fact::PostModerated { .. }
            | Fact::ResponseModerated { .. }
            | Fact::CrisisSeen { .. }
            | Fact::CaseChanged { .. }
            | Fact::StatementIssued { .. }
            | Fact::ReportClosed { .. }
            | Fact::UserMuted { .. }
            | Fact::UserUnmuted { .. }
            | Fact::RoleChanged { .. }
            | Fact::MilestoneReached { .. } => Ok(()),
        }
    }

    async fn check_right(&self) -> Result<(), Error> {
        let current = self.watch.sessions.current(self.actor.session).await?;
        match current.map(|actor| actor.standing) {
            Some(Standing::Good | Standing::Muted) => Ok(()),
            Some(Standing::Suspended) => Err(Error::Suspended),
            None => Err(Error::SessionEnded),
        }
    }

    async fn on_feed(&self, heard: &Heard) -> Result<Option<News>, Error> {
        let Heard::Entry(entry) = heard else { return Ok(Some(News::Lost)) };
        let event = match Event::open(&entry.parcel) {
            Ok(event) => event,
            Err(error) => {
                tracing::warn!(event = %entry.parcel.id, %error, "an event is not told");
                return Ok(None);
            }
        };
        match &event.fact {
            Fact::PostCreated(about) | Fact::PostRestored(about) => match self.sight(&event, about).await? {
                Sight::Shown(post) => Ok(Some(News::Created(post))),
                Sight::Foreign | Sight::Gone => Ok(None),
            },
            Fact::PostUpdated(about) | Fact::SosResolved(about) => match self.sight(&event, about).await? {
                Sight::Shown(post) => Ok(Some(News::Updated(post))),
                Sight::Gone => Ok(Some(News::Removed(about.post))),
                Sight::Foreign => Ok(None),
            },
            Fact::PostDeleted(about) => match self.sight(&event, about).await? {
                // One that is there again is told of by the event that brought it back.
                Sight::Shown(_) | Sight::Gone => Ok(Some(News::Removed(about.post))),
                Sight::Foreign => Ok(None),
            },
            Fact::PostModerated { about, how } => self.on_moderated(&event, about, *how).await,
            Fact::ResponseGiven { .. }
            | Fact::ResponseDeleted { .. }
            | Fact::ResponseMarkedHelpful(_)
            | Fact::UserBlocked { .. }
            | Fact::UserUnblocked { .. }
            | Fact::UserSuspended { .. }
            | Fact::UserReinstated { .. }
            | Fact::SessionRevoked { .. }
            | Fact::CircleChanged(_)
            | Fact::ResponseModerated { .. }
            | Fact::CrisisSeen { .. }
            | Fact::CaseChanged { .. }
            | Fact::StatementIssued { .. }
            | Fact::ReportClosed { .. }
            | Fact::UserMuted { .. }
            | Fact::UserUnmuted { .. }
            | Fact::RoleChanged { .. }
            | Fact::MilestoneReached { .. } => Ok(None),
        }
    }

    /// To its author, what staff took away is there, with a notice.
    async fn on_moderated(&self, event: &Event, about: &AboutPost, how: Moderation) -> Result<Option<News>, Error> {
        let sight = self.sight(event, about).await?;
        Ok(match (how, sight) {
            // What was there until then has changed, and is told of by that.
            (Moderation::Held, _)
            | (_, Sight::Foreign)
            | (Moderation::Released | Moderation::Reinstated, Sight::Gone) => None,
            (Moderation::Released | Moderation::Reinstated, Sight::Shown(post)) => Some(News::Created(post)),
            (Moderation::Removed, Sight::Shown(post)) if post.author == self.actor.user => Some(News::Updated(post)),
            // One that is there again is told of by the event that brought it back.
            (Moderation::Removed, Sight::Shown(_) | Sight::Gone) => Some(News::Removed(about.post)),
        })
    }

    /// What the post of an event is, now, to whoever watches.
    async fn sight(&self, event: &Event, about: &AboutPost) -> Result<Sight, Error> {
        let hidden = self.watch.blocks.hidden_from(self.actor.user).await?;
        if about.circle.is_some() || hidden.contains(&event.actor) || !self.filter.touches(&about.categories) {
            return Ok(Sight::Foreign);
        }
        let Some(post) = self.watch.store.get(about.post).await? else { return Ok(Sight::Gone) };
        if post.circle.is_some() || hidden.contains(&post.author) || !self.filter.is_of_kind(&post) {
            return Ok(Sight::Foreign);
        }
        let viewer = Viewer { user: self.actor.user, hidden, circle: None, now: self.watch.clock.now() };
        let is_shown = policy::is_listed(&viewer, &post) && self.filter.admits(&post);
        Ok(if is_shown { Sight::Shown(Box::new(post)) } else { Sight::Gone })
    }
}

/// What a post is to somebody.
enum Sight {
    /// Nothing that they may know of, or asked for.
    Foreign,
    /// Something that they may have been shown, and are not any more.
    Gone,
    /// There.
    Shown(Box<Post>),
}
