//! Taking in what people report, and what nobody has to report.

use std::sync::Arc;

use kith_kernel::CircleId;
use kith_kernel::{
    Actor, CaseId, Clock, Content, Cursor, Entropy, Event, EventId, Fact, Page, PageSize, PersonaId, ReportId, UserId,
    event::CaseChange,
    ports::{self, Accounts, Blocks, CircleLookup, Contents, Membership, Personas},
};
use uuid::Uuid;

use super::Service;
use crate::{
    Effects, Error, Sealer,
    domain::{Action, Appeal, Case, Decision, Origin, Reason, Report, Snapshot, State, Subject, Surrounding},
    effects::nobody,
    policy,
    sealing::Column,
    store::{Evidence, Filed, Filing, How, Store},
};

/// What the author is told of what was hidden before anybody looked.
const HIDDEN: &str = "Somebody reported this for a grave reason. It is hidden until a moderator has looked at it. \
    Nothing has been decided, and nothing counts against you.";

/// Takes in what is to be looked into, with its evidence.
pub struct Intake {
    /// Where cases are kept.
    pub store: Arc<dyn Store>,
    /// Makes true what was decided.
    pub effects: Arc<Effects>,
    /// What people wrote.
    pub contents: Arc<dyn Contents>,
    /// How people appear.
    pub personas: Arc<dyn Personas>,
    /// How accounts stand.
    pub accounts: Arc<dyn Accounts>,
    /// Who is hidden from whom.
    pub blocks: Arc<dyn Blocks>,
    /// Who is in which circle.
    pub membership: Arc<dyn Membership>,
    /// What circles say of themselves.
    pub circles: Arc<dyn CircleLookup>,
    /// Seals what cases hold.
    pub sealer: Sealer,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
}

/// Something to be looked into, as it is now.
struct Seen {
    subject: Subject,
    concerned: Option<UserId>,
    persona: Option<PersonaId>,
    circle: Option<CircleId>,
    snapshot: Snapshot,
}

impl Service {
    /// Reports something, with what it says now. Again, while it is looked into, gives the first report.
    ///
    /// The report gets the id that the call has claimed, if it has.
    ///
    /// # Errors
    /// [`Error::NoSuchSubject`] for what the actor cannot see; [`Error::Oneself`].
    pub async fn report(
        &self,
        actor: &Actor,
        subject: Subject,
        reason: Reason,
        words: &str,
        claimed: Option<Uuid>,
    ) -> Result<Report, Error> {
        self.intake.report(actor, subject, reason, words, claimed).await
    }

    /// What the actor has reported, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::Page`] for a token that was not handed out to this actor for this list.
    pub async fn my_reports(&self, actor: &Actor, size: PageSize, token: &str) -> Result<(Vec<Report>, String), Error> {
        let list = format!("reports:{}", actor.user);
        let before = self.pager.cursor(&list, token)?.map(|cursor| ReportId::from_uuid(cursor.id));
        let reports = self.store.reported(actor.user, before, size.lookahead()).await?;
        let page = Page::cut(reports, size, |report| Cursor::at(report.id.uuid()));
        Ok((page.items, self.pager.token(&list, page.next)))
    }
}

impl Intake {
    async fn report(
        &self,
        actor: &Actor,
        subject: Subject,
        reason: Reason,
        words: &str,
        claimed: Option<Uuid>,
    ) -> Result<Report, Error> {
        let seen = self.see(subject, Some(actor.user)).await?.ok_or(Error::NoSuchSubject)?;
        if seen.concerned == Some(actor.user) {
            return Err(Error::Oneself);
        }
        let now = self.clock.now();
        let id = claimed.map_or_else(|| ReportId::new(now, &*self.entropy), ReportId::from_uuid);
        let case = self.fresh_case(&seen, Origin::Report);
        let reporter = policy::accuracy(self.store.record(actor.user).await?);
        let hides = seen.subject.content().is_some() && policy::hides(reason, reporter, &seen.snapshot);
        let hold = if hides { Some(self.hold(&case, reason)?) } else { None };
        let report = Report {
            id,
            case: case.id,
            reporter: actor.user,
            subject,
            reason,
            words: self.sealer.seal(Column::Words, id.uuid(), words)?,
            at: now,
            outcome: None,
        };
        let filed = self.file(case, Some(report), &seen, hold, None).await?;
        filed.report.ok_or(Error::NoSuchSubject)
    }

    /// Opens a case that nobody reported, once for each event. Of what is not there any more, there is none.
    ///
    /// # Errors
    /// Those of the slices that know of it.
    pub async fn open(&self, content: Content, origin: Origin, event: EventId) -> Result<(), Error> {
        let Some(seen) = self.see(content.into(), None).await? else { return Ok(()) };
        let case = self.fresh_case(&seen, origin);
        self.file(case, None, &seen, None, Some(event)).await?;
        Ok(())
    }

    async fn file(
        &self,
        case: Case,
        report: Option<Report>,
        seen: &Seen,
        hold: Option<Decision>,
        event: Option<EventId>,
    ) -> Result<Filed, Error> {
        let now = self.clock.now();
        let id = EventId::new(now, &*self.entropy).uuid();
        let evidence = Evidence { id, at: now, sealed: self.sealer.seal_snapshot(id, &seen.snapshot)? };
        let reach = u32::try_from(seen.snapshot.context.len()).unwrap_or(u32::MAX);
        let filing = Filing { case, report, evidence, hold, event, reach };
        let filed = self.store.file(&filing, &|filed| self.told(filed)).await?;
        // Again too: who comes a second time may come because the first did not get so far.
        if filed.case.hidden_at.is_some() {
            self.effects.complete(filed.case.subject, None).await?;
        }
        Ok(filed)
    }

