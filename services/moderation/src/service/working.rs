//! What staff do with cases until they decide.

use kith_kernel::{CaseId, CircleId, Cursor, Moderator, Page, PageSize, Timestamp, audit::Act, event::CaseChange};

use super::Service;
use crate::{
    Error,
    domain::{Accuracy, Case, Decision, Lease, Reason, Snapshot, State, Subject},
    policy::{self, Interest, LEASE},
    sealing::Column,
    store::{Notes, Stats},
};

/// How many decisions a history tells.
const HISTORY: i64 = 100;

/// A case with all that is needed to decide it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// The case.
    pub case: Case,
    /// What it is about, and when that was kept; oldest first.
    pub evidence: Vec<(Timestamp, Snapshot)>,
    /// Who reported; oldest first.
    pub reports: Vec<Heard>,
    /// What was decided, with the reasons, oldest first.
    pub decisions: Vec<(Decision, String)>,
    /// What the person concerned says to it.
    pub appeal: String,
}

/// A report, as staff see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What the reporter is called in this case.
    pub alias: String,
    /// How often they were right.
    pub accuracy: Accuracy,
    /// What is wrong.
    pub reason: Reason,
    /// In their words.
    pub words: String,
    /// When.
    pub at: Timestamp,
}

/// What was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What counts now.
    pub strikes: u32,
    /// What was decided, with the reasons, newest first.
    pub decisions: Vec<(Decision, String)>,
    /// How many cases there were.
    pub cases: u32,
}

impl Service {
    /// Cases of this state, the highest risk first, and the token of the next page. What the staff member may not act on
    /// is left out, so a page may be shorter than asked for.
    ///
    /// # Errors
    /// [`Error::Page`] for a token that was not handed out to them for this list.
    pub async fn queue(
        &self,
        staff: &Moderator,
        state: State,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Case>, String), Error> {
        let user = staff.actor().user;
        let list = format!("cases:{}:{user}", state.word());
        let after = self.pager.cursor(&list, token)?;
        let cases = self.store.queue(state, user, after, size.lookahead()).await?;
        let place = |case: &Case| Cursor { rank: i64::from(case.risk), id: case.id.uuid() };
        let page = Page::cut(cases, size, place);
        let mut shown = Vec::with_capacity(page.items.len());
        for case in page.items {
            if !self.keeps_circle(staff, &case).await? {
                shown.push(case);
            }
        }
        Ok((shown, self.pager.token(&list, page.next)))
    }

    /// One case with its evidence. That they read it is written down first.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`], also for one that they may not act on.
    pub async fn dossier(&self, staff: &Moderator, case: CaseId) -> Result<Dossier, Error> {
        let case = self.open_to(staff, case).await?;
        self.store.note(&[self.entry(staff, Act::PrivateRead, &case, "read=evidence".to_owned())]).await?;
        let mut evidence = Vec::new();
        for kept in self.store.evidence(case.id).await? {
            evidence.push((kept.at, self.sealer.open_snapshot(kept.id, &kept.sealed)?));
        }
        let records = self.store.records(case.id).await?;
        let mut reports = Vec::new();
        for report in self.store.reports(case.id).await? {
            let record = records.get(&report.reporter).copied().unwrap_or_default();
            reports.push(Heard {
                alias: self.sealer.alias(case.id, report.reporter),
                accuracy: policy::accuracy(record),
                reason: report.reason,
                words: self.sealer.open(Column::Words, report.id.uuid(), &report.words)?,
                at: report.at,
            });
        }
        let decisions = self.store.decisions(case.id).await?;
        let appealed = decisions.iter().find(|decision| !decision.appeal.words.is_empty());
        let appeal = match appealed {
            Some(decision) => self.sealer.open(Column::Appeal, decision.id, &decision.appeal.words)?,
            None => String::new(),
        };
        Ok(Dossier { decisions: self.explained(decisions)?, case, evidence, reports, appeal })
    }

