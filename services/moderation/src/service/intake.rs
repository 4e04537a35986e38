//! Intake of reports and of automatic cases.

use std::sync::Arc;

use kith_kernel::{
    Actor, CaseId, Clock, ContentId, Cursor, Entropy, Event, EventId, EventPayload, ModerationEvent, Page, PageSize,
    ReportId,
    event::CaseChange,
    ports::{AccountDirectory, BlockList, CircleLookup, ContentModeration, Membership, PersonaLookup},
};
use uuid::Uuid;

use super::{Service, capture::CapturedSubject};
use crate::{
    DecisionEnforcer, Error, EvidenceCipher,
    domain::{
        Action, Appeal, Case, CaseState, Decision, FilingOutcome, FilingResult, NewFiling, Origin, Reason, Report,
        SealedEvidence, Subject,
    },
    enforcement::SYSTEM_ACTOR,
    evidence_cipher::SealedColumn,
    policy,
    store::{CaseChanges, Store},
};

/// Statement to the author of content that was hidden automatically.
const AUTO_HIDE_NOTICE: &str = "This was reported for a serious reason. It is hidden until a moderator has \
    reviewed it. Nothing has been decided, and nothing counts against you.";

/// Files reports and automatic cases with their evidence.
pub struct ReportIntake {
    pub store: Arc<dyn Store>,
    pub enforcer: Arc<DecisionEnforcer>,
    pub contents: Arc<dyn ContentModeration>,
    pub personas: Arc<dyn PersonaLookup>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub blocks: Arc<dyn BlockList>,
    pub membership: Arc<dyn Membership>,
    pub circles: Arc<dyn CircleLookup>,
    pub cipher: EvidenceCipher,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Service {
    /// Reports a subject and captures its current text as evidence. While the case is open, a repeated report returns
    /// the first one.
    ///
    /// `claimed` is the id of the idempotency claim, which becomes the id of the report.
    ///
    /// # Errors
    /// [`Error::SubjectNotFound`] if the actor cannot see the subject; [`Error::CannotReportSelf`].
    pub async fn report(
        &self,
        actor: &Actor,
        subject: Subject,
        reason: Reason,
        comment: &str,
        claimed: Option<Uuid>,
    ) -> Result<Report, Error> {
        self.intake.report(actor, subject, reason, comment, claimed).await
    }

    /// Returns the reports of the actor, newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`Error::Pagination`] for a token that was not issued to this actor for this list.
    pub async fn my_reports(&self, actor: &Actor, size: PageSize, token: &str) -> Result<(Vec<Report>, String), Error> {
        let list = format!("reports:{}", actor.user);
        let before = self.page_tokens.cursor(&list, token)?.map(|cursor| ReportId::from_uuid(cursor.id));
        let reports = self.store.reports_by(actor.user, before, size.lookahead()).await?;
        let page = Page::from_lookahead(reports, size, |report| Cursor::at(report.id.uuid()));
        Ok((page.items, self.page_tokens.token(&list, page.next)))
    }
}

impl ReportIntake {
    async fn report(
        &self,
        actor: &Actor,
        subject: Subject,
        reason: Reason,
        comment: &str,
        claimed: Option<Uuid>,
    ) -> Result<Report, Error> {
        let captured = self.capture(subject, Some(actor.user)).await?.ok_or(Error::SubjectNotFound)?;
        if captured.affected_account == Some(actor.user) {
            return Err(Error::CannotReportSelf);
        }
        let now = self.clock.now();
        let id = claimed.map_or_else(|| ReportId::new(now, &*self.entropy), ReportId::from_uuid);
        let case = self.new_case(&captured, Origin::Report);
        let reporter = policy::accuracy(self.store.reporter_record(actor.user).await?);
        let should_hide =
            captured.subject.content().is_some() && policy::should_hide(reason, reporter, &captured.snapshot);
        let hold = if should_hide { Some(self.hold_decision(&case, reason)?) } else { None };
        let report = Report {
            id,
            case: case.id,
            reporter: actor.user,
            subject,
            reason,
            comment: self.cipher.seal(SealedColumn::ReportComment, id.uuid(), comment)?,
            at: now,
            outcome: None,
        };
        let result = self.file(case, Some(report), &captured, hold, None).await?;
        result.report.ok_or(Error::SubjectNotFound)
    }

