//! Use cases of circles.
//!
//! | file | contents |
//! | --- | --- |
//! | here | creation, reading and settings of circles; joining and leaving |
//! | `commands` | lock, decide, save: the execution of every command |
//! | `invites` | creating, listing, revoking and accepting invites |
//! | `log` | the log of a circle |
//! | `members` | members, join requests and bans |

mod commands;
mod invites;
mod log;
mod members;

use std::{collections::BTreeSet, sync::Arc};

use kith_kernel::{
    Actor, Category, CircleId, Clock, Cursor, Entropy, Page, PageSize, PageTokenCodec, PersonaId, PersonaScope, UserId,
    ports::{BlockList, CircleRole, Feature, FeatureFlags, PersonaRegistry},
};
use uuid::Uuid;

pub use self::{commands::execute, invites::CreatedInvite};
use crate::{
    Error,
    domain::{Circle, CircleSettings, CircleUpdate, InviteCode, MemberCountOffset, MembershipRecord, MembershipStatus},
    policy::{CircleCommand, CircleError, InviteStatus, ensure_not_closed, is_visible_to, member_role},
    store::{CircleView, Store},
};

/// The use cases of circles.
pub struct Service {
    pub store: Arc<dyn Store>,
    pub personas: Arc<dyn PersonaRegistry>,
    pub blocks: Arc<dyn BlockList>,
    pub flags: Arc<dyn FeatureFlags>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub page_tokens: Arc<PageTokenCodec>,
}

/// Scope of a list of circles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Public circles, of the category if one is given.
    Public(Option<Category>),
    /// Circles of which the actor is a member.
    Own,
}

impl Service {
    /// Creates a circle with the actor as owner. A repeated call with the same claim returns the same circle.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`]; errors of the store and of ports.
    pub async fn create(
        &self,
        actor: &Actor,
        settings: CircleSettings,
        claimed: Option<Uuid>,
    ) -> Result<CircleView, Error> {
        self.flags.require(Feature::CircleCreation, actor.into()).await?;
        let now = self.clock.now();
        let id = claimed.map_or_else(|| CircleId::new(now, &*self.entropy), CircleId::from_uuid);
        let persona = self.personas.get_or_create(actor.user, PersonaScope::Circle(id)).await?.id;
        let circle = Circle {
            id,
            settings,
            member_count: 1,
            count_offset: MemberCountOffset::random(&*self.entropy),
            created_at: now,
            archived_at: None,
            closed_at: None,
            version: 1,
        };
        let status = MembershipStatus::Member(CircleRole::Owner);
        let owner = MembershipRecord { user: actor.user, persona, status, since: now };
        let circle = self.store.create(&circle, &owner, &self.stamp(actor, now)).await?;
        Ok(CircleView { circle, membership: Some(owner) })
    }

    /// Returns a circle as the actor sees it. `code` is the code of an invite that the actor presents.
    ///
    /// # Errors
    /// [`CircleError::CircleNotFound`].
    pub async fn get(&self, actor: &Actor, circle: CircleId, code: Option<&InviteCode>) -> Result<CircleView, Error> {
        let view = self.store.find_for(circle, actor.user).await?.ok_or(CircleError::CircleNotFound)?;
        let invite = self.invite_status(circle, code).await?;
        if is_visible_to(&view.circle, view.status(), invite) {
            return Ok(view);
        }
        Err(CircleError::CircleNotFound.into())
    }

    /// Returns a page of circles, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::Pagination`] for a token of another list.
    pub async fn list(
        &self,
        actor: &Actor,
        scope: Scope,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<CircleView>, String), Error> {
        let list = match scope {
            Scope::Public(category) => format!("circles:{}", category.map_or("", Category::slug)),
            Scope::Own => format!("circles-of:{}", actor.user),
        };
        let before = self.page_tokens.cursor(&list, token)?.map(|cursor| CircleId::from_uuid(cursor.id));
        let circles = match scope {
            Scope::Public(category) => self.store.list_public(actor.user, category, before, size.lookahead()).await?,
            Scope::Own => self.store.list_own(actor.user, before, size.lookahead()).await?,
        };
        let page = Page::from_lookahead(circles, size, |view| Cursor::at(view.circle.id.uuid()));
        Ok((page.items, self.page_tokens.token(&list, page.next)))
    }

    /// Updates the settings. A field that is `None` does not change.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn update(
        &self,
        actor: &Actor,
        circle: CircleId,
        etag: &str,
        update: CircleUpdate,
    ) -> Result<CircleView, Error> {
        // A foreign etag never matches. It is rejected after the role of the caller has been checked.
        let version = etag.parse().unwrap_or(0);
        self.run_for_view(actor, circle, CircleCommand::Update(version, update)).await
    }

    /// Makes a circle read-only, permanently. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn archive(&self, actor: &Actor, circle: CircleId) -> Result<CircleView, Error> {
        self.run_for_view(actor, circle, CircleCommand::Archive).await
    }

    /// Joins a circle, or requests to join it. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn join(&self, actor: &Actor, circle: CircleId) -> Result<CircleView, Error> {
        let view = self.get(actor, circle, None).await?;
        let persona = self.persona_in(actor, &view).await?;
        self.run_for_view(actor, circle, CircleCommand::Join(persona)).await
    }

    /// Leaves a circle, or withdraws the join request. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn leave(&self, actor: &Actor, circle: CircleId) -> Result<(), Error> {
        self.run(actor, circle, CircleCommand::Leave).await?;
        Ok(())
    }

    /// Checks that the actor is a member of the circle and that staff have not closed it.
    ///
    /// # Errors
    /// [`CircleError::CircleNotFound`], [`CircleError::NotAMember`], [`CircleError::Closed`].
    pub async fn ensure_member(&self, actor: &Actor, circle: CircleId) -> Result<CircleView, Error> {
        let view = self.get(actor, circle, None).await?;
        ensure_not_closed(&view.circle)?;
        member_role(view.status())?;
        Ok(view)
    }

    async fn invite_status(&self, circle: CircleId, code: Option<&InviteCode>) -> Result<InviteStatus, Error> {
        let Some(code) = code else { return Ok(InviteStatus::None) };
        let invite = self.store.find_invite(&code.digest(), self.clock.now()).await?;
        let is_valid = invite.is_some_and(|invite| invite.circle == circle);
        Ok(if is_valid { InviteStatus::Valid } else { InviteStatus::None })
    }

    /// Returns the persona of the actor in a circle, and creates it if the actor never had a membership.
    async fn persona_in(&self, actor: &Actor, view: &CircleView) -> Result<PersonaId, Error> {
        match view.membership {
            Some(membership) => Ok(membership.persona),
            None => Ok(self.personas.get_or_create(actor.user, PersonaScope::Circle(view.circle.id)).await?.id),
        }
    }

    async fn hidden_from(&self, actor: &Actor) -> Result<BTreeSet<UserId>, Error> {
        Ok(self.blocks.hidden_from(actor.user).await?)
    }
}
