//! Event handler of moderation. Every action is idempotent.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    CaseId, Clock, ContentId, Delivery, Event, EventPayload, ModerationEvent, PortError, PostEvent, ResponseEvent,
    event::{MAX_REDELIVERY_AGE, VisibilityChange},
    ports,
};

use crate::{DecisionEnforcer, Error, domain::Origin, service::ReportIntake, store::Store};

/// Maximum number of related cases whose risk is updated per changed case. The highest risks come first.
const MAX_RELATED: i64 = 100;

/// Opens cases for crisis language and for held content; completes enforcement and updates risk scores when a case
/// changes.
pub struct EventHandler {
    pub store: Arc<dyn Store>,
    pub intake: Arc<ReportIntake>,
    pub enforcer: Arc<DecisionEnforcer>,
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl ports::EventHandler for EventHandler {
    fn name(&self) -> &'static str {
        "moderation"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        match &event.payload {
            EventPayload::Moderation(ModerationEvent::CrisisDetected { content }) => {
                self.open_case(event, *content, Origin::Crisis).await?;
            }
            EventPayload::Post(PostEvent::VisibilityChanged { post, change: VisibilityChange::Held }) => {
                self.open_case(event, ContentId::Post(post.post), Origin::Screen).await?;
            }
            EventPayload::Response(ResponseEvent::VisibilityChanged {
                response,
                change: VisibilityChange::Held,
                ..
            }) => {
                self.open_case(event, ContentId::Response(response.response), Origin::Screen).await?;
            }
            EventPayload::Moderation(ModerationEvent::CaseChanged { case, .. }) => {
                self.complete_enforcement(*case).await?;
                self.update_related_risk(*case).await?;
            }
            EventPayload::Moderation(
                ModerationEvent::StatementIssued { .. } | ModerationEvent::ReportResolved { .. },
            )
            | EventPayload::Post(
                PostEvent::VisibilityChanged { .. }
                | PostEvent::Created(_)
                | PostEvent::Updated(_)
                | PostEvent::SosResolved(_)
                | PostEvent::Deleted(_)
                | PostEvent::Restored(_),
            )
            | EventPayload::Response(
                ResponseEvent::VisibilityChanged { .. }
                | ResponseEvent::Created { .. }
                | ResponseEvent::Deleted { .. }
                | ResponseEvent::MarkedHelpful(_),
            )
            | EventPayload::Account(_)
            | EventPayload::Circle(_)
            | EventPayload::Progress(_) => {}
        }
        Ok(())
    }
}

impl EventHandler {
    async fn open_case(&self, event: &Event, content: ContentId, origin: Origin) -> Result<(), Error> {
        // The inbox no longer contains events of this age, so this may be a repetition. The case is opened anyway: a
        // duplicate case costs a review, a missing case may cost a life.
        if event.at < self.clock.now().before(MAX_REDELIVERY_AGE) {
            tracing::warn!(
                event = %event.id,
                "event is older than the deduplication window, opening a case that may be a duplicate"
            );
        }
        self.intake.open_case(content, origin, event.id).await
    }

    /// Enforces the decisions again, in case the process that decided stopped before it had enforced them.
    async fn complete_enforcement(&self, case: CaseId) -> Result<(), Error> {
        let Some(case) = self.store.case(case).await? else { return Ok(()) };
        self.enforcer.enforce(case.subject, case.affected_account).await
    }

    /// Updates the risk of open cases that share a reporter or the affected account with this case. A new report
    /// changes which reporters agree, and a decision changes the accuracy of reporters.
    ///
    /// Each case has its own transaction. One transaction for all cases could deadlock with a concurrent update that
    /// locks the same cases in another order.
    async fn update_related_risk(&self, case: CaseId) -> Result<(), Error> {
        for other in self.store.related_cases(case, MAX_RELATED).await? {
            self.intake.update_risk(other).await?;
        }
        Ok(())
    }
}
