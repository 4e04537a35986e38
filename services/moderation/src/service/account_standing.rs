//! Account standing of the caller, statements of reasons and appeals.

use kith_kernel::{Actor, Cursor, Page, PageSize, Timestamp, event::CaseChange};
use uuid::Uuid;

use super::Service;
use crate::{
    Error,
    domain::{AppealState, Decision},
    evidence_cipher::SealedColumn,
    policy::{self, AppealError},
    store::CaseChanges,
};

/// Strikes, restrictions and statements of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStanding {
    /// Weight of the active strikes.
    pub strikes: u32,
    /// End of a mute. A muted account can write only SOS posts.
    pub muted_until: Option<Timestamp>,
    pub suspended_until: Option<Timestamp>,
    /// One page of statements, newest first.
    pub statements: Vec<Statement>,
    /// Token of the next page; empty on the last page.
    pub next_page_token: String,
}

/// Statement of reasons: a decision as the affected account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub decision: Decision,
    /// Reasons, decrypted.
    pub statement: String,
    /// Deadline for an appeal, if the decision can be appealed now.
    pub appeal_deadline: Option<Timestamp>,
    /// Expiry of the strike, if it counts now.
    pub strike_expires_at: Option<Timestamp>,
}

impl Service {
    /// Returns the account standing of the actor with one page of statements.
    ///
    /// # Errors
    /// [`Error::Pagination`] for a token that was not issued to this actor for this list.
    pub async fn account_standing(&self, actor: &Actor, size: PageSize, token: &str) -> Result<AccountStanding, Error> {
        let now = self.clock.now();
        let list = format!("statements:{}", actor.user);
        let before = self.page_tokens.cursor(&list, token)?.map(|cursor| cursor.id);
        let restrictions = self.store.restrictions(actor.user, now).await?;
        let decisions = self.store.statements(actor.user, before, size.lookahead()).await?;
        let page = Page::from_lookahead(decisions, size, |last| Cursor::at(last.id));
        let mut statements = Vec::with_capacity(page.items.len());
        for decision in page.items {
            statements.push(self.statement_for(actor, decision, now).await?);
        }
        Ok(AccountStanding {
            strikes: self.store.active_strike_weight(actor.user, now).await?,
            muted_until: restrictions.muted_until,
            suspended_until: restrictions.suspended_until,
            statements,
            next_page_token: self.page_tokens.token(&list, page.next),
        })
    }

    /// Appeals a decision. A staff member other than the decider decides on it.
    ///
    /// # Errors
    /// [`Error::Appeal`].
    pub async fn appeal(&self, actor: &Actor, decision: Uuid, text: &str) -> Result<Statement, Error> {
        let now = self.clock.now();
        let decision = self.store.decision(decision).await?.ok_or(AppealError::NotYours)?;
        let text = self.cipher.seal(SealedColumn::AppealText, decision.id, text)?;
        let locked = self.store.lock_case(decision.case).await?.ok_or(AppealError::NotYours)?;
        let context = &locked.state;
        let decision = context.decisions.iter().find(|it| it.id == decision.id).ok_or(AppealError::NotYours)?;
        let (case, appealed) = policy::appeal(actor.user, &context.case, decision, text, now)?;
        let events = vec![self.case_changed(&case, CaseChange::Appealed)];
        let changes = CaseChanges { appealed: Some(appealed.clone()), events, ..CaseChanges::new(case) };
        locked.save(&changes).await?;
        self.statement_for(actor, appealed, now).await
    }

    async fn statement_for(&self, actor: &Actor, decision: Decision, now: Timestamp) -> Result<Statement, Error> {
        let statement = self.cipher.open(SealedColumn::Statement, decision.id, &decision.statement)?;
        let open = decision.appeal.state == AppealState::None;
        let strikes = self.store.strike_expirations(actor.user, now).await?;
        Ok(Statement {
            statement,
            appeal_deadline: decision.appeal.until.filter(|until| open && *until > now),
            strike_expires_at: strikes.get(&decision.id).copied(),
            decision,
        })
    }
}
