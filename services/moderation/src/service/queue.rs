//! Queue, case details, assignment and escalation.

use kith_kernel::{
    CaseId, CircleId, Cursor, Moderator, Page, PageSize, Timestamp, audit::AuditAction, event::CaseChange,
};

use super::Service;
use crate::{
    Error,
    domain::{Accuracy, Case, CaseState, Decision, EvidenceSnapshot, Reason, Subject},
    evidence_cipher::SealedColumn,
    policy::{self, ConflictOfInterest},
    store::{CaseChanges, Stats},
};

/// Maximum number of decisions in a subject history.
const MAX_HISTORY: i64 = 100;

/// Case with evidence, reports and decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDetails {
    pub case: Case,
    /// Captured evidence with the time of the capture, oldest first.
    pub evidence: Vec<(Timestamp, EvidenceSnapshot)>,
    /// Oldest first.
    pub reports: Vec<CaseReport>,
    /// Decisions with their statements, oldest first.
    pub decisions: Vec<(Decision, String)>,
    /// Text of the appeal; empty without one.
    pub appeal: String,
}

/// Report as staff see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReport {
    /// Alias of the reporter in this case.
    pub alias: String,
    /// Accuracy of the reporter.
    pub accuracy: Accuracy,
    pub reason: Reason,
    pub comment: String,
    pub at: Timestamp,
}

/// Earlier cases and decisions about the affected account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectHistory {
    /// Weight of the active strikes.
    pub strikes: u32,
    /// Decisions with their statements, newest first.
    pub decisions: Vec<(Decision, String)>,
    /// Number of cases.
    pub cases: u32,
}

impl Service {
    /// Returns cases in this state, the highest risk first, and the token of the next page. Cases in which the staff
    /// member has a conflict of interest are omitted, so a page can be shorter than requested.
    ///
    /// # Errors
    /// [`Error::Pagination`] for a token that was not issued to this staff member for this list.
    pub async fn queue(
        &self,
        staff: &Moderator,
        state: CaseState,
        size: PageSize,
        token: &str,
    ) -> Result<(Vec<Case>, String), Error> {
        let user = staff.actor().user;
        let list = format!("cases:{}:{user}", state.as_str());
        let after = self.page_tokens.cursor(&list, token)?;
        let cases = self.store.queue(state, user, after, size.lookahead()).await?;
        let cursor = |case: &Case| Cursor { rank: i64::from(case.risk), id: case.id.uuid() };
        let page = Page::from_lookahead(cases, size, cursor);
        let mut accessible = Vec::with_capacity(page.items.len());
        for case in page.items {
            if !self.is_circle_keeper(staff, &case).await? {
                accessible.push(case);
            }
        }
        Ok((accessible, self.page_tokens.token(&list, page.next)))
    }

    /// Returns a case with its evidence. The access is recorded in the audit log first.
    ///
    /// # Errors
    /// [`Error::CaseNotFound`], also in case of a conflict of interest.
    pub async fn case_details(&self, staff: &Moderator, case: CaseId) -> Result<CaseDetails, Error> {
        let case = self.find_accessible(staff, case).await?;
        self.store
            .append_audit(&[self.audit_entry(
                staff,
                AuditAction::PrivateContentRead,
                &case,
                "read=evidence".to_owned(),
            )])
            .await?;
        let mut evidence = Vec::new();
        for item in self.store.evidence(case.id).await? {
            evidence.push((item.at, self.cipher.open_snapshot(item.id, &item.sealed)?));
        }
        let records = self.store.reporter_records(case.id).await?;
        let mut reports = Vec::new();
        for report in self.store.reports(case.id).await? {
            let record = records.get(&report.reporter).copied().unwrap_or_default();
            reports.push(CaseReport {
                alias: self.cipher.reporter_alias(case.id, report.reporter),
                accuracy: policy::accuracy(record),
                reason: report.reason,
                comment: self.cipher.open(SealedColumn::ReportComment, report.id.uuid(), &report.comment)?,
                at: report.at,
            });
        }
        let decisions = self.store.decisions(case.id).await?;
        let appealed = decisions.iter().find(|decision| !decision.appeal.text.is_empty());
        let appeal = match appealed {
            Some(decision) => self.cipher.open(SealedColumn::AppealText, decision.id, &decision.appeal.text)?,
            None => String::new(),
        };
        Ok(CaseDetails { decisions: self.with_statements(decisions)?, case, evidence, reports, appeal })
    }

