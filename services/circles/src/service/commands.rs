//! Execution of commands: lock, decide, save.

use kith_kernel::{Actor, CircleId, EventId, Timestamp};

use super::Service;
use crate::{
    Error,
    domain::ActorStamp,
    policy::{CircleCommand, CircleError, CommandRequest, CommandResult, changes_for, decide},
    store::{CircleView, Store},
};

/// Executes a command and returns the state after it.
///
/// # Errors
/// [`Error::Rejected`] if a rule rejects the command; errors of the store.
pub async fn execute(store: &dyn Store, request: &CommandRequest) -> Result<CommandResult, Error> {
    let locked = store.lock(request).await?.ok_or(CircleError::CircleNotFound)?;
    let context = &locked.context;
    let outcome = decide(context, &request.command, request.stamp.at)?;
    let Some(changes) = changes_for(context, request, outcome) else { return Ok(CommandResult::unchanged(context)) };
    let result = CommandResult::after(context, &changes);
    locked.save(&changes).await?;
    Ok(result)
}

impl Service {
    pub(super) async fn run(
        &self,
        actor: &Actor,
        circle: CircleId,
        command: CircleCommand,
    ) -> Result<CommandResult, Error> {
        let stamp = self.stamp(actor, self.clock.now());
        execute(&*self.store, &CommandRequest { circle, stamp, command }).await
    }

    /// Executes a command and returns the circle as the actor sees it after it.
    pub(super) async fn run_for_view(
        &self,
        actor: &Actor,
        circle: CircleId,
        command: CircleCommand,
    ) -> Result<CircleView, Error> {
        let result = self.run(actor, circle, command).await?;
        Ok(CircleView { circle: result.circle, membership: result.actor })
    }

    pub(super) fn stamp(&self, actor: &Actor, at: Timestamp) -> ActorStamp {
        ActorStamp { actor: actor.user, at, event: EventId::new(at, &*self.entropy) }
    }
}
