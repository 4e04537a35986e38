//! Ways in.

use kith_kernel::{Actor, CircleId, Cursor, InviteId, Page, PageSize};
use uuid::Uuid;

use super::{Service, as_seen};
use crate::{
    Error,
    domain::{Code, Invite, Term, invite_id},
    policy::{Act, Invited, Refused, knows},
    store::Seen,
};

/// An invite, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The invite.
    pub invite: Invite,
    /// Its code. Nobody is told again.
    pub code: Code,
}

/// How many are read at once for a page: of those, some may be by somebody who is hidden. A circle has no more.
const READ: i64 = 128;

impl Service {
    /// Makes a way in. Of a call that is repeated it is the same, with a new code: the first time nobody was told one.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn invite(
        &self,
        actor: &Actor,
        circle: CircleId,
        term: Term,
        claimed: Option<Uuid>,
    ) -> Result<Made, Error> {
        let seen = self.must_keep(actor, circle).await?;
        let persona = seen.person.ok_or(Refused::NotAMember)?.persona;
        let code = Code::draw(&*self.entropy);
        let invite = Invite {
            id: invite_id(claimed, &*self.entropy),
            circle,
            maker: actor.user,
            persona,
            code: code.digest(),
            uses_left: term.uses(),
            expires_at: term.end(self.clock.now()),
        };
        self.settle(actor, circle, Act::Invite(invite.clone())).await?;
        Ok(Made { invite, code })
    }

    /// The live invites of a circle, without those of who is hidden from the actor, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Page`] for a token that was not handed out for this list.
    pub async fn invites(
        &self,
        actor: &Actor,
        circle: CircleId,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Invite>, String), Error> {
        self.must_keep(actor, circle).await?;
        let list = format!("circle:{circle}:invites");
        let after = self.pager.cursor(&list, token)?.map(|cursor| InviteId::from_uuid(cursor.id));
        let hidden = self.hidden(actor).await?;
        let mut invites = self.store.invites(circle, self.clock.now(), after, READ).await?;
        invites.retain(|invite| !hidden.contains(&invite.maker));
        let page = Page::from_lookahead(invites, size, |invite| Cursor::at(invite.id.uuid()));
        Ok((page.items, self.pager.token(&list, page.next)))
    }

    /// Ends an invite. Again is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn revoke(&self, actor: &Actor, circle: CircleId, invite: InviteId) -> Result<(), Error> {
        self.settle(actor, circle, Act::Revoke(invite)).await?;
        Ok(())
    }

    /// Gets the actor in by an invite. A member stays one, and no use is taken.
    ///
    /// # Errors
    /// [`Refused::NoInvite`], [`Refused::Full`].
    pub async fn accept(&self, actor: &Actor, code: &Code) -> Result<Seen, Error> {
        let digest = code.digest();
        let invite = self.store.invite(&digest, self.clock.now()).await?.ok_or(Refused::NoInvite)?;
        let seen = self.store.look(invite.circle, actor.user).await?.ok_or(Refused::NoInvite)?;
        if !knows(&seen.circle, seen.person.map(|person| person.state), Invited::Live) {
            return Err(Refused::NoInvite.into());
        }
        let persona = self.appear(actor, &seen).await?;
        Ok(as_seen(self.settle(actor, invite.circle, Act::Accept(digest, persona)).await?))
    }
}
