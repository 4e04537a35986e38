//! The use cases of admins.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use kith_kernel::{
    Actor, Admin, Clock, Cursor, Entropy, EventId, Page, PageSize, Pager, PersonaId, Role, UserId,
    audit::{Act, Entry, Line, OPERATOR},
    ports::{Accounts, Audit, AuditQuery, Persona, Personas, RoleOrder, RoleSet, Staff, StaffMember},
};
use kith_storage::StoreError;
use uuid::Uuid;

use super::{Error, Flag, Name, Percent, Switches, store::Store};

/// What admins can do.
pub struct Service {
    /// Who has which role.
    pub staff: Arc<dyn Staff>,
    /// How accounts stand.
    pub accounts: Arc<dyn Accounts>,
    /// How people appear.
    pub personas: Arc<dyn Personas>,
    /// What was written down.
    pub audit: Arc<dyn Audit>,
    /// Where flags are kept.
    pub flags: Arc<dyn Store>,
    /// What is remembered of flags. The same as whoever asks for them has.
    pub switches: Arc<Switches>,
    /// What signs the tokens of lists.
    pub pager: Arc<Pager>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

/// A flag as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub name: Name,
    /// For so many of a hundred accounts.
    pub percent: Percent,
    /// And for everybody who has one of these roles.
    pub roles: BTreeSet<Role>,
}

/// Which lines of the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only what this one did.
    pub actor: Option<PersonaId>,
    /// Only what was done to this, as it is shown.
    pub subject: Option<String>,
}

/// A line, with accounts shown as they appear in public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The line.
    pub line: Line,
    /// Who did it; `None` for the operator, and for accounts that are gone.
    pub actor: Option<Persona>,
    /// To what.
    pub subject: String,
    /// What else.
    pub detail: String,
}

/// The accounts of a page, as they appear in public.
type Faces = HashMap<UserId, PersonaId>;

/// How the trail names an account, and how it is shown.
const ACCOUNT: &str = "account:";
const PERSONA: &str = "persona:";

impl Service {
    /// Gives somebody a role in place of the one that they have. To give it again changes nothing.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], [`Error::NoSuchPersona`], [`Error::OwnRole`], [`Error::LastAdmin`].
    pub async fn set_role(&self, actor: &Actor, persona: PersonaId, role: Role) -> Result<StaffMember, Error> {
        let admin = actor.admin()?;
        let user = self.public_owner(persona).await?;
        if user == admin.actor().user {
            return Err(Error::OwnRole);
        }
        let order = RoleOrder { user, role, by: admin.actor().user, session: Some(admin.actor().session) };
        match self.staff.set_role(&order).await? {
            RoleSet::Done | RoleSet::Already => {}
            RoleSet::LastAdmin => return Err(Error::LastAdmin),
        }
        let persona = self.personas.shown(&[persona]).await?.remove(&persona).ok_or(Error::NoSuchPersona)?;
        Ok(StaffMember { persona, role })
    }

    /// Everybody who has a role, admins first.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], and those of pages.
    pub async fn staff(&self, actor: &Actor, size: PageSize, token: &str) -> Result<(Vec<StaffMember>, String), Error> {
        const LIST: &str = "staff";
        actor.admin()?;
        let place = |member: &StaffMember| {
            let rank = i64::from(member.role != Role::Admin);
            Cursor { rank, id: member.persona.id.uuid() }
        };
        let key = |cursor: Cursor| (cursor.rank, cursor.id);
        let after = self.pager.cursor(LIST, token)?;
        let mut staff = self.staff.staff().await?;
        staff.sort_by_key(|member| key(place(member)));
        staff.retain(|member| after.is_none_or(|after| key(place(member)) > key(after)));
        let page = Page::cut(staff, size, place);
        Ok((page.items, self.pager.token(LIST, page.next)))
    }

    /// All flags, the oldest first.
    ///
    /// # Errors
    /// [`Error::NotAdmin`], and those of pages.
    pub async fn flags(&self, actor: &Actor, size: PageSize, token: &str) -> Result<(Vec<Flag>, String), Error> {
        const LIST: &str = "flags";
        actor.admin()?;
        let after = self.pager.cursor(LIST, token)?.map(|cursor| cursor.id);
        let page = Page::cut(self.flags.flags(after, size.lookahead()).await?, size, |flag| Cursor::at(flag.id));
        Ok((page.items, self.pager.token(LIST, page.next)))
    }

    /// Makes a flag, if there is no etag, or sets it anew.
    ///
    /// # Errors
    /// [`Error::NotAdmin`]; [`Error::EtagMismatch`] if it is there already, not there, or was set meanwhile.
    pub async fn put_flag(
        &self,
        actor: &Actor,
        setting: Setting,
        etag: &str,
        claimed: Option<Uuid>,
    ) -> Result<Flag, Error> {
        let admin = actor.admin()?;
        let Setting { name, percent, roles } = setting;
        let changed_at = self.clock.now();
        let known = self.flags.flag(&name).await?;
        let flag = match (known, etag) {
            // Who repeats the call that made it finds it.
            (Some(known), "") if claimed == Some(known.id) => return Ok(known),
            (None, "") => {
                let id = claimed.unwrap_or_else(|| EventId::new(changed_at, &*self.entropy).uuid());
                let flag = Flag { id, name, percent, roles, version: 1, changed_at };
                match self.flags.add(&flag, &[self.entry(&admin, &flag)]).await {
                    Err(StoreError::Taken(key)) if key == "name" => return Err(Error::EtagMismatch),
                    done => done?,
                }
                flag
            }
            (Some(known), etag) if known.version.to_string() == etag => {
                let version = known.version.saturating_add(1);
                let flag = Flag { id: known.id, name, percent, roles, version, changed_at };
                if !self.flags.set(&flag, &[self.entry(&admin, &flag)]).await? {
                    return Err(Error::EtagMismatch);
                }
                flag
            }
            (Some(_) | None, _) => return Err(Error::EtagMismatch),
        };
        self.switches.doubt();
        Ok(flag)
    }

