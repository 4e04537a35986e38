//! Enforcement of decisions.
//!
//! Enforcement does not depend on the event that triggered it. It reads the combined result of all decisions, applies
//! it, and reads again. If the result has changed in the meantime, it applies the new one. The last run of several
//! concurrent runs therefore leaves the correct state.

use std::sync::Arc;

use kith_kernel::{
    Clock, UserId,
    ports::{AccountDirectory, AccountMuting, CircleModeration, ContentModeration},
};
use uuid::Uuid;

use crate::{
    Error,
    domain::{ContentOutcome, Subject},
    store::{Restrictions, Store},
};

/// Maximum number of rounds per run. A later run, started by the event of the newer decision, completes the rest.
const MAX_ROUNDS: u32 = 5;

/// Actor of events and actions of moderation. The deciding staff member is recorded only in the audit log.
pub const SYSTEM_ACTOR: UserId = UserId::from_uuid(Uuid::nil());

/// Enforces all decisions about a subject. Idempotent; safe to call concurrently.
pub struct DecisionEnforcer {
    pub store: Arc<dyn Store>,
    pub contents: Arc<dyn ContentModeration>,
    pub circles: Arc<dyn CircleModeration>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub mutes: Arc<dyn AccountMuting>,
    pub clock: Arc<dyn Clock>,
}

impl DecisionEnforcer {
    /// Enforces all decisions about the subject and, if given, about the affected account.
    ///
    /// # Errors
    /// Those of the slices that own the subject and the account. Effects that were applied before the error remain.
    pub async fn enforce(&self, subject: Subject, affected_account: Option<UserId>) -> Result<(), Error> {
        if subject.is_removable() {
            self.enforce_content(subject).await?;
        }
        match affected_account {
            Some(user) => self.enforce_account(user).await,
            None => Ok(()),
        }
    }

    /// Suspends, reinstates, mutes or unmutes the account according to the restrictions in force.
    ///
    /// # Errors
    /// Those of the slice that owns accounts.
    pub async fn enforce_account(&self, user: UserId) -> Result<(), Error> {
        let mut restrictions = self.store.restrictions(user, self.clock.now()).await?;
        for _ in 0..MAX_ROUNDS {
            self.apply_restrictions(user, restrictions).await?;
            let now = self.store.restrictions(user, self.clock.now()).await?;
            if now == restrictions {
                return Ok(());
            }
            restrictions = now;
        }
        Ok(())
    }

    async fn apply_restrictions(&self, user: UserId, restrictions: Restrictions) -> Result<(), Error> {
        // A deleted account can be neither suspended nor reinstated.
        if self.accounts.status(user).await?.is_none() {
            return Ok(());
        }
        match restrictions.suspended_until {
            Some(until) => self.accounts.suspend(user, until, SYSTEM_ACTOR).await?,
            None => self.accounts.reinstate(user, SYSTEM_ACTOR).await?,
        }
        match restrictions.muted_until {
            Some(until) => self.mutes.mute(user, until, SYSTEM_ACTOR).await?,
            None => self.mutes.unmute(user, SYSTEM_ACTOR).await?,
        }
        Ok(())
    }

    async fn enforce_content(&self, subject: Subject) -> Result<(), Error> {
        let Some(mut outcome) = self.store.current_outcome(subject).await? else { return Ok(()) };
        for _ in 0..MAX_ROUNDS {
            self.apply_outcome(subject, outcome).await?;
            match self.store.current_outcome(subject).await? {
                Some(now) if now != outcome => outcome = now,
                Some(_) | None => return Ok(()),
            }
        }
        Ok(())
    }

    async fn apply_outcome(&self, subject: Subject, outcome: ContentOutcome) -> Result<(), Error> {
        match (subject, outcome) {
            (Subject::Circle(circle), ContentOutcome::Removed) => self.circles.close(circle, SYSTEM_ACTOR).await?,
            (Subject::Circle(circle), ContentOutcome::Visible) => self.circles.reopen(circle, SYSTEM_ACTOR).await?,
            (Subject::Post(_) | Subject::Response(_) | Subject::Persona(_), _) => {
                let Some(content) = subject.content() else { return Ok(()) };
                if outcome == ContentOutcome::Removed {
                    self.contents.remove(content, SYSTEM_ACTOR).await?;
                } else {
                    self.contents.restore(content, SYSTEM_ACTOR).await?;
                    self.contents.release(content, SYSTEM_ACTOR).await?;
                }
            }
        }
        Ok(())
    }
}
