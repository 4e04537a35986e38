//! What people can do in circles.
//!
//! | file | holds |
//! | --- | --- |
//! | here | circles: to open one, to see it, to change it, to get in and out |
//! | `people` | members, and who wants to be one |
//! | `invites` | ways in |
//! | `log` | what was done |

mod invites;
mod log;
mod people;

use std::{collections::BTreeSet, sync::Arc};

use kith_kernel::{
    Actor, Category, CircleId, Clock, Cursor, Entropy, EventId, Page, PageSize, PageTokenCodec, PersonaId, PersonaScope, Timestamp,
    UserId,
    ports::{BlockList, CircleRole, Feature, FeatureFlags, PersonaRegistry},
};
use uuid::Uuid;

pub use self::invites::Made;
use crate::{
    Error,
    domain::{Blur, Change, Circle, Code, Person, State, Terms},
    policy::{Act, Invited, Refused, Scene, is_open, knows, role_of},
    store::{By, Deed, Seen, Store},
};

/// The use cases of circles.
pub struct Service {
    /// Where circles are kept.
    pub store: Arc<dyn Store>,
    /// Lets people appear in circles.
    pub spaces: Arc<dyn PersonaRegistry>,
    /// Who is hidden from whom.
    pub blocks: Arc<dyn BlockList>,
    pub flags: Arc<dyn FeatureFlags>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids and codes are made with.
    pub entropy: Arc<dyn Entropy>,
    /// What signs the tokens of lists.
    pub pager: Arc<PageTokenCodec>,
}

/// Which circles are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that everybody finds, in this category if one is named.
    Public(Option<Category>),
    /// Those that the actor is a member of.
    Own,
}

impl Service {
    /// Opens a circle, of which the actor is the owner. It gets the id that the call has claimed, if it has: again gives
    /// the same.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`]; those of the store and of ports.
    pub async fn create(&self, actor: &Actor, terms: Terms, claimed: Option<Uuid>) -> Result<Seen, Error> {
        self.flags.require(Feature::CircleCreation, actor.into()).await?;
        let now = self.clock.now();
        let id = claimed.map_or_else(|| CircleId::new(now, &*self.entropy), CircleId::from_uuid);
        let persona = self.spaces.get_or_create(actor.user, PersonaScope::Circle(id)).await?.id;
        let blur = Blur::draw(&*self.entropy);
        let circle =
            Circle { id, terms, members: 1, blur, created_at: now, archived_at: None, closed_at: None, version: 1 };
        let owner = Person { user: actor.user, persona, state: State::Member(CircleRole::Owner), since: now };
        let circle = self.store.open(&circle, &owner, &self.by(actor, now)).await?;
        Ok(Seen { circle, person: Some(owner) })
    }

    /// A circle, as the actor may see it, with the code of an invite to it if they bring one.
    ///
    /// # Errors
    /// [`Refused::NoCircle`].
    pub async fn get(&self, actor: &Actor, circle: CircleId, code: Option<&Code>) -> Result<Seen, Error> {
        let seen = self.store.look(circle, actor.user).await?.ok_or(Refused::NoCircle)?;
        let invited = self.invited(circle, code).await?;
        if knows(&seen.circle, seen.person.map(|person| person.state), invited) {
            return Ok(seen);
        }
        Err(Refused::NoCircle.into())
    }

    /// Circles, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::Page`] for a token that was not handed out for this list.
    pub async fn list(
        &self,
        actor: &Actor,
        scope: Scope,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Seen>, String), Error> {
        let list = match scope {
            Scope::Public(category) => format!("circles:{}", category.map_or("", Category::slug)),
            Scope::Own => format!("circles-of:{}", actor.user),
        };
        let before = self.pager.cursor(&list, token)?.map(|cursor| CircleId::from_uuid(cursor.id));
        let circles = match scope {
            Scope::Public(category) => self.store.public(actor.user, category, before, size.lookahead()).await?,
            Scope::Own => self.store.own(actor.user, before, size.lookahead()).await?,
        };
        let page = Page::from_lookahead(circles, size, |seen| Cursor::at(seen.circle.id.uuid()));
        Ok((page.items, self.pager.token(&list, page.next)))
    }

    /// Changes what a circle says of itself. What is `None` stays.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn update(&self, actor: &Actor, circle: CircleId, etag: &str, change: Change) -> Result<Seen, Error> {
        // What is no etag of ours is stale, for those who may update at all.
        let version = etag.parse().unwrap_or(0);
        Ok(as_seen(self.settle(actor, circle, Act::Update(version, change)).await?))
    }

    /// Closes a circle for good.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn archive(&self, actor: &Actor, circle: CircleId) -> Result<Seen, Error> {
        Ok(as_seen(self.settle(actor, circle, Act::Archive).await?))
    }

    /// Gets the actor in, or asks for it. Again is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn join(&self, actor: &Actor, circle: CircleId) -> Result<Seen, Error> {
        let seen = self.get(actor, circle, None).await?;
        let persona = self.appear(actor, &seen).await?;
        Ok(as_seen(self.settle(actor, circle, Act::Join(persona)).await?))
    }

    /// Gets the actor out. Again is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn leave(&self, actor: &Actor, circle: CircleId) -> Result<(), Error> {
        self.settle(actor, circle, Act::Leave).await?;
        Ok(())
    }

    /// Nothing, for a member of a circle that is not closed.
    ///
    /// # Errors
    /// [`Refused::NoCircle`], [`Refused::NotAMember`], [`Refused::Closed`].
    pub async fn must_be_member(&self, actor: &Actor, circle: CircleId) -> Result<Seen, Error> {
        let seen = self.get(actor, circle, None).await?;
        is_open(&seen.circle)?;
        role_of(seen.person.map(|person| person.state))?;
        Ok(seen)
    }

    async fn invited(&self, circle: CircleId, code: Option<&Code>) -> Result<Invited, Error> {
        let Some(code) = code else { return Ok(Invited::No) };
        let invite = self.store.invite(&code.digest(), self.clock.now()).await?;
        Ok(if invite.is_some_and(|invite| invite.circle == circle) { Invited::Live } else { Invited::No })
    }

    /// As whom the actor is, or will be, in a circle.
    async fn appear(&self, actor: &Actor, seen: &Seen) -> Result<PersonaId, Error> {
        match seen.person {
            Some(person) => Ok(person.persona),
            None => Ok(self.spaces.get_or_create(actor.user, PersonaScope::Circle(seen.circle.id)).await?.id),
        }
    }

    async fn settle(&self, actor: &Actor, circle: CircleId, act: Act) -> Result<Scene, Error> {
        let deed = Deed { circle, by: self.by(actor, self.clock.now()), act };
        Ok(self.store.settle(&deed).await??)
    }

    fn by(&self, actor: &Actor, at: Timestamp) -> By {
        By { actor: actor.user, at, event: EventId::new(at, &*self.entropy) }
    }

    async fn hidden(&self, actor: &Actor) -> Result<BTreeSet<UserId>, Error> {
        Ok(self.blocks.hidden_from(actor.user).await?)
    }
}

fn as_seen(scene: Scene) -> Seen {
    Seen { circle: scene.circle, person: scene.actor }
}
