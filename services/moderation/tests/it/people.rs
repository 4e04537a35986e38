//! The other slices, as far as cases ask them: who there is, what they wrote, and what became of it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use kith_kernel::{
    Actor, CircleId, Clock as _, Content, Failure, Fault, PersonaId, PostId, Standing, SystemClock, SystemEntropy,
    Timestamp, UserId,
    actor::Role,
    ports::{
        AccountState, Accounts, Blocks, CircleBrief, CircleLookup, CircleOwner, CircleRole, Circles, Contents, Edit,
        Evidence, Member, Membership, Mutes, NewAccount, Persona, Personas,
    },
};

/// Everybody, and all that they wrote.
#[derive(Default)]
pub(crate) struct People(Mutex<State>);

#[derive(Default)]
struct State {
    accounts: HashMap<UserId, Account>,
    personas: HashMap<PersonaId, UserId>,
    contents: HashMap<Content, Evidence>,
    members: HashMap<(UserId, CircleId), Member>,
    closed: BTreeSet<CircleId>,
    /// Whether nobody closes or opens circles.
    doors_stick: bool,
    blocks: BTreeSet<(UserId, UserId)>,
    /// How often something was removed or given back.
    acts: u32,
    /// Whether nobody answers.
    away: bool,
}

#[derive(Clone, Copy)]
struct Account {
    persona: PersonaId,
    suspended_until: Option<Timestamp>,
    muted_until: Option<Timestamp>,
}

impl People {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answering(&self) -> Result<MutexGuard<'_, State>, Failure> {
        let state = self.state();
        if state.away { Err(Failure::new(Fault::Unavailable, "nobody answers")) } else { Ok(state) }
    }

    fn turning(&self) -> Result<MutexGuard<'_, State>, Failure> {
        let state = self.answering()?;
        if state.doors_stick { Err(Failure::new(Fault::Unavailable, "the doors stick")) } else { Ok(state) }
    }

    /// Gives somebody an account.
    pub(crate) fn let_in(&self, actor: &Actor) {
        let account = Account { persona: actor.persona, suspended_until: None, muted_until: None };
        let mut state = self.state();
        state.accounts.insert(actor.user, account);
        state.personas.insert(actor.persona, actor.user);
    }

    /// Something that somebody wrote.
    pub(crate) fn wrote(&self, author: &Actor, circle: Option<CircleId>, text: &str) -> PostId {
        let at = SystemClock.now();
        let id = PostId::new(at, &SystemEntropy);
        let content = Content::Post(id);
        let evidence = Evidence {
            content,
            author: author.user,
            persona: author.persona,
            circle,
            text: text.to_owned(),
            at,
            edits: Vec::new(),
            context: Vec::new(),
            removed: false,
            held: false,
        };
        self.state().contents.insert(content, evidence);
        id
    }

    /// Its author changes what it says.
    pub(crate) fn edited(&self, post: PostId, text: &str) {
        let mut state = self.state();
        let evidence = state.contents.get_mut(&Content::Post(post)).unwrap();
        let before = std::mem::replace(&mut evidence.text, text.to_owned());
        evidence.edits.push(Edit { at: SystemClock.now(), text: before });
    }

    /// The screen holds it.
    pub(crate) fn held(&self, post: PostId) {
        self.state().contents.get_mut(&Content::Post(post)).unwrap().held = true;
    }

    /// Whether everybody can see it.
    pub(crate) fn is_there(&self, post: PostId) -> bool {
        let state = self.state();
        let evidence = &state.contents[&Content::Post(post)];
        !evidence.removed && !evidence.held
    }

    pub(crate) fn joins(&self, actor: &Actor, circle: CircleId, role: CircleRole) -> PersonaId {
        let persona = PersonaId::random(&SystemEntropy);
        let mut state = self.state();
        state.personas.insert(persona, actor.user);
        state.members.insert((actor.user, circle), Member { persona, role, writable: true });
        persona
    }

    /// From now on no circle is closed or opened, or all are again.
    pub(crate) fn close_nothing(&self, doors_stick: bool) {
        self.state().doors_stick = doors_stick;
    }

    /// Whether staff have closed it.
    pub(crate) fn is_closed(&self, circle: CircleId) -> bool {
        self.state().closed.contains(&circle)
    }

    pub(crate) fn blocks(&self, one: &Actor, other: &Actor) {
        self.state().blocks.insert((one.user, other.user));
    }

    pub(crate) fn suspended_until(&self, actor: &Actor) -> Option<Timestamp> {
        self.state().accounts[&actor.user].suspended_until
    }

    pub(crate) fn muted_until(&self, actor: &Actor) -> Option<Timestamp> {
        self.state().accounts[&actor.user].muted_until
    }

    /// How often something was removed or given back.
    pub(crate) fn acts(&self) -> u32 {
        self.state().acts
    }

    /// From now on nobody answers, or everybody does again.
    pub(crate) fn are_away(&self, away: bool) {
        self.state().away = away;
    }
}

#[async_trait]
impl Contents for People {
    async fn evidence(&self, content: Content, viewer: Option<UserId>) -> Result<Option<Evidence>, Failure> {
        let state = self.answering()?;
        let Some(evidence) = state.contents.get(&content) else { return Ok(None) };
        let seen = viewer.is_none_or(|viewer| {
            let own = viewer == evidence.author;
            let inside = evidence.circle.is_none_or(|circle| state.members.contains_key(&(viewer, circle)));
            let hidden = state.hidden(viewer).contains(&evidence.author);
            own || (inside && !hidden && !evidence.removed && !evidence.held)
        });
        Ok(seen.then(|| evidence.clone()))
    }