    /// Opens a case without a report, once for each event. Content that no longer exists gets no case.
    ///
    /// # Errors
    /// Those of the slice that owns the content.
    pub async fn open_case(&self, content: ContentId, origin: Origin, event: EventId) -> Result<(), Error> {
        let Some(captured) = self.capture(content.into(), None).await? else { return Ok(()) };
        let case = self.new_case(&captured, origin);
        self.file(case, None, &captured, None, Some(event)).await?;
        Ok(())
    }

    async fn file(
        &self,
        case: Case,
        report: Option<Report>,
        captured: &CapturedSubject,
        hold: Option<Decision>,
        event: Option<EventId>,
    ) -> Result<FilingResult, Error> {
        let now = self.clock.now();
        let id = EventId::new(now, &*self.entropy).uuid();
        let evidence = SealedEvidence { id, at: now, sealed: self.cipher.seal_snapshot(id, &captured.snapshot)? };
        let filing = NewFiling { case, report, evidence, hold, event };
        let locked = self.store.lock_filing(&filing).await?;
        let result = policy::file(&filing, &locked.state);
        if result.outcome == FilingOutcome::Duplicate {
            // Enforcement writes, and in SQLite it would wait for this lock.
            drop(locked);
        } else {
            let changes = CaseChanges {
                evidence: Some(filing.evidence),
                report: result.report.clone(),
                decision: result.hold.clone(),
                events: self.events_for(&result),
                ..CaseChanges::new(result.case.clone())
            };
            locked.save(&changes).await?;
        }
        // Also for a duplicate: the first attempt may have stopped before enforcement.
        if result.case.hidden_at.is_some() {
            self.enforcer.enforce(result.case.subject, None).await?;
        }
        Ok(result)
    }

    /// Updates the risk of an open case.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn update_risk(&self, case: CaseId) -> Result<(), Error> {
        let now = self.clock.now();
        let Some(locked) = self.store.lock_risk(case, now).await? else { return Ok(()) };
        let (case, inputs) = &locked.state;
        let updated = policy::update_risk(case, inputs, now);
        if updated != *case {
            locked.save(&CaseChanges::new(updated)).await?;
        }
        Ok(())
    }

    fn events_for(&self, result: &FilingResult) -> Vec<Event> {
        let change = match result.outcome {
            FilingOutcome::Opened => CaseChange::Opened,
            FilingOutcome::Merged => CaseChange::Updated,
            FilingOutcome::Duplicate => return Vec::new(),
        };
        let mut payloads =
            vec![EventPayload::Moderation(ModerationEvent::CaseChanged { case: result.case.id, change })];
        let held = result.hold.as_ref().and_then(|hold| hold.affected_account.map(|user| (user, hold.id)));
        payloads.extend(
            held.map(|(user, decision)| EventPayload::Moderation(ModerationEvent::StatementIssued { user, decision })),
        );
        let now = self.clock.now();
        payloads.into_iter().map(|payload| Event::new(now, SYSTEM_ACTOR, payload, &*self.entropy)).collect()
    }

    fn new_case(&self, captured: &CapturedSubject, origin: Origin) -> Case {
        let now = self.clock.now();
        Case {
            id: CaseId::new(now, &*self.entropy),
            subject: captured.subject,
            affected_account: captured.affected_account,
            persona: captured.persona,
            circle: captured.circle,
            origin,
            state: CaseState::Open,
            escalated_at: None,
            hidden_at: None,
            report_count: 0,
            reasons: Vec::new(),
            reach: u32::try_from(captured.snapshot.context.len()).unwrap_or(u32::MAX),
            risk: 0,
            assignment: None,
            opened_at: now,
            due_at: policy::due_time(0, now),
            decided_at: None,
            version: 1,
        }
    }

    /// Builds the automatic decision that hides content until review, with the statement to its author.
    fn hold_decision(&self, case: &Case, reason: Reason) -> Result<Decision, Error> {
        let now = self.clock.now();
        let id = EventId::new(now, &*self.entropy).uuid();
        Ok(Decision {
            id,
            case: case.id,
            subject: case.subject,
            affected_account: case.affected_account,
            decider: None,
            action: Action::Hold,
            outcome: policy::outcome_of(case, Action::Hold),
            rule: reason.as_str().to_owned(),
            statement: self.cipher.seal(SealedColumn::Statement, id, AUTO_HIDE_NOTICE)?,
            at: now,
            until: None,
            appeals: None,
            appeal: Appeal::not_appealable(),
            overturned_at: None,
        })
    }
}