    /// What was written down, the newest first.
    ///
    /// # Errors
    /// [`Error::NotAdmin`]; [`Error::NoSuchPersona`] for an actor who is none; those of pages.
    pub async fn audit_log(
        &self,
        actor: &Actor,
        wanted: Wanted,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Shown>, String), Error> {
        actor.admin()?;
        let list = format!("audit/{:?}/{:?}", wanted.actor, wanted.subject);
        let before = self.pager.cursor(&list, token)?.map(|cursor| cursor.rank);
        let query = AuditQuery {
            actor: match wanted.actor {
                Some(persona) => Some(self.public_owner(persona).await?),
                None => None,
            },
            subject: match wanted.subject {
                Some(subject) => Some(self.named(subject).await?),
                None => None,
            },
            before,
        };
        let lines = self.audit.page(&query, size.lookahead()).await?;
        let page = Page::cut(lines, size, |line| Cursor { rank: line.position, id: line.id });
        Ok((self.shown(page.items).await?, self.pager.token(&list, page.next)))
    }

    /// Whose public persona it is. That of a smaller space is nobody's here: whose it is can be known from a case alone.
    async fn public_owner(&self, persona: PersonaId) -> Result<UserId, Error> {
        let user = self.personas.owner(persona).await?.ok_or(Error::NoSuchPersona)?;
        let state = self.accounts.state(user).await?.ok_or(Error::NoSuchPersona)?;
        if state.persona == persona { Ok(user) } else { Err(Error::NoSuchPersona) }
    }

    /// A subject that was said as it is shown, as it was written. One that names an account itself is about nothing: nobody
    /// learns whether they have guessed it.
    async fn named(&self, subject: String) -> Result<String, Error> {
        match subject.strip_prefix(PERSONA).map(str::parse::<PersonaId>) {
            Some(Ok(persona)) => Ok(format!("{ACCOUNT}{}", self.public_owner(persona).await?)),
            Some(Err(_)) => Err(Error::NoSuchPersona),
            None if subject.starts_with(ACCOUNT) => Err(Error::NoSuchPersona),
            None => Ok(subject),
        }
    }

    async fn shown(&self, lines: Vec<Line>) -> Result<Vec<Shown>, Error> {
        let mut faces = Faces::new();
        let named: BTreeSet<UserId> = lines.iter().flat_map(accounts).collect();
        for user in named {
            if let Some(state) = self.accounts.state(user).await? {
                faces.insert(user, state.persona);
            }
        }
        let ids: Vec<PersonaId> = faces.values().copied().collect();
        let personas = self.personas.shown(&ids).await?;
        let shown = lines.into_iter().map(|line| {
            let actor = faces.get(&UserId::from_uuid(line.actor)).and_then(|id| personas.get(id)).cloned();
            let subject = match line.subject.strip_prefix(ACCOUNT) {
                Some(id) => format!("{PERSONA}{}", face(&faces, id)),
                None => line.subject.clone(),
            };
            let words = line.detail.split(' ').map(|word| match word.strip_prefix("account=") {
                Some(id) => format!("persona={}", face(&faces, id)),
                None => word.to_owned(),
            });
            let detail = words.collect::<Vec<_>>().join(" ");
            Shown { line, actor, subject, detail }
        });
        Ok(shown.collect())
    }

    fn entry(&self, admin: &Admin, flag: &Flag) -> Entry {
        let (at, actor) = (self.clock.now(), admin.actor());
        let roles: Vec<_> = flag.roles.iter().map(|role| role.word()).collect();
        let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(",") };
        Entry {
            id: EventId::new(at, &*self.entropy),
            at,
            actor: actor.user,
            session: Some(actor.session),
            act: Act::FlagPut,
            subject: format!("flag:{}", flag.name.as_str()),
            detail: format!("percent={} roles={roles} version={}", flag.percent.number(), flag.version),
        }
    }
}

/// Every account that a line names.
fn accounts(line: &Line) -> Vec<UserId> {
    let subject = line.subject.strip_prefix(ACCOUNT);
    let details = line.detail.split(' ').filter_map(|word| word.strip_prefix("account="));
    let named = subject.into_iter().chain(details).filter_map(|id| id.parse().ok());
    std::iter::once(UserId::from_uuid(line.actor)).chain(named).filter(|user| *user != OPERATOR).collect()
}

/// How an account is shown: never by its id.
fn face(faces: &Faces, account: &str) -> String {
    let persona = account.parse().ok().and_then(|user: UserId| faces.get(&user));
    persona.map_or_else(|| "gone".to_owned(), ToString::to_string)
}
