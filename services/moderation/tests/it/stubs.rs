//! Stubs of the ports of other slices.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use kith_kernel::{
    AccountStatus, Actor, CircleId, Clock as _, ContentId, ErrorKind, PersonaId, PortError, PostId, SystemClock,
    SystemEntropy, Timestamp, UserId,
    actor::Role,
    ports::{
        AccountDirectory, AccountMuting, AccountSummary, BlockList, CircleLookup, CircleModeration, CircleOwner,
        CircleRole, CircleSummary, ContentModeration, Evidence, Member, Membership, NewAccount, Persona, PersonaLookup,
        Revision,
    },
};

/// Accounts, content and circles in memory.
#[derive(Default)]
pub(crate) struct StubSlices(Mutex<State>);

#[derive(Default)]
struct State {
    accounts: HashMap<UserId, Account>,
    personas: HashMap<PersonaId, UserId>,
    contents: HashMap<ContentId, Evidence>,
    members: HashMap<(UserId, CircleId), Member>,
    closed: BTreeSet<CircleId>,
    /// True if closing and reopening circles fails.
    circle_actions_fail: bool,
    blocks: BTreeSet<(UserId, UserId)>,
    /// Number of removals and restorations.
    acts: u32,
    /// True if every call fails.
    unavailable: bool,
}

#[derive(Clone, Copy)]
struct Account {
    persona: PersonaId,
    suspended_until: Option<Timestamp>,
    muted_until: Option<Timestamp>,
}

impl StubSlices {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn available(&self) -> Result<MutexGuard<'_, State>, PortError> {
        let state = self.state();
        if state.unavailable { Err(PortError::new(ErrorKind::Unavailable, "unavailable")) } else { Ok(state) }
    }

    fn circles_available(&self) -> Result<MutexGuard<'_, State>, PortError> {
        let state = self.available()?;
        if state.circle_actions_fail {
            Err(PortError::new(ErrorKind::Unavailable, "circles unavailable"))
        } else {
            Ok(state)
        }
    }

    /// Adds an account.
    pub(crate) fn add_account(&self, actor: &Actor) {
        let account = Account { persona: actor.persona, suspended_until: None, muted_until: None };
        let mut state = self.state();
        state.accounts.insert(actor.user, account);
        state.personas.insert(actor.persona, actor.user);
    }

    /// Adds a post.
    pub(crate) fn add_post(&self, author: &Actor, circle: Option<CircleId>, text: &str) -> PostId {
        let at = SystemClock.now();
        let id = PostId::new(at, &SystemEntropy);
        let content = ContentId::Post(id);
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

    /// Changes the text of a post.
    pub(crate) fn edit(&self, post: PostId, text: &str) {
        let mut state = self.state();
        let evidence = state.contents.get_mut(&ContentId::Post(post)).unwrap();
        let before = std::mem::replace(&mut evidence.text, text.to_owned());
        evidence.edits.push(Revision { at: SystemClock.now(), text: before });
    }

    /// Holds a post like the content screen.
    pub(crate) fn hold(&self, post: PostId) {
        self.state().contents.get_mut(&ContentId::Post(post)).unwrap().held = true;
    }

    /// Returns true if the post is neither removed nor held.
    pub(crate) fn is_visible(&self, post: PostId) -> bool {
        let state = self.state();
        let evidence = &state.contents[&ContentId::Post(post)];
        !evidence.removed && !evidence.held
    }

    pub(crate) fn join(&self, actor: &Actor, circle: CircleId, role: CircleRole) -> PersonaId {
        let persona = PersonaId::random(&SystemEntropy);
        let mut state = self.state();
        state.personas.insert(persona, actor.user);
        state.members.insert((actor.user, circle), Member { persona, role, can_post: true });
        persona
    }

    /// Lets closing and reopening of circles fail or succeed.
    pub(crate) fn fail_circle_actions(&self, circle_actions_fail: bool) {
        self.state().circle_actions_fail = circle_actions_fail;
    }

    /// Returns true if staff closed the circle.
    pub(crate) fn is_closed(&self, circle: CircleId) -> bool {
        self.state().closed.contains(&circle)
    }

    pub(crate) fn block(&self, one: &Actor, other: &Actor) {
        self.state().blocks.insert((one.user, other.user));
    }

    pub(crate) fn suspended_until(&self, actor: &Actor) -> Option<Timestamp> {
        self.state().accounts[&actor.user].suspended_until
    }

    pub(crate) fn muted_until(&self, actor: &Actor) -> Option<Timestamp> {
        self.state().accounts[&actor.user].muted_until
    }

    /// Returns the number of removals and restorations.
    pub(crate) fn action_count(&self) -> u32 {
        self.state().acts
    }

    /// Lets all calls fail or succeed.
    pub(crate) fn set_unavailable(&self, unavailable: bool) {
        self.state().unavailable = unavailable;
    }
}

#[async_trait]
impl ContentModeration for StubSlices {
    async fn evidence(&self, content: ContentId, viewer: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        let state = self.available()?;
        let Some(evidence) = state.contents.get(&content) else { return Ok(None) };
        let visible = viewer.is_none_or(|viewer| {
            let own = viewer == evidence.author;
            let inside = evidence.circle.is_none_or(|circle| state.members.contains_key(&(viewer, circle)));
            let hidden = state.hidden(viewer).contains(&evidence.author);
            own || (inside && !hidden && !evidence.removed && !evidence.held)
        });
        Ok(visible.then(|| evidence.clone()))
    }

