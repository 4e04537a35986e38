//! Makes true what was decided.
//!
//! Nothing here knows what has just happened. It reads what all decisions say together, makes it so, and reads again: if
//! somebody has decided in between, it makes that so. Whoever was late therefore leaves what is right.

use std::sync::Arc;

use kith_kernel::{
    Clock, UserId,
    ports::{Accounts, Circles, Contents, Mutes},
};
use uuid::Uuid;

use crate::{
    Error,
    domain::{Measure, Subject},
    store::{Bounds, Store},
};

/// How often it is read again before somebody else has to.
const TURNS: u32 = 5;

/// Makes true what was decided, however often it is asked.
pub struct Effects {
    /// Where decisions are kept.
    pub store: Arc<dyn Store>,
    /// What people wrote.
    pub contents: Arc<dyn Contents>,
    /// Circles.
    pub circles: Arc<dyn Circles>,
    /// Who is kept out.
    pub accounts: Arc<dyn Accounts>,
    /// Who may not write.
    pub mutes: Arc<dyn Mutes>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Effects {
    /// Makes true what was decided about something and about the person whom it concerns. When it returns, it is.
    ///
    /// # Errors
    /// Those of the slices that it is true in. What is true by then stays so.
    pub async fn complete(&self, subject: Subject, concerned: Option<UserId>) -> Result<(), Error> {
        if subject.is_removable() {
            self.thing(subject).await?;
        }
        match concerned {
            Some(user) => self.person(user).await,
            None => Ok(()),
        }
    }

    /// Makes true what was decided about a person.
    ///
    /// # Errors
    /// Those of the slice that keeps people.
    pub async fn person(&self, user: UserId) -> Result<(), Error> {
        let mut bounds = self.store.bounds(user, self.clock.now()).await?;
        for _ in 0..TURNS {
            self.bind(user, bounds).await?;
            let now = self.store.bounds(user, self.clock.now()).await?;
            if now == bounds {
                return Ok(());
            }
            bounds = now;
        }
        Ok(())
    }

    async fn bind(&self, user: UserId, bounds: Bounds) -> Result<(), Error> {
        // Who is gone can neither be kept out nor let in.
        if self.accounts.state(user).await?.is_none() {
            return Ok(());
        }
        match bounds.suspended_until {
            Some(until) => self.accounts.suspend(user, until, nobody()).await?,
            None => self.accounts.reinstate(user, nobody()).await?,
        }
        match bounds.muted_until {
            Some(until) => self.mutes.mute(user, until, nobody()).await?,
            None => self.mutes.unmute(user, nobody()).await?,
        }
        Ok(())
    }

    async fn thing(&self, subject: Subject) -> Result<(), Error> {
        let Some(mut measure) = self.store.measure(subject).await? else { return Ok(()) };
        for _ in 0..TURNS {
            self.put(subject, measure).await?;
            match self.store.measure(subject).await? {
                Some(now) if now != measure => measure = now,
                Some(_) | None => return Ok(()),
            }
        }
        Ok(())
    }

    async fn put(&self, subject: Subject, measure: Measure) -> Result<(), Error> {
        match (subject, measure) {
            (Subject::Circle(circle), Measure::Removed) => self.circles.close(circle, nobody()).await?,
            (Subject::Circle(circle), Measure::Shown) => self.circles.open(circle, nobody()).await?,
            (Subject::Post(_) | Subject::Response(_) | Subject::Persona(_), _) => {
                let Some(content) = subject.content() else { return Ok(()) };
                if measure == Measure::Removed {
                    self.contents.remove(content, nobody()).await?;
                } else {
                    self.contents.restore(content, nobody()).await?;
                    self.contents.release(content, nobody()).await?;
                }
            }
        }
        Ok(())
    }
}

/// Who does what nobody in particular does: who decided is told to nobody but the trail.
#[must_use]
pub const fn nobody() -> UserId {
    UserId::from_uuid(Uuid::nil())
}