    /// What was decided before about the person that a case concerns. That they read it is written down first.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`], also for one that they may not act on.
    pub async fn history(&self, staff: &Moderator, case: CaseId) -> Result<History, Error> {
        let case = self.open_to(staff, case).await?;
        self.store.note(&[self.entry(staff, Act::PrivateRead, &case, "read=history".to_owned())]).await?;
        let Some(user) = case.concerned else {
            return Ok(History { strikes: 0, decisions: Vec::new(), cases: 0 });
        };
        let decisions = self.store.decided_about(user, HISTORY).await?;
        Ok(History {
            strikes: self.store.strikes(user, self.clock.now()).await?,
            decisions: self.explained(decisions)?,
            cases: self.store.cases_about(user).await?,
        })
    }

    /// Takes a case, or renews that.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`]; [`Error::Refused`] while somebody else has it, if it is left to others, or if it waits for
    /// nothing.
    pub async fn assign(&self, staff: &Moderator, case: CaseId) -> Result<Case, Error> {
        let case = self.open_to(staff, case).await?;
        let (now, user) = (self.clock.now(), staff.actor().user);
        let decided_by = self.appealed(&case).await?.and_then(|decision| decision.decider);
        policy::may_take(user, staff.actor().role, &case, decided_by, now)?;
        let notes = if case.holder(now).is_some() {
            Notes::default()
        } else {
            Notes {
                events: vec![self.changed(&case, CaseChange::Updated)],
                entries: vec![self.entry(staff, Act::CaseAssigned, &case, String::new())],
            }
        };
        let lease = Lease { holder: user, until: now.after(LEASE) };
        let taken = self.store.take(case.id, lease, now, &notes).await?;
        Ok(taken.ok_or(policy::Refusal::Held)?)
    }

    /// Leaves a case to admins.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`]; [`Error::EtagMismatch`] if it was changed since they read it; [`Error::Refused`] while
    /// somebody else has it, or if it waits for nothing.
    pub async fn escalate(&self, staff: &Moderator, case: CaseId, etag: &str) -> Result<Case, Error> {
        let case = self.open_to(staff, case).await?;
        let version = etag.parse().map_err(|_| Error::EtagMismatch)?;
        let (now, actor) = (self.clock.now(), staff.actor());
        policy::may_take(actor.user, actor.role, &case, None, now)?;
        let notes = Notes {
            events: vec![self.changed(&case, CaseChange::Updated)],
            entries: vec![self.entry(staff, Act::CaseEscalated, &case, String::new())],
        };
        self.store.escalate(case.id, version, now, &notes).await?.ok_or(Error::EtagMismatch)
    }

    /// How the queue stands.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn stats(&self, _staff: &Moderator) -> Result<Stats, Error> {
        Ok(self.store.stats(self.clock.now()).await?)
    }

    /// A case that this staff member may know of.
    pub(super) async fn open_to(&self, staff: &Moderator, case: CaseId) -> Result<Case, Error> {
        let case = self.store.case(case).await?.ok_or(Error::NoSuchCase)?;
        let user = staff.actor().user;
        let reports = self.store.reports(case.id).await?;
        let interest = Interest {
            reported: reports.iter().any(|report| report.reporter == user),
            keeps_circle: self.keeps_circle(staff, &case).await?,
        };
        if policy::is_disinterested(user, &case, interest) { Ok(case) } else { Err(Error::NoSuchCase) }
    }

    /// The decision that an appealed case waits for another of.
    pub(super) async fn appealed(&self, case: &Case) -> Result<Option<Decision>, Error> {
        if case.state != State::Appealed {
            return Ok(None);
        }
        let decisions = self.store.decisions(case.id).await?;
        Ok(decisions.into_iter().find(|decision| decision.appeal.state == crate::domain::AppealState::Open))
    }

    async fn keeps_circle(&self, staff: &Moderator, case: &Case) -> Result<bool, Error> {
        let about = match case.subject {
            Subject::Circle(circle) => Some(circle),
            Subject::Post(_) | Subject::Response(_) | Subject::Persona(_) => None,
        };
        let Some(circle): Option<CircleId> = case.circle.or(about) else { return Ok(false) };
        Ok(self.circles.keeps(staff.actor().user, circle).await?)
    }

    pub(super) fn explained(&self, decisions: Vec<Decision>) -> Result<Vec<(Decision, String)>, Error> {
        let explained = decisions.into_iter().map(|decision| {
            let statement = self.sealer.open(Column::Statement, decision.id, &decision.statement)?;
            Ok((decision, statement))
        });
        explained.collect()
    }
}
