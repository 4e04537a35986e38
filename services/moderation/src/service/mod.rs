//! What people can do about what others do, and what staff can do about that.

mod deciding;
mod reporting;
mod standing;
mod working;

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, Event, EventId, Fact, Moderator, Pager,
    audit::{Act, Entry},
    event::CaseChange,
    ports::Circles,
};

pub use self::{
    reporting::Intake,
    standing::{MyStanding, Told},
    working::{Dossier, Heard, History},
};
use crate::{Effects, Sealer, domain::Case, effects::nobody, store::Store};

/// The use cases of moderation.
pub struct Service {
    /// Where cases are kept.
    pub store: Arc<dyn Store>,
    /// Makes true what was decided.
    pub effects: Arc<Effects>,
    /// Takes reports in.
    pub intake: Arc<Intake>,
    /// Who keeps which circle.
    pub circles: Arc<dyn Circles>,
    /// Seals what cases hold.
    pub sealer: Sealer,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids are made with.
    pub entropy: Arc<dyn Entropy>,
    /// What signs the tokens of lists.
    pub pager: Arc<Pager>,
}

impl Service {
    /// A line of the trail.
    fn entry(&self, staff: &Moderator, act: Act, case: &Case, detail: String) -> Entry {
        let (at, actor) = (self.clock.now(), staff.actor());
        Entry {
            id: EventId::new(at, &*self.entropy),
            at,
            actor: actor.user,
            session: Some(actor.session),
            act,
            subject: format!("case:{}", case.id),
            detail,
        }
    }

    /// Nobody in particular says that a case changed: who works on it is told to nobody.
    fn changed(&self, case: &Case, change: CaseChange) -> Event {
        let fact = Fact::CaseChanged { case: case.id, change };
        Event::new(self.clock.now(), nobody(), fact, &*self.entropy)
    }
}
