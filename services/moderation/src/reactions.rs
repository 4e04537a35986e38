//! What moderation does when something happened elsewhere, and when something was decided here. Every reaction is safe to
//! repeat.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    CaseId, Clock, Content, Event, Fact, Failure,
    event::{Moderation, REDELIVERY},
    ports::Reaction,
};

use crate::{Effects, Error, domain::Origin, service::Intake, store::Store};

/// How many cases are weighed anew for each that changes: those that come first in the queue.
const BESIDE: i64 = 100;

/// The reactions of moderation.
pub struct Reactions {
    /// Where cases are kept.
    pub store: Arc<dyn Store>,
    /// Takes in what nobody reported.
    pub intake: Arc<Intake>,
    /// Makes true what was decided, if whoever decided it did not get so far.
    pub effects: Arc<Effects>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Reaction for Reactions {
    fn name(&self) -> &'static str {
        "moderation"
    }

    async fn on(&self, event: &Event) -> Result<(), Failure> {
        match &event.fact {
            Fact::CrisisSeen { content } => self.open(event, *content, Origin::Watch).await?,
            Fact::PostModerated { about, how: Moderation::Held } => {
                self.open(event, Content::Post(about.post), Origin::Screen).await?;
            }
            Fact::ResponseModerated { about, how: Moderation::Held, .. } => {
                self.open(event, Content::Response(about.response), Origin::Screen).await?;
            }
            Fact::CaseChanged { case, .. } => {
                self.complete(*case).await?;
                self.weigh_beside(*case).await?;
            }
            Fact::PostModerated { .. }
            | Fact::ResponseModerated { .. }
            | Fact::PostCreated(_)
            | Fact::PostUpdated(_)
            | Fact::SosResolved(_)
            | Fact::PostDeleted(_)
            | Fact::PostRestored(_)
            | Fact::ResponseGiven { .. }
            | Fact::ResponseDeleted { .. }
            | Fact::ResponseMarkedHelpful(_)
            | Fact::UserBlocked { .. }
            | Fact::UserUnblocked { .. }
            | Fact::UserSuspended { .. }
            | Fact::UserReinstated { .. }
            | Fact::SessionRevoked { .. }
            | Fact::CircleChanged(_)
            | Fact::StatementIssued { .. }
            | Fact::ReportClosed { .. }
            | Fact::UserMuted { .. }
            | Fact::UserUnmuted { .. }
            | Fact::RoleChanged { .. }
            | Fact::MilestoneReached { .. } => {}
        }
        Ok(())
    }
}

impl Reactions {
    async fn open(&self, event: &Event, content: Content, origin: Origin) -> Result<(), Error> {
        // What is older than the inbox remembers could be a repetition, and somebody may still have to look: a second
        // case costs a look, no case may cost a life.
        if event.at < self.clock.now().before(REDELIVERY) {
            tracing::warn!(event = %event.id, "a case is opened late, and perhaps again");
        }
        self.intake.open(content, origin, event.id).await
    }

    async fn complete(&self, case: CaseId) -> Result<(), Error> {
        let Some(case) = self.store.case(case).await? else { return Ok(()) };
        self.effects.complete(case.subject, case.concerned).await
    }

    /// A report shows who agrees with whom, and a decision who was right: what waits beside this case is weighed by what
    /// is known now. One after the other, for each has its own transaction: all of them in one would meet others who do
    /// the same the other way round.
    async fn weigh_beside(&self, case: CaseId) -> Result<(), Error> {
        for other in self.store.beside(case, BESIDE).await? {
            self.store.weigh(other, self.clock.now()).await?;
        }
        Ok(())
    }
}
