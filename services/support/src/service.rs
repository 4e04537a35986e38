//! Use cases of responses.

use std::sync::Arc;

use kith_kernel::{
    Actor, Clock, Cursor, Entropy, Event, EventPayload, Page, PageSize, PersonaId, PostId, ResponseEvent, ResponseId,
    UserId,
    ports::{BlockList, ContentScreen, PostLookup, PostSummary},
};
use kith_storage::StoreError;
use uuid::Uuid;

use crate::{
    Content, Error, Response, Stats, policy,
    screening::{self, ScreenedResponse},
    store::Store,
};

/// Use cases of responses.
pub struct Service {
    pub store: Arc<dyn Store>,
    pub posts: Arc<dyn PostLookup>,
    pub blocks: Arc<dyn BlockList>,
    pub screen: Arc<dyn ContentScreen>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Service {
    /// Creates a response. A repeated quick support of the same kind returns the existing one.
    ///
    /// `claimed` is the id that the idempotency key of the call reserved. If the actor already has a response with this
    /// id, the call is a repeat and returns that response.
    ///
    /// # Errors
    /// [`Error::PostNotFound`], [`Error::OwnPost`], [`Error::Archived`].
    pub async fn create(
        &self,
        actor: &Actor,
        post: PostId,
        content: Content,
        claimed: Option<Uuid>,
    ) -> Result<ScreenedResponse, Error> {
        let post = self.post(actor, post).await?;
        policy::can_respond(actor, &post, &content)?;
        let now = self.clock.now();
        let response = Response {
            id: claimed.map_or_else(|| ResponseId::new(now, &*self.entropy), ResponseId::from_uuid),
            post: post.id,
            post_author: post.author,
            author: actor.user,
            persona: post.circle.map_or(actor.persona, |circle| circle.member.persona),
            circle: post.circle.map(|circle| circle.circle),
            content,
            created_at: now,
            helpful_at: None,
            deleted_at: None,
            moderation: None,
        };
        let (screened, payloads) = screening::apply(&*self.screen, response).await;
        let events: Vec<Event> = payloads.into_iter().map(|payload| self.event(actor, payload)).collect();
        let response = match self.store.insert(&screened.response, &events).await {
            Err(StoreError::UniqueViolation(key)) if key == "id" => self.replayed(&screened.response, key).await?,
            inserted => inserted?,
        };
        Ok(ScreenedResponse { response, ..screened })
    }

    /// Returns the responses to a post that are visible to the actor, oldest first.
    ///
    /// # Errors
    /// [`Error::PostNotFound`].
    pub async fn list(
        &self,
        actor: &Actor,
        post: PostId,
        size: PageSize,
        after: Option<Cursor>,
    ) -> Result<Page<Response>, Error> {
        let post = self.post(actor, post).await?;
        let hidden = self.blocks.hidden_from(actor.user).await?;
        let after = after.map(|cursor| ResponseId::from_uuid(cursor.id));
        let responses = self.store.list(post.id, after, actor.user, &hidden, size.lookahead()).await?;
        Ok(Page::from_lookahead(responses, size, |response| Cursor::at(response.id.uuid())))
    }

    /// Deletes a response of the actor, also if its post is no longer visible.
    ///
    /// # Errors
    /// [`Error::ResponseNotFound`], [`Error::NotAuthor`].
    pub async fn delete(&self, actor: &Actor, id: ResponseId) -> Result<(), Error> {
        loop {
            let response = self.find_active(id).await?;
            if response.author != actor.user {
                // A caller who cannot see the response must not learn that it exists.
                self.require_visible(actor, response).await?;
                return Err(Error::NotAuthor);
            }
            let now = self.clock.now();
            let deleted = ResponseEvent::Deleted { response: response.response_ref(), class: response.class() };
            // A response that only its author saw was not counted, and no other user loses it.
            let event = response.is_visible().then(|| self.event(actor, deleted));
            // The store lets one of two concurrent deletions succeed; the other then finds no response. If staff changed the
            // visibility in between, the deletion is repeated.
            if self.store.delete(&response, now, event.as_slice()).await? {
                return Ok(());
            }
        }
    }

    /// Marks a response to a post of the actor as helpful. Idempotent: the time of the first call is kept.
    ///
    /// # Errors
    /// [`Error::ResponseNotFound`], [`Error::NotPostAuthor`], [`Error::OwnResponse`].
    pub async fn mark_helpful(&self, actor: &Actor, id: ResponseId) -> Result<Response, Error> {
        let response = self.find_active(id).await?;
        let response = self.require_visible(actor, response).await?;
        policy::can_mark_helpful(actor, &response)?;
        if response.helpful_at.is_some() {
            return Ok(response);
        }
        let event = self.event(actor, ResponseEvent::MarkedHelpful(response.response_ref()));
        self.store.mark_helpful(id, event.at, &[event]).await?.ok_or(Error::ResponseNotFound)
    }

    /// Returns the counts of responses that the actor has given and received.
    ///
    /// # Errors
    /// Errors of the store and of ports.
    pub async fn stats(&self, actor: &Actor) -> Result<Stats, Error> {
        let hidden = self.blocks.hidden_from(actor.user).await?;
        Ok(self.store.stats(actor.user, &hidden).await?)
    }

    async fn post(&self, actor: &Actor, post: PostId) -> Result<PostSummary, Error> {
        self.posts.find_visible(actor.user, post).await?.ok_or(Error::PostNotFound)
    }

    /// Returns the persona of the actor where the post is.
    ///
    /// # Errors
    /// [`Error::PostNotFound`].
    pub async fn persona(&self, actor: &Actor, post: PostId) -> Result<PersonaId, Error> {
        let post = self.post(actor, post).await?;
        Ok(post.circle.map_or(actor.persona, |circle| circle.member.persona))
    }

    async fn find_active(&self, id: ResponseId) -> Result<Response, Error> {
        self.store.get(id).await?.filter(Response::is_active).ok_or(Error::ResponseNotFound)
    }

    /// Returns the response if the actor can see it.
    async fn require_visible(&self, actor: &Actor, response: Response) -> Result<Response, Error> {
        let viewer: UserId = actor.user;
        let hidden = self.blocks.hidden_from(viewer).await?;
        let post = self.posts.find_visible(viewer, response.post).await?;
        if !policy::can_see(viewer, &response, post.as_ref(), &hidden) {
            return Err(Error::ResponseNotFound);
        }
        Ok(response)
    }

    /// Returns the response that an earlier call with the same claimed id created.
    async fn replayed(&self, requested: &Response, key: String) -> Result<Response, Error> {
        let found = self.store.get(requested.id).await?;
        let own = found.filter(|found| found.author == requested.author && found.post == requested.post);
        own.ok_or(Error::Store(StoreError::UniqueViolation(key)))
    }

    fn event(&self, actor: &Actor, payload: impl Into<EventPayload>) -> Event {
        Event::new(self.clock.now(), actor.user, payload, &*self.entropy)
    }
}
