//! What people are told of what was decided about them, and what they can do about it.

use std::time::Duration;

use kith_kernel::{Actor, Cursor, Event, Fact, Page, PageSize, Timestamp, event::CaseChange};
use uuid::Uuid;

use super::Service;
use crate::{
    Error,
    domain::{AppealState, Decision},
    effects::nobody,
    policy::{self, NoAppeal},
    sealing::Column,
    store::Appealing,
};

/// How long staff have for an appeal.
const DUE: Duration = Duration::from_hours(72);

/// How somebody stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MyStanding {
    /// What counts now.
    pub strikes: u32,
    /// Until when they may write nothing but an SOS.
    pub muted_until: Option<Timestamp>,
    /// Until when they may do nothing.
    pub suspended_until: Option<Timestamp>,
    /// One page of what was decided about them, newest first.
    pub statements: Vec<Told>,
    /// The token of the next page; empty on the last.
    pub next: String,
}

/// A decision, for the person concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The decision.
    pub decision: Decision,
    /// Why.
    pub statement: String,
    /// Until when it can be appealed, if it can be now.
    pub appeal_until: Option<Timestamp>,
    /// Until when it counts, if it does now.
    pub strike_until: Option<Timestamp>,
}

impl Service {
    /// How the actor stands, and why: one page of that.
    ///
    /// # Errors
    /// [`Error::Page`] for a token that was not handed out to this actor for this list.
    pub async fn standing(&self, actor: &Actor, size: PageSize, token: &str) -> Result<MyStanding, Error> {
        let now = self.clock.now();
        let list = format!("statements:{}", actor.user);
        let before = self.pager.cursor(&list, token)?.map(|cursor| cursor.id);
        let bounds = self.store.bounds(actor.user, now).await?;
        let decisions = self.store.statements(actor.user, before, size.lookahead()).await?;
        let page = Page::cut(decisions, size, |last| Cursor::at(last.id));
        let mut statements = Vec::with_capacity(page.items.len());
        for decision in page.items {
            statements.push(self.told_to(actor, decision, now).await?);
        }
        Ok(MyStanding {
            strikes: self.store.strikes(actor.user, now).await?,
            muted_until: bounds.muted_until,
            suspended_until: bounds.suspended_until,
            statements,
            next: self.pager.token(&list, page.next),
        })
    }

    /// Asks that somebody else decide again.
    ///
    /// # Errors
    /// [`Error::NoAppeal`].
    pub async fn appeal(&self, actor: &Actor, decision: Uuid, words: &str) -> Result<Told, Error> {
        let now = self.clock.now();
        let decision = self.store.decision(decision).await?.ok_or(NoAppeal::NotTheirs)?;
        policy::may_appeal(actor.user, &decision, now)?;
        let appealing = Appealing {
            decision: decision.id,
            user: actor.user,
            words: self.sealer.seal(Column::Appeal, decision.id, words)?,
            now,
            due: now.after(DUE),
        };
        let fact = Fact::CaseChanged { case: decision.case, change: CaseChange::Appealed };
        let event = Event::new(now, nobody(), fact, &*self.entropy);
        let appealed = self.store.appeal(&appealing, &[event]).await?.ok_or(NoAppeal::Again)?;
        self.told_to(actor, appealed, now).await
    }

    async fn told_to(&self, actor: &Actor, decision: Decision, now: Timestamp) -> Result<Told, Error> {
        let statement = self.sealer.open(Column::Statement, decision.id, &decision.statement)?;
        let open = decision.appeal.state == AppealState::None;
        let strikes = self.store.strike_ends(actor.user, now).await?;
        Ok(Told {
            statement,
            appeal_until: decision.appeal.until.filter(|until| open && *until > now),
            strike_until: strikes.get(&decision.id).copied(),
            decision,
        })
    }
}
