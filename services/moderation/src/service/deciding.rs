//! Deciding.

use kith_kernel::{CaseId, Event, EventId, Fact, Moderator, Timestamp, audit::Act, event::CaseChange};
use uuid::Uuid;

use super::Service;
use crate::{
    Error,
    domain::{Action, Appeal, AppealState, Case, Decision, Report, State, Strike},
    effects::nobody,
    policy::{self, APPEAL, Proposal, STRIKE},
    sealing::Column,
    store::{Ruled, Ruling},
};

impl Service {
    /// Decides a case. When it returns, what was decided is true. Again, with the same claim, gives the same.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`]; [`Error::EtagMismatch`] if it was changed since they read it; [`Error::Refused`].
    pub async fn decide(
        &self,
        staff: &Moderator,
        case: CaseId,
        etag: &str,
        proposal: &Proposal,
        claimed: Option<Uuid>,
    ) -> Result<(Case, Decision), Error> {
        let case = self.open_to(staff, case).await?;
        let now = self.clock.now();
        let id = claimed.unwrap_or_else(|| EventId::new(now, &*self.entropy).uuid());
        if let Some(made) = self.made_before(staff, &case, id).await? {
            self.effects.complete(case.subject, case.concerned).await?;
            return Ok((case, made));
        }
        let version: i64 = etag.parse().map_err(|_| Error::EtagMismatch)?;
        if version != case.version {
            return Err(Error::EtagMismatch);
        }
        let about = self.appealed(&case).await?;
        let decided_by = about.as_ref().and_then(|about| about.decider);
        let actor = staff.actor();
        policy::may_decide(actor.user, actor.role, &case, decided_by, proposal, now)?;
        let decision = self.decision(staff, &case, proposal, about.as_ref(), id, now)?;
        let ruling = self.ruling(staff, version, &case, decision);
        let told = |closed: &Vec<Report>| self.told(&ruling.decision, closed);
        let (case, decision) = match self.store.decide(&ruling, &told).await? {
            Ruled::Done(case, decision) | Ruled::Again(case, decision) => (case, decision),
            Ruled::Stale => return Err(Error::EtagMismatch),
        };
        self.effects.complete(case.subject, case.concerned).await?;
        Ok((case, decision))
    }

    /// The decision of this id, if the same person has made it in this case.
    async fn made_before(&self, staff: &Moderator, case: &Case, id: Uuid) -> Result<Option<Decision>, Error> {
        let made = self.store.decision(id).await?;
        Ok(made.filter(|made| made.case == case.id && made.decider == Some(staff.actor().user)))
    }

    fn decision(
        &self,
        staff: &Moderator,
        case: &Case,
        proposal: &Proposal,
        about: Option<&Decision>,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        let appealable = policy::is_against_somebody(proposal.action) && case.concerned.is_some();
        let measure = match about {
            // What is undone is what was done.
            Some(about) if about.measure.is_none() => None,
            Some(_) | None => policy::measure(case, proposal.action),
        };
        Ok(Decision {
            id,
            case: case.id,
            subject: case.subject,
            concerned: case.concerned,
            decider: Some(staff.actor().user),
            action: proposal.action,
            measure,
            rule: proposal.rule.trim().to_owned(),
            statement: self.sealer.seal(Column::Statement, id, proposal.statement.trim())?,
            at: now,
            until: proposal.until,
            about: about.map(|about| about.id),
            appeal: Appeal {
                state: AppealState::None,
                until: appealable.then(|| now.after(APPEAL)),
                words: Vec::new(),
            },
            undone_at: None,
        })
    }

    fn ruling(&self, staff: &Moderator, version: i64, case: &Case, decision: Decision) -> Ruling {
        let weight = policy::strike(decision.action).zip(decision.concerned);
        let strike = weight.map(|(weight, user)| Strike {
            decision: decision.id,
            user,
            weight,
            at: decision.at,
            until: decision.at.after(STRIKE),
        });
        let act = if case.state == State::Appealed { Act::AppealDecided } else { Act::CaseDecided };
        let detail = format!("decision={} action={}", decision.id, decision.action.word());
        let entries = vec![self.entry(staff, act, case, detail)];
        Ruling { version, decision, strike, entries }
    }

    /// What is told of a decision, and to whom.
    fn told(&self, decision: &Decision, closed: &[Report]) -> Vec<Event> {
        let change = if decision.action == Action::Overturn { CaseChange::Overturned } else { CaseChange::Decided };
        let mut facts = vec![Fact::CaseChanged { case: decision.case, change }];
        let is_told = match decision.action {
            Action::Remove
            | Action::Restore
            | Action::Warn
            | Action::Mute
            | Action::Suspend
            | Action::Ban
            | Action::Uphold
            | Action::Overturn => true,
            // What was hidden is back: whoever was told of the one is told of the other.
            Action::Dismiss => decision.measure.is_some(),
            Action::Hold => false,
        };
        let concerned = decision.concerned.filter(|_| is_told);
        facts.extend(concerned.map(|user| Fact::StatementIssued { user, decision: decision.id }));
        let reporters = closed.iter().map(|report| Fact::ReportClosed { user: report.reporter, report: report.id });
        facts.extend(reporters);
        facts.into_iter().map(|fact| Event::new(decision.at, nobody(), fact, &*self.entropy)).collect()
    }
}