    async fn remove(&self, content: ContentId, _: UserId) -> Result<(), PortError> {
        let mut state = self.available()?;
        let removed = state.contents.get_mut(&content).is_some_and(|it| !std::mem::replace(&mut it.removed, true));
        state.acts += u32::from(removed);
        Ok(())
    }

    async fn restore(&self, content: ContentId, _: UserId) -> Result<(), PortError> {
        let mut state = self.available()?;
        let restored = state.contents.get_mut(&content).is_some_and(|it| std::mem::replace(&mut it.removed, false));
        state.acts += u32::from(restored);
        Ok(())
    }

    async fn release(&self, content: ContentId, _: UserId) -> Result<(), PortError> {
        let mut state = self.available()?;
        if let Some(evidence) = state.contents.get_mut(&content) {
            evidence.held = false;
        }
        Ok(())
    }

    async fn recent(&self, _: usize) -> Result<Vec<Evidence>, PortError> {
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
impl BlockList for StubSlices {
    async fn hidden_from(&self, viewer: UserId) -> Result<BTreeSet<UserId>, PortError> {
        Ok(self.available()?.hidden(viewer))
    }
}

#[async_trait]
impl PersonaLookup for StubSlices {
    async fn find_many(&self, personas: &[PersonaId]) -> Result<HashMap<PersonaId, Persona>, PortError> {
        let state = self.available()?;
        let existing = personas.iter().filter(|persona| state.personas.contains_key(persona));
        Ok(existing.map(|id| (*id, Persona { id: *id, handle: "persona".into(), avatar: 3, badges: vec![] })).collect())
    }

    async fn account_of(&self, persona: PersonaId) -> Result<Option<UserId>, PortError> {
        Ok(self.available()?.personas.get(&persona).copied())
    }
}

#[async_trait]
impl AccountDirectory for StubSlices {
    async fn create(&self, _: &NewAccount) -> Result<Persona, PortError> {
        Err(PortError::new(ErrorKind::Internal, "not supported by the stub"))
    }

    async fn status(&self, user: UserId) -> Result<Option<AccountSummary>, PortError> {
        let state = self.available()?;
        Ok(state.accounts.get(&user).map(|account| AccountSummary {
            persona: account.persona,
            role: Role::Member,
            status: AccountStatus::Active,
        }))
    }

    async fn suspend(&self, user: UserId, until: Timestamp, _: UserId) -> Result<(), PortError> {
        self.available()?.accounts.get_mut(&user).unwrap().suspended_until = Some(until);
        Ok(())
    }

    async fn reinstate(&self, user: UserId, _: UserId) -> Result<(), PortError> {
        self.available()?.accounts.get_mut(&user).unwrap().suspended_until = None;
        Ok(())
    }
}

#[async_trait]
impl AccountMuting for StubSlices {
    async fn mute(&self, user: UserId, until: Timestamp, _: UserId) -> Result<(), PortError> {
        self.available()?.accounts.get_mut(&user).unwrap().muted_until = Some(until);
        Ok(())
    }

    async fn unmute(&self, user: UserId, _: UserId) -> Result<(), PortError> {
        self.available()?.accounts.get_mut(&user).unwrap().muted_until = None;
        Ok(())
    }
}

#[async_trait]
impl Membership for StubSlices {
    async fn find(&self, user: UserId, circle: CircleId) -> Result<Option<Member>, PortError> {
        let state = self.available()?;
        Ok(state.members.get(&(user, circle)).filter(|_| !state.closed.contains(&circle)).copied())
    }

    async fn circles_of(&self, user: UserId) -> Result<Vec<CircleId>, PortError> {
        let state = self.available()?;
        Ok(state.members.keys().filter(|(member, _)| *member == user).map(|(_, circle)| *circle).collect())
    }
}

#[async_trait]
impl CircleLookup for StubSlices {
    async fn summary(&self, viewer: UserId, circle: CircleId) -> Result<Option<CircleSummary>, PortError> {
        let state = self.available()?;
        let known = state.members.contains_key(&(viewer, circle)) && !state.closed.contains(&circle);
        let owners = state.members.iter().filter(|((_, at), member)| *at == circle && member.role == CircleRole::Owner);
        let owner = owners.map(|((user, _), member)| CircleOwner { user: *user, persona: member.persona }).next();
        Ok(known.then(|| CircleSummary {
            name: "Nights".into(),
            about: "For sleepless nights.".into(),
            rules: "No phones.".into(),
            category: "sleep".parse().unwrap(),
            owner,
        }))
    }
}

#[async_trait]
impl CircleModeration for StubSlices {
    async fn close(&self, circle: CircleId, _: UserId) -> Result<(), PortError> {
        let mut state = self.circles_available()?;
        state.acts += u32::from(state.closed.insert(circle));
        Ok(())
    }

    async fn reopen(&self, circle: CircleId, _: UserId) -> Result<(), PortError> {
        let mut state = self.circles_available()?;
        state.acts += u32::from(state.closed.remove(&circle));
        Ok(())
    }

    async fn is_keeper(&self, user: UserId, circle: CircleId) -> Result<bool, PortError> {
        let state = self.available()?;
        Ok(state.members.get(&(user, circle)).is_some_and(|member| member.role >= CircleRole::Keeper))
    }
}
