//! Members, join requests and bans.

use kith_kernel::{Actor, CircleId, Cursor, Page, PageSize, PersonaId, ports::CircleRole};

use super::Service;
use crate::{
    Error,
    domain::{MembershipRecord, role_from_rank, role_rank},
    policy::{CircleCommand, CircleError, ensure_not_closed, require_role},
    store::{CircleView, MemberCursor, MemberFilter},
};

/// Number of rows per read. More rows are read than a page has, because some may be hidden from the actor.
const BATCH_SIZE: i64 = 128;

impl Service {
    /// Returns the circle, a page of memberships without those that are hidden from the actor, and the token of the next
    /// page. Members can list members; only keepers can list join requests and bans.
    ///
    /// # Errors
    /// [`Error::Rejected`]; [`Error::Pagination`] for a token of another list.
    pub async fn list_members(
        &self,
        actor: &Actor,
        circle: CircleId,
        filter: MemberFilter,
        size: PageSize,
        token: &str,
    ) -> Result<(CircleView, Vec<MembershipRecord>, String), Error> {
        let (view, list) = match filter {
            MemberFilter::Members => (self.ensure_member(actor, circle).await?, "members"),
            MemberFilter::Requested => (self.ensure_keeper(actor, circle).await?, "requested"),
            MemberFilter::Banned => (self.ensure_keeper(actor, circle).await?, "banned"),
        };
        let list = format!("circle:{circle}:{list}");
        let mut after = self.page_tokens.cursor(&list, token)?.map(from_cursor);
        let hidden = self.hidden_from(actor).await?;
        let mut members = Vec::new();
        loop {
            let batch = self.store.list_members(circle, filter, after, BATCH_SIZE).await?;
            after = batch.last().map(|member| MemberCursor { role: member.status.role(), persona: member.persona });
            let has_more = i64::try_from(batch.len()).is_ok_and(|count| count == BATCH_SIZE);
            members.extend(batch.into_iter().filter(|member| !hidden.contains(&member.user)));
            let is_complete = i64::try_from(members.len()).is_ok_and(|count| count >= size.lookahead());
            if is_complete || !has_more {
                break;
            }
        }
        let page = Page::from_lookahead(members, size, to_cursor);
        Ok((view, page.items, self.page_tokens.token(&list, page.next)))
    }

    /// Changes the role of a member.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn change_role(
        &self,
        actor: &Actor,
        circle: CircleId,
        persona: PersonaId,
        role: CircleRole,
    ) -> Result<(CircleView, MembershipRecord), Error> {
        self.ensure_visible(actor, circle, persona).await?;
        self.member_after(actor, circle, CircleCommand::ChangeRole(persona, role)).await
    }

    /// Removes a member, or withdraws their join request. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn remove(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.run(actor, circle, CircleCommand::RemoveMember(persona)).await?;
        Ok(())
    }

    /// Bans a past or present member. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn ban(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.run(actor, circle, CircleCommand::BanMember(persona)).await?;
        Ok(())
    }

    /// Lifts a ban. Idempotent.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn unban(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.run(actor, circle, CircleCommand::UnbanMember(persona)).await?;
        Ok(())
    }

    /// Approves a join request.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn approve(
        &self,
        actor: &Actor,
        circle: CircleId,
        persona: PersonaId,
    ) -> Result<(CircleView, MembershipRecord), Error> {
        self.ensure_visible(actor, circle, persona).await?;
        self.member_after(actor, circle, CircleCommand::ApproveRequest(persona)).await
    }

    /// Declines a join request. The user is not notified, and can request again after 7 days.
    ///
    /// # Errors
    /// [`Error::Rejected`].
    pub async fn decline(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.ensure_visible(actor, circle, persona).await?;
        self.run(actor, circle, CircleCommand::DeclineRequest(persona)).await?;
        Ok(())
    }

    pub(super) async fn ensure_keeper(&self, actor: &Actor, circle: CircleId) -> Result<CircleView, Error> {
        let view = self.get(actor, circle, None).await?;
        ensure_not_closed(&view.circle)?;
        require_role(CircleRole::Keeper, view.status())?;
        Ok(view)
    }

    /// Executes a command and returns the circle and the membership of its subject after it.
    async fn member_after(
        &self,
        actor: &Actor,
        circle: CircleId,
        command: CircleCommand,
    ) -> Result<(CircleView, MembershipRecord), Error> {
        let result = self.run(actor, circle, command).await?;
        let member = result.subject.ok_or(CircleError::MemberNotFound)?;
        Ok((CircleView { circle: result.circle, membership: result.actor }, member))
    }

    /// Checks that the persona is not hidden from the actor. The membership of the actor is checked first, so that the
    /// error reveals nothing to non-members.
    async fn ensure_visible(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.ensure_member(actor, circle).await?;
        let member = self.store.find_member(circle, persona).await?.ok_or(CircleError::MemberNotFound)?;
        if self.hidden_from(actor).await?.contains(&member.user) {
            return Err(CircleError::MemberNotFound.into());
        }
        Ok(())
    }
}

fn to_cursor(member: &MembershipRecord) -> Cursor {
    Cursor { rank: role_rank(member.status.role()), id: member.persona.uuid() }
}

const fn from_cursor(cursor: Cursor) -> MemberCursor {
    MemberCursor { role: role_from_rank(cursor.rank), persona: PersonaId::from_uuid(cursor.id) }
}
