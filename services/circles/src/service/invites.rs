//! Invites.

use kith_kernel::{Actor, CircleId, Cursor, InviteId, Page, PageSize};
use uuid::Uuid;

use super::Service;
use crate::{
    Error,
    domain::{Invite, InviteCode, InviteLimits, invite_id},
    policy::{CircleCommand, CircleError, InviteStatus, MAX_INVITES, is_visible_to},
    store::CircleView,
};

/// A new invite and its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedInvite {
    pub invite: Invite,
    /// The code cannot be retrieved later.
    pub code: InviteCode,
}

impl Service {
    /// Creates an invite. A repeated call with the same claim returns the same invite with a new code, because the client
    /// did not receive the first one.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn create_invite(
        &self,
        actor: &Actor,
        circle: CircleId,
        limits: InviteLimits,
        claimed: Option<Uuid>,
    ) -> Result<CreatedInvite, Error> {
        let view = self.ensure_keeper(actor, circle).await?;
        let persona = view.membership.ok_or(CircleError::NotAMember)?.persona;
        let code = InviteCode::random(&*self.entropy);
        let invite = Invite {
            id: invite_id(claimed, &*self.entropy),
            circle,
            creator: actor.user,
            persona,
            code_digest: code.digest(),
            uses_left: limits.uses(),
            expires_at: limits.expires_at(self.clock.now()),
        };
        self.run(actor, circle, CircleCommand::CreateInvite(invite.clone())).await?;
        Ok(CreatedInvite { invite, code })
    }

    /// Returns a page of valid invites, without those of creators who are hidden from the actor, and the token of the
    /// next page.
    ///
    /// # Errors
    /// [`Error::Rejected`]; [`Error::Pagination`] for a token of another list.
    pub async fn list_invites(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Invite>, String), Error> {
        self.ensure_keeper(actor, circle).await?;
        let list = format!("circle:{circle}:invites");
        let after = self.page_tokens.cursor(&list, token)?.map(|cursor| InviteId::from_uuid(cursor.id));
        let hidden = self.hidden_from(actor).await?;
        // One read returns all invites that a circle can have.
        let mut invites = self.store.list_invites(circle, self.clock.now(), after, MAX_INVITES.into()).await?;
        invites.retain(|invite| !hidden.contains(&invite.creator));
        let page = Page::from_lookahead(invites, size, |invite| Cursor::at(invite.id.uuid()));
        Ok((page.items, self.page_tokens.token(&list, page.next)))
    }

    /// Revokes an invite. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn revoke_invite(&self, actor: &Actor, circle: CircleId, invite: InviteId) -> Result<(), Error> {
        self.run(actor, circle, CircleCommand::RevokeInvite(invite)).await?;
        Ok(())
    }

    /// Joins a circle with an invite. A call by a member has no effect and takes no use.
    ///
    /// # Errors
    /// [`CircleError::InviteNotFound`], [`CircleError::Full`], [`CircleError::Archived`].
    pub async fn accept_invite(&self, actor: &Actor, code: &InviteCode) -> Result<CircleView, Error> {
        let digest = code.digest();
        let invite = self.store.find_invite(&digest, self.clock.now()).await?.ok_or(CircleError::InviteNotFound)?;
        let view = self.store.find_for(invite.circle, actor.user).await?.ok_or(CircleError::InviteNotFound)?;
        if !is_visible_to(&view.circle, view.status(), InviteStatus::Valid) {
            return Err(CircleError::InviteNotFound.into());
        }
        let persona = self.persona_in(actor, &view).await?;
        self.run_for_view(actor, invite.circle, CircleCommand::AcceptInvite(digest, persona)).await
    }
}
