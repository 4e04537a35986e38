//! Members, and who wants to be one.

use kith_kernel::{Actor, CircleId, Cursor, Page, PageSize, PersonaId, ports::CircleRole};

use super::Service;
use crate::{
    Error,
    domain::{Person, ROLES},
    policy::{Act, Refused, at_least, is_open},
    store::{Behind, Seen, Standing},
};

/// How many are read at once for a page: of those, some may be hidden.
const READ: i64 = 128;

impl Service {
    /// Who stands so in a circle, without those who are hidden from the actor, and the token of the next page. Members are
    /// for members, all others for keepers.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Page`] for a token that was not handed out for this list.
    pub async fn people(
        &self,
        actor: &Actor,
        circle: CircleId,
        standing: Standing,
        size: PageSize,
        token: &str,
    ) -> Result<(Seen, Vec<Person>, String), Error> {
        let (seen, list) = match standing {
            Standing::Members => (self.must_be_member(actor, circle).await?, "members"),
            Standing::Asked => (self.must_keep(actor, circle).await?, "requested"),
            Standing::Banned => (self.must_keep(actor, circle).await?, "banned"),
        };
        let list = format!("circle:{circle}:{list}");
        let mut behind = self.pager.cursor(&list, token)?.map(place);
        let hidden = self.hidden(actor).await?;
        let mut people = Vec::new();
        loop {
            let read = self.store.people(circle, standing, behind, READ).await?;
            behind = read.last().map(|person| Behind { role: person.state.role(), persona: person.persona });
            let more = i64::try_from(read.len()).is_ok_and(|count| count == READ);
            people.extend(read.into_iter().filter(|person| !hidden.contains(&person.user)));
            let enough = i64::try_from(people.len()).is_ok_and(|count| count >= size.lookahead());
            if enough || !more {
                break;
            }
        }
        let page = Page::from_lookahead(people, size, cursor);
        Ok((seen, page.items, self.pager.token(&list, page.next)))
    }

    /// Gives somebody a role.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn give(
        &self,
        actor: &Actor,
        circle: CircleId,
        persona: PersonaId,
        role: CircleRole,
    ) -> Result<(Seen, Person), Error> {
        self.must_see(actor, circle, persona).await?;
        self.done_to(actor, circle, Act::Give(persona, role)).await
    }

    /// Gets somebody out. Again is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn remove(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.settle(actor, circle, Act::Remove(persona)).await?;
        Ok(())
    }

    /// Gets somebody out and keeps them out. Again is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn ban(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.settle(actor, circle, Act::Ban(persona)).await?;
        Ok(())
    }

    /// Lets somebody find the circle again. Nobody to unban is no error.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn unban(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.settle(actor, circle, Act::Unban(persona)).await?;
        Ok(())
    }

    /// Lets somebody in who asked.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn admit(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(Seen, Person), Error> {
        self.must_see(actor, circle, persona).await?;
        self.done_to(actor, circle, Act::Admit(persona)).await
    }

    /// Does not let somebody in who asked. They are not told until they ask again, which they may after 7 days.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn decline(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.must_see(actor, circle, persona).await?;
        self.settle(actor, circle, Act::Decline(persona)).await?;
        Ok(())
    }

    pub(super) async fn must_keep(&self, actor: &Actor, circle: CircleId) -> Result<Seen, Error> {
        let seen = self.get(actor, circle, None).await?;
        is_open(&seen.circle)?;
        at_least(CircleRole::Keeper, seen.person.map(|person| person.state))?;
        Ok(seen)
    }

    async fn done_to(&self, actor: &Actor, circle: CircleId, act: Act) -> Result<(Seen, Person), Error> {
        let scene = self.settle(actor, circle, act).await?;
        let person = scene.subject.ok_or(Refused::NoPerson)?;
        Ok((Seen { circle: scene.circle, person: scene.actor }, person))
    }

    /// Whoever is hidden from a member is, for them, nobody; the others hear first whether they are members.
    async fn must_see(&self, actor: &Actor, circle: CircleId, persona: PersonaId) -> Result<(), Error> {
        self.must_be_member(actor, circle).await?;
        let person = self.store.person(circle, persona).await?.ok_or(Refused::NoPerson)?;
        if self.hidden(actor).await?.contains(&person.user) {
            return Err(Refused::NoPerson.into());
        }
        Ok(())
    }
}

fn cursor(person: &Person) -> Cursor {
    let role = ROLES.into_iter().find(|(role, _)| Some(*role) == person.state.role());
    Cursor { rank: role.map_or(0, |(_, number)| number), id: person.persona.uuid() }
}

fn place(cursor: Cursor) -> Behind {
    let role = ROLES.into_iter().find(|(_, number)| *number == cursor.rank);
    Behind { role: role.map(|(role, _)| role), persona: PersonaId::from_uuid(cursor.id) }
}