    /// Returns earlier decisions about the affected account of a case. The access is recorded in the audit log first.
    ///
    /// # Errors
    /// [`Error::CaseNotFound`], also in case of a conflict of interest.
    pub async fn subject_history(&self, staff: &Moderator, case: CaseId) -> Result<SubjectHistory, Error> {
        let case = self.find_accessible(staff, case).await?;
        self.store
            .append_audit(&[self.audit_entry(staff, AuditAction::PrivateContentRead, &case, "read=history".to_owned())])
            .await?;
        let Some(user) = case.affected_account else {
            return Ok(SubjectHistory { strikes: 0, decisions: Vec::new(), cases: 0 });
        };
        let decisions = self.store.decisions_about(user, MAX_HISTORY).await?;
        Ok(SubjectHistory {
            strikes: self.store.active_strike_weight(user, self.clock.now()).await?,
            decisions: self.with_statements(decisions)?,
            cases: self.store.case_count(user).await?,
        })
    }

    /// Assigns a case to the staff member, or renews the assignment.
    ///
    /// # Errors
    /// [`Error::CaseNotFound`]; [`Error::Case`] if the case is assigned to another staff member, escalated, decided by
    /// the caller, or not waiting for a decision.
    pub async fn assign(&self, staff: &Moderator, case: CaseId) -> Result<Case, Error> {
        let case = self.find_accessible(staff, case).await?;
        let (now, actor) = (self.clock.now(), staff.actor());
        let locked = self.store.lock_case(case.id).await?.ok_or(Error::CaseNotFound)?;
        let context = &locked.state;
        let decided_by = context.appealed_decision().and_then(|appealed| appealed.decider);
        policy::check_assignment(actor.user, actor.role, &context.case, decided_by, now)?;
        let is_renewal = context.case.active_assignment(now).is_some();
        let mut changes = CaseChanges::new(policy::assign(&context.case, actor.user, now));
        if !is_renewal {
            changes.events.push(self.case_changed(&changes.case, CaseChange::Updated));
            changes.audit.push(self.audit_entry(staff, AuditAction::CaseAssigned, &changes.case, String::new()));
        }
        locked.save(&changes).await?;
        Ok(changes.case)
    }

    /// Escalates a case to admins and ends its assignment.
    ///
    /// # Errors
    /// [`Error::CaseNotFound`]; [`Error::EtagMismatch`] if the case has changed since the caller read it;
    /// [`Error::Case`] if it is assigned to another staff member or does not wait for a decision.
    pub async fn escalate(&self, staff: &Moderator, case: CaseId, etag: &str) -> Result<Case, Error> {
        let case = self.find_accessible(staff, case).await?;
        let (now, actor) = (self.clock.now(), staff.actor());
        let locked = self.store.lock_case(case.id).await?.ok_or(Error::CaseNotFound)?;
        let case = &locked.state.case;
        policy::check_assignment(actor.user, actor.role, case, None, now)?;
        if etag != case.etag() {
            return Err(Error::EtagMismatch);
        }
        let mut changes = CaseChanges::new(policy::escalate(case, now));
        changes.events.push(self.case_changed(&changes.case, CaseChange::Updated));
        changes.audit.push(self.audit_entry(staff, AuditAction::CaseEscalated, &changes.case, String::new()));
        locked.save(&changes).await?;
        Ok(changes.case)
    }

    /// Returns statistics of the queue.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn stats(&self, _staff: &Moderator) -> Result<Stats, Error> {
        Ok(self.store.stats(self.clock.now()).await?)
    }

    /// Loads a case unless the staff member has a conflict of interest.
    pub(super) async fn find_accessible(&self, staff: &Moderator, case: CaseId) -> Result<Case, Error> {
        let case = self.store.case(case).await?.ok_or(Error::CaseNotFound)?;
        let user = staff.actor().user;
        let reports = self.store.reports(case.id).await?;
        let conflict = ConflictOfInterest {
            has_reported: reports.iter().any(|report| report.reporter == user),
            is_circle_keeper: self.is_circle_keeper(staff, &case).await?,
        };
        if policy::has_no_conflict(user, &case, conflict) { Ok(case) } else { Err(Error::CaseNotFound) }
    }

    async fn is_circle_keeper(&self, staff: &Moderator, case: &Case) -> Result<bool, Error> {
        let subject_circle = match case.subject {
            Subject::Circle(circle) => Some(circle),
            Subject::Post(_) | Subject::Response(_) | Subject::Persona(_) => None,
        };
        let Some(circle): Option<CircleId> = case.circle.or(subject_circle) else { return Ok(false) };
        Ok(self.circles.is_keeper(staff.actor().user, circle).await?)
    }

    pub(super) fn with_statements(&self, decisions: Vec<Decision>) -> Result<Vec<(Decision, String)>, Error> {
        let with_statements = decisions.into_iter().map(|decision| {
            let statement = self.cipher.open(SealedColumn::Statement, decision.id, &decision.statement)?;
            Ok((decision, statement))
        });
        with_statements.collect()
    }
}
