//! Use cases of users and of staff.

mod account_standing;
mod capture;
mod decide;
mod intake;
mod queue;

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, Event, EventId, EventPayload, ModerationEvent, Moderator, PageTokenCodec,
    audit::{AuditAction, AuditEntry},
    event::CaseChange,
    ports::CircleModeration,
};

pub use self::{
    account_standing::{AccountStanding, Statement},
    intake::ReportIntake,
    queue::{CaseDetails, CaseReport, SubjectHistory},
};
use crate::{DecisionEnforcer, EvidenceCipher, domain::Case, enforcement::SYSTEM_ACTOR, store::Store};

/// The use cases of moderation.
pub struct Service {
    pub store: Arc<dyn Store>,
    pub enforcer: Arc<DecisionEnforcer>,
    pub intake: Arc<ReportIntake>,
    pub circles: Arc<dyn CircleModeration>,
    pub cipher: EvidenceCipher,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub page_tokens: Arc<PageTokenCodec>,
}

impl Service {
    /// Builds an audit entry about a case.
    fn audit_entry(&self, staff: &Moderator, action: AuditAction, case: &Case, detail: String) -> AuditEntry {
        let (at, actor) = (self.clock.now(), staff.actor());
        AuditEntry {
            id: EventId::new(at, &*self.entropy),
            at,
            actor: actor.user,
            session: Some(actor.session),
            action,
            subject: format!("case:{}", case.id),
            detail,
        }
    }

    /// Builds the event of a change of a case. Its actor is the system: staff members are not disclosed.
    fn case_changed(&self, case: &Case, change: CaseChange) -> Event {
        let payload = EventPayload::Moderation(ModerationEvent::CaseChanged { case: case.id, change });
        Event::new(self.clock.now(), SYSTEM_ACTOR, payload, &*self.entropy)
    }
}
