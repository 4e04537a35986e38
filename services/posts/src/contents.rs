//! Posts, as staff judge them.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kith_kernel::{
    Clock, Content, Entropy, Event, Fact, Failure, PostId, UserId, Veil,
    ports::{Blocks, Contents, Evidence, Membership},
    veil::Act,
};
use kith_storage::StoreResult;
use uuid::Uuid;

use crate::{
    Post,
    domain::{Filter, Order},
    place::{about, inside},
    policy::{self, Viewer},
    store::{Question, Store},
};

/// Answers [`Contents`] for posts.
pub struct Desk {
    /// Where posts are kept.
    pub store: Arc<dyn Store>,
    /// Who is hidden from whom.
    pub blocks: Arc<dyn Blocks>,
    /// Who is in which circle.
    pub membership: Arc<dyn Membership>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl Contents for Desk {
    async fn evidence(&self, content: Content, viewer: Option<UserId>) -> Result<Option<Evidence>, Failure> {
        let Content::Post(id) = content else { return Ok(None) };
        let Some(post) = self.store.get(id).await? else { return Ok(None) };
        if let Some(user) = viewer {
            let hidden = self.blocks.hidden_from(user).await?;
            let circle = inside(&*self.membership, user, &post).await?.map(|inside| inside.circle);
            if !policy::may_see(&Viewer { user, hidden, circle, now: self.clock.now() }, &post) {
                return Ok(None);
            }
        }
        let edits = self.store.edits(id).await?;
        Ok(Some(Evidence { edits, ..evidence(&post) }))
    }

    async fn remove(&self, content: Content, by: UserId) -> Result<(), Failure> {
        self.act(content, Act::Remove, by).await
    }

    async fn restore(&self, content: Content, by: UserId) -> Result<(), Failure> {
        self.act(content, Act::Restore, by).await
    }

    async fn release(&self, content: Content, by: UserId) -> Result<(), Failure> {
        self.act(content, Act::Release, by).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Evidence>, Failure> {
        let nobody = UserId::from_uuid(Uuid::nil());
        let viewer = Viewer { user: nobody, hidden: BTreeSet::new(), circle: None, now: self.clock.now() };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let question = Question { filter: &Filter::default(), order: Order::Latest, after: None, limit };
        let posts = self.store.list(&viewer, &question).await?;
        Ok(posts.iter().map(|placed| evidence(&placed.post)).collect())
    }
}

impl Desk {
    async fn act(&self, content: Content, act: Act, by: UserId) -> Result<(), Failure> {
        let Content::Post(id) = content else { return Ok(()) };
        if self.done(id, act).await? {
            tracing::info!(post = %id, ?act, %by, "staff acted on a post");
        }
        Ok(())
    }

    /// Reads, decides and writes, once more if somebody else has written in between: of all who do so at once, one gets on
    /// each time. Whether there was something to do.
    async fn done(&self, id: PostId, act: Act) -> StoreResult<bool> {
        loop {
            let Some(post) = self.store.get(id).await? else { return Ok(false) };
            let now = self.clock.now();
            let Some((veil, told)) = act.on(post.veil, now) else { return Ok(false) };
            let fact = |how| Fact::PostModerated { about: about(&post, &post), how };
            let event = |how| Event::new(now, post.author, fact(how), &*self.entropy);
            let events: Vec<Event> = told.iter().copied().map(event).collect();
            if self.store.replace(&post.veiled(veil), &events).await? {
                return Ok(true);
            }
        }
    }
}

/// What there is to see of a post, but for what it said before. What stands around it is kept elsewhere.
fn evidence(post: &Post) -> Evidence {
    Evidence {
        content: Content::Post(post.id),
        author: post.author,
        persona: post.persona,
        circle: post.circle,
        text: post.draft.says(),
        at: post.created_at,
        edits: Vec::new(),
        context: Vec::new(),
        removed: post.veil.and_then(Veil::removed_at).is_some(),
        held: post.veil.and_then(Veil::held_at).is_some(),
    }
}
