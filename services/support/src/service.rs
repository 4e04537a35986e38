//! What people can do with responses.

use std::sync::Arc;

use kith_kernel::{
    Actor, Clock, Cursor, Entropy, Event, EventPayload, ResponseEvent, Page, PageSize, PersonaId, PostId, ResponseId, UserId, ModerationState,
    ports::{BlockList, PostSummary, PostLookup, ContentScreen},
};
use kith_storage::StoreError;
use uuid::Uuid;

use crate::{
    Content, Error, Response, Stats, policy,
    screening::{self, Given},
    store::Store,
};

/// The use cases of support.
pub struct Service {
    /// Where responses are kept.
    pub store: Arc<dyn Store>,
    /// Which posts there are for whom.
    pub posts: Arc<dyn PostLookup>,
    /// Who is hidden from whom.
    pub blocks: Arc<dyn BlockList>,
    /// What looks at answers before others see them.
    pub screen: Arc<dyn ContentScreen>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

impl Service {
    /// Answers a post. A quick support that the actor has given already is given back as it is.
    ///
    /// `claimed` is the id that the call's idempotency key holds, if it has a key: if a response of the actor's stands
    /// under it, the call is a repetition, and that response is the answer.
    ///
    /// # Errors
    /// [`Error::NoSuchPost`], [`Error::OwnPost`], [`Error::Archived`].
    pub async fn respond(
        &self,
        actor: &Actor,
        post: PostId,
        content: Content,
        claimed: Option<Uuid>,
    ) -> Result<Given, Error> {
        let post = self.post(actor, post).await?;
        policy::may_respond(actor, &post, &content)?;
        let now = self.clock.now();
        let response = Response {
            id: claimed.map_or_else(|| ResponseId::new(now, &*self.entropy), ResponseId::from_uuid),
            post: post.id,
            post_author: post.author,
            author: actor.user,
            persona: post.circle.map_or(actor.persona, |inside| inside.member.persona),
            circle: post.circle.map(|inside| inside.circle),
            content,
            created_at: now,
            helpful_at: None,
            deleted_at: None,
            veil: None,
        };
        let verdict = screening::look(&self.screen, &response).await;
        let veil = policy::is_held(&verdict).then_some(ModerationState::Held(now));
        let response = Response { veil, ..response };
        let told = screening::told(&response, verdict.crisis);
        let events: Vec<Event> = told.into_iter().map(|fact| self.event(actor, fact)).collect();
        let response = match self.store.insert(&response, &events).await {
            Err(StoreError::UniqueViolation(key)) if key == "id" => self.repeated(&response, key).await?,
            kept => kept?,
        };
        Ok(Given { response, crisis: verdict.crisis })
    }

    /// The responses to a post that this actor may see, oldest first.
    ///
    /// # Errors
    /// [`Error::NoSuchPost`].
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

    /// Takes the actor's own response back, whatever has become of its post.
    ///
    /// # Errors
    /// [`Error::NoSuchResponse`], [`Error::NotTheAuthor`].
    pub async fn delete(&self, actor: &Actor, id: ResponseId) -> Result<(), Error> {
        loop {
            let response = self.living(id).await?;
            if response.author != actor.user {
                // Who may not even see it learns nothing from the refusal.
                self.seen(actor, response).await?;
                return Err(Error::NotTheAuthor);
            }
            let now = self.clock.now();
            let deleted = EventPayload::Response(ResponseEvent::Deleted { response: response.about(), class: response.weight() });
            // What others did not see is not gone for them, nor counted.
            let told = response.is_open().then(|| self.event(actor, deleted));
            // Of two who delete at once, the store lets one through; the other finds nothing. Whoever is told no because
            // staff did something in between, looks again.
            if self.store.delete(&response, now, told.as_slice()).await? {
                return Ok(());
            }
        }
    }

    /// Says that a response to the actor's own post helped. The first moment at which they said so stands.
    ///
    /// # Errors
    /// [`Error::NoSuchResponse`], [`Error::NotThePostsAuthor`], [`Error::OwnResponse`].
    pub async fn mark_helpful(&self, actor: &Actor, id: ResponseId) -> Result<Response, Error> {
        let response = self.living(id).await?;
        let response = self.seen(actor, response).await?;
        policy::may_mark(actor, &response)?;
        if response.helpful_at.is_some() {
            return Ok(response);
        }
        let event = self.event(actor, EventPayload::Response(ResponseEvent::MarkedHelpful(response.about())));
        self.store.mark_helpful(id, event.at, &[event]).await?.ok_or(Error::NoSuchResponse)
    }

    /// What the actor has given and got.
    ///
    /// # Errors
    /// Only those of the store and of other slices.
    pub async fn stats(&self, actor: &Actor) -> Result<Stats, Error> {
        let hidden = self.blocks.hidden_from(actor.user).await?;
        Ok(self.store.stats(actor.user, &hidden).await?)
    }

    async fn post(&self, actor: &Actor, post: PostId) -> Result<PostSummary, Error> {
        self.posts.find_visible(actor.user, post).await?.ok_or(Error::NoSuchPost)
    }

    /// How the actor appears under this post.
    ///
    /// # Errors
    /// [`Error::NoSuchPost`].
    pub async fn persona(&self, actor: &Actor, post: PostId) -> Result<PersonaId, Error> {
        let post = self.post(actor, post).await?;
        Ok(post.circle.map_or(actor.persona, |inside| inside.member.persona))
    }

    async fn living(&self, id: ResponseId) -> Result<Response, Error> {
        self.store.get(id).await?.filter(Response::is_alive).ok_or(Error::NoSuchResponse)
    }

    /// The response, if this actor may see it.
    async fn seen(&self, actor: &Actor, response: Response) -> Result<Response, Error> {
        let viewer: UserId = actor.user;
        let hidden = self.blocks.hidden_from(viewer).await?;
        let post = self.posts.find_visible(viewer, response.post).await?;
        if !policy::may_see(viewer, &response, post.as_ref(), &hidden) {
            return Err(Error::NoSuchResponse);
        }
        Ok(response)
    }

    /// What the call has given before: it was kept, and its answer was lost.
    async fn repeated(&self, asked: &Response, key: String) -> Result<Response, Error> {
        let found = self.store.get(asked.id).await?;
        let own = found.filter(|found| found.author == asked.author && found.post == asked.post);
        own.ok_or(Error::Store(StoreError::UniqueViolation(key)))
    }

    fn event(&self, actor: &Actor, fact: EventPayload) -> Event {
        Event::new(self.clock.now(), actor.user, fact, &*self.entropy)
    }
}