    fn told(&self, filed: &Filed) -> Vec<Event> {
        let change = match filed.how {
            How::Opened => CaseChange::Opened,
            How::Joined => CaseChange::Updated,
            How::Again => return Vec::new(),
        };
        let mut facts = vec![Fact::CaseChanged { case: filed.case.id, change }];
        let held = filed.hold.as_ref().and_then(|hold| hold.concerned.map(|user| (user, hold.id)));
        facts.extend(held.map(|(user, decision)| Fact::StatementIssued { user, decision }));
        let now = self.clock.now();
        facts.into_iter().map(|fact| Event::new(now, nobody(), fact, &*self.entropy)).collect()
    }

    fn fresh_case(&self, seen: &Seen, origin: Origin) -> Case {
        let now = self.clock.now();
        Case {
            id: CaseId::new(now, &*self.entropy),
            subject: seen.subject,
            concerned: seen.concerned,
            persona: seen.persona,
            circle: seen.circle,
            origin,
            state: State::Open,
            escalated_at: None,
            hidden_at: None,
            reports: 0,
            reasons: Vec::new(),
            risk: 0,
            lease: None,
            opened_at: now,
            due_at: policy::due(0, now),
            version: 1,
        }
    }

    /// What hides something until somebody has looked, with what its author is told.
    fn hold(&self, case: &Case, reason: Reason) -> Result<Decision, Error> {
        let now = self.clock.now();
        let id = EventId::new(now, &*self.entropy).uuid();
        Ok(Decision {
            id,
            case: case.id,
            subject: case.subject,
            concerned: case.concerned,
            decider: None,
            action: Action::Hold,
            measure: policy::measure(case, Action::Hold),
            rule: reason.word().to_owned(),
            statement: self.sealer.seal(Column::Statement, id, HIDDEN)?,
            at: now,
            until: None,
            about: None,
            appeal: Appeal::none(),
            undone_at: None,
        })
    }

    /// Something as it is now; with a viewer, only if they can see it.
    async fn see(&self, subject: Subject, viewer: Option<UserId>) -> Result<Option<Seen>, Error> {
        match (subject, viewer) {
            (Subject::Post(_) | Subject::Response(_), _) => {
                let Some(content) = subject.content() else { return Ok(None) };
                let found = self.contents.evidence(content, viewer).await?;
                Ok(found.map(|found| of_content(subject, found)))
            }
            (Subject::Persona(persona), Some(viewer)) => self.see_persona(persona, viewer).await,
            (Subject::Circle(circle), Some(viewer)) => {
                let Some(brief) = self.circles.brief(viewer, circle).await? else { return Ok(None) };
                let said = [&brief.name, &brief.about, &brief.rules, brief.category.slug()].join("\n\n");
                let concerned = brief.owner.map(|owner| owner.user);
                let persona = brief.owner.map(|owner| owner.persona);
                Ok(Some(Seen { subject, concerned, persona, circle: Some(circle), snapshot: self.said(said) }))
            }
            (Subject::Persona(_) | Subject::Circle(_), None) => Ok(None),
        }
    }

    /// A persona is there for whoever meets it: in public, or in a circle that both are in.
    async fn see_persona(&self, persona: PersonaId, viewer: UserId) -> Result<Option<Seen>, Error> {
        let Some(owner) = self.personas.owner(persona).await? else { return Ok(None) };
        if self.blocks.hidden_from(viewer).await?.contains(&owner) {
            return Ok(None);
        }
        let Some(shown) = self.personas.shown(&[persona]).await?.remove(&persona) else { return Ok(None) };
        let Some(state) = self.accounts.state(owner).await? else { return Ok(None) };
        let circle = if state.persona == persona {
            None
        } else {
            let Some(circle) = self.meeting(viewer, owner, persona).await? else { return Ok(None) };
            Some(circle)
        };
        let snapshot = self.said(format!("{} (picture {})", shown.handle, shown.avatar));
        let (subject, persona) = (Subject::Persona(persona), Some(persona));
        Ok(Some(Seen { subject, concerned: Some(owner), persona, circle, snapshot }))
    }

    /// The circle in which somebody meets another under this persona.
    async fn meeting(&self, viewer: UserId, owner: UserId, persona: PersonaId) -> Result<Option<CircleId>, Error> {
        for circle in self.membership.circles_of(viewer).await? {
            let there = self.membership.member(owner, circle).await?;
            if there.is_some_and(|member| member.persona == persona) {
                return Ok(Some(circle));
            }
        }
        Ok(None)
    }

    fn said(&self, text: String) -> Snapshot {
        Snapshot { at: self.clock.now(), text, edits: Vec::new(), context: Vec::new() }
    }
}

fn of_content(subject: Subject, found: ports::Evidence) -> Seen {
    let surrounding = |it: ports::Excerpt| Surrounding { persona: it.persona, at: it.at, text: it.text };
    Seen {
        subject,
        concerned: Some(found.author),
        persona: Some(found.persona),
        circle: found.circle,
        snapshot: Snapshot {
            at: found.at,
            text: found.text,
            edits: found.edits.into_iter().map(|edit| (edit.at, edit.text)).collect(),
            context: found.context.into_iter().map(surrounding).collect(),
        },
    }
}