    async fn remove(&self, content: Content, _: UserId) -> Result<(), Failure> {
        let mut state = self.answering()?;
        let removed = state.contents.get_mut(&content).is_some_and(|it| !std::mem::replace(&mut it.removed, true));
        state.acts += u32::from(removed);
        Ok(())
    }

    async fn restore(&self, content: Content, _: UserId) -> Result<(), Failure> {
        let mut state = self.answering()?;
        let back = state.contents.get_mut(&content).is_some_and(|it| std::mem::replace(&mut it.removed, false));
        state.acts += u32::from(back);
        Ok(())
    }

    async fn release(&self, content: Content, _: UserId) -> Result<(), Failure> {
        let mut state = self.answering()?;
        if let Some(evidence) = state.contents.get_mut(&content) {
            evidence.held = false;
        }
        Ok(())
    }

    async fn recent(&self, _: usize) -> Result<Vec<Evidence>, Failure> {
        Ok(Vec::new())
    }
}

impl State {
    fn hidden(&self, viewer: UserId) -> BTreeSet<UserId> {
        let other = |(one, other): &(UserId, UserId)| match viewer {
            viewer if viewer == *one => Some(*other),
            viewer if viewer == *other => Some(*one),
            _ => None,
        };
        self.blocks.iter().filter_map(other).collect()
    }
}

#[async_trait]
impl Blocks for People {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, Failure> {
        Ok(self.answering()?.hidden(viewer))
    }
}

#[async_trait]
impl Personas for People {
    async fn shown(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, Failure> {
        let state = self.answering()?;
        let there = personas.iter().filter(|persona| state.personas.contains_key(persona));
        Ok(there.map(|id| (*id, Persona { id: *id, handle: "somebody".into(), avatar: 3, badges: vec![] })).collect())
    }

    async fn owner(&self, persona: PersonaId) -> Result<Option<UserId>, Failure> {
        Ok(self.answering()?.personas.get(&persona).copied())
    }
}

#[async_trait]
impl Accounts for People {
    async fn open(&self, _: &NewAccount) -> Result<Persona, Failure> {
        Err(Failure::new(Fault::Internal, "nobody opens accounts here"))
    }

    async fn state(&self, user: UserId) -> Result<Option<AccountState>, Failure> {
        let state = self.answering()?;
        Ok(state.accounts.get(&user).map(|account| AccountState {
            persona: account.persona,
            role: Role::Member,
            standing: Standing::Good,
        }))
    }

    async fn suspend(&self, user: UserId, until: Timestamp, _: UserId) -> Result<(), Failure> {
        self.answering()?.accounts.get_mut(&user).unwrap().suspended_until = Some(until);
        Ok(())
    }

    async fn reinstate(&self, user: UserId, _: UserId) -> Result<(), Failure> {
        self.answering()?.accounts.get_mut(&user).unwrap().suspended_until = None;
        Ok(())
    }
}

#[async_trait]
impl Mutes for People {
    async fn mute(&self, user: UserId, until: Timestamp, _: UserId) -> Result<(), Failure> {
        self.answering()?.accounts.get_mut(&user).unwrap().muted_until = Some(until);
        Ok(())
    }

    async fn unmute(&self, user: UserId, _: UserId) -> Result<(), Failure> {
        self.answering()?.accounts.get_mut(&user).unwrap().muted_until = None;
        Ok(())
    }
}

#[async_trait]
impl Membership for People {
    async fn member(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, Failure> {
        let state = self.answering()?;
        Ok(state.members.get(&(user, circle)).filter(|_| !state.closed.contains(&circle)).copied())
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, Failure> {
        let state = self.answering()?;
        Ok(state.members.keys().filter(|(member, _)| *member == user).map(|(_, circle)| *circle).collect())
    }
}

#[async_trait]
impl CircleLookup for People {
    async fn brief(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleBrief>, Failure> {
        let state = self.answering()?;
        let known = state.members.contains_key(&(viewer, circle)) && !state.closed.contains(&circle);
        let owners = state.members.iter().filter(|((_, at), member)| *at == circle && member.role == CircleRole::Owner);
        let owner = owners.map(|((user, _), member)| CircleOwner { user: *user, persona: member.persona }).next();
        Ok(known.then(|| CircleBrief {
            name: "Nights".into(),
            about: "For who cannot sleep.".into(),
            rules: "No phones.".into(),
            category: "sleep".parse().unwrap(),
            owner,
        }))
    }
}

#[async_trait]
impl Circles for People {
    async fn close(&self, circle: CircleId, _: UserId) -> Result<(), Failure> {
        let mut state = self.turning()?;
        state.acts += u32::from(state.closed.insert(circle));
        Ok(())
    }

    async fn open(&self, circle: CircleId, _: UserId) -> Result<(), Failure> {
        let mut state = self.turning()?;
        state.acts += u32::from(state.closed.remove(&circle));
        Ok(())
    }

    async fn keeps(&self, user: UserId, circle: CircleId) -> Result<bool, Failure> {
        let state = self.answering()?;
        Ok(state.members.get(&(user, circle)).is_some_and(|member| member.role >= CircleRole::Keeper))
    }
}
