//! Back in: by password, by recovery code, by refresh token.

use std::time::Duration;

use kith_kernel::{
    EventId, Timestamp, UserId,
    audit::{self, AuditAction},
};

use super::Service;
use crate::{
    Error,
    domain::{Credentials, Device, Email, LIVE_AT_MOST, Password, RecoveryCode, Retry, Session},
    passwords::Verdict,
    policy::{Worth, worth},
    refresh::RefreshToken,
};

impl Service {
    /// Begins a session for whoever knows address and password. Whatever is wrong, the answer is the same, after the
    /// same work. Each attempt is counted as failed before it is looked at, so that of many at once none gets by.
    ///
    /// # Errors
    /// [`Error::CredentialsWrong`], [`Error::TooManyAttempts`], [`Error::Busy`].
    pub async fn login(&self, email: &str, password: &Password, device: &Device) -> Result<Credentials, Error> {
        let index = self.vault.blind_index("email", &Email::normal(email));
        let (account, known) = match self.store.by_email(&index).await? {
            Some(entry) => (Some(entry.account), Some(entry.password)),
            None => (None, None),
        };
        // Who finds no core free has tried nothing, so it is not counted.
        let (turn, now) = (self.passwords.turn().await?, self.clock.now());
        if let Some(opens_at) = self.store.attempt(&index, now).await? {
            return Err(Error::TooManyAttempts(between(now, opens_at)));
        }
        let verdict = self.passwords.verify(turn, password, known.clone()).await?;
        let account = account.ok_or(Error::CredentialsWrong)?;
        match (verdict, known) {
            (Verdict::Wrong, _) | (_, None) => return Err(Error::CredentialsWrong),
            (Verdict::Right, Some(_)) => {}
            (Verdict::Outdated(hash), Some(former)) => {
                self.store.rehash(account, &former, &hash).await?;
            }
        }
        self.store.entered(&index).await?;
        self.enter(account, device).await
    }

    /// Begins a session for whoever knows a recovery code.
    ///
    /// # Errors
    /// [`Error::CredentialsWrong`].
    pub async fn login_with_recovery_code(&self, typed: &str, device: &Device) -> Result<Credentials, Error> {
        let code = RecoveryCode::read(typed).ok_or(Error::CredentialsWrong)?;
        let recovery = self.vault.blind_index("recovery", code.reveal());
        let account = self.store.by_recovery(&recovery).await?.ok_or(Error::CredentialsWrong)?;
        self.enter(account, device).await
    }

    /// Trades a refresh token. A retry gets the same successor while that is unused; any other second use ends the
    /// session.
    ///
    /// # Errors
    /// [`Error::TokenInvalid`] for one that was not made here, which changes nothing; [`Error::SessionEnded`].
    pub async fn refresh(&self, text: &str) -> Result<Credentials, Error> {
        let token = self.refresh.read(text).ok_or(Error::TokenInvalid)?;
        let (digest, now) = (token.digest(), self.clock.now());
        // Of those who trade a token at once, one does; the second look of the others finds it traded.
        for _ in 0..2 {
            let session = self.store.session(token.session()).await?.ok_or(Error::SessionEnded)?;
            match worth(&session, &digest, now) {
                Worth::Nothing => return Err(Error::SessionEnded),
                Worth::Stolen => return Err(self.stolen(&session, now).await?),
                Worth::Again(retry) => return self.again(&session, &token, retry, now).await,
                Worth::Trade => {
                    if let Some(credentials) = self.trade(session, &token, now).await? {
                        return Ok(credentials);
                    }
                }
            }
        }
        Err(Error::SessionEnded)
    }

    async fn enter(&self, account: UserId, device: &Device) -> Result<Credentials, Error> {
        let now = self.clock.now();
        let state = self.accounts.status(account).await?.ok_or(Error::CredentialsWrong)?;
        let key = self.store.data_key(account).await?.ok_or(Error::CredentialsWrong)?;
        let (session, token) = self.begin(account, &key, device, now)?;
        let revoked = |id| self.revoked(account, id, now);
        for ended in self.store.open(&session, LIVE_AT_MOST, &revoked).await? {
            self.remembered.end(ended);
        }
        self.credentials(&session, &token, state.persona, now)
    }

    /// `None` if somebody else was faster.
    async fn trade(
        &self,
        session: Session,
        token: &RefreshToken,
        now: Timestamp,
    ) -> Result<Option<Credentials>, Error> {
        let state = self.accounts.status(session.account).await?.ok_or(Error::SessionEnded)?;
        let successor = self.refresh.mint(session.id);
        let sealed = self.refresh.seal(token, &successor)?;
        let traded = session.traded(successor.digest(), sealed, now);
        let credentials = self.credentials(&traded, &successor, state.persona, now)?;
        Ok(self.store.trade(&traded).await?.then_some(credentials))
    }

    async fn again(
        &self,
        session: &Session,
        token: &RefreshToken,
        retry: &Retry,
        now: Timestamp,
    ) -> Result<Credentials, Error> {
        let state = self.accounts.status(session.account).await?.ok_or(Error::SessionEnded)?;
        let successor = self.refresh.open(token, &retry.successor)?;
        self.credentials(session, &successor, state.persona, now)
    }

    /// Two have the token, and nobody can tell which of them is the owner: it ends for both.
    async fn stolen(&self, session: &Session, now: Timestamp) -> Result<Error, Error> {
        let revoked = self.revoked(session.account, session.id, now);
        let entry = audit::AuditEntry {
            id: EventId::new(now, &*self.entropy),
            at: now,
            actor: session.account,
            session: Some(session.id),
            action: AuditAction::TokenReused,
            subject: format!("session:{}", session.id),
            detail: String::new(),
        };
        if self.store.end(session.id, session.account, now, &[revoked], &[entry]).await? {
            tracing::warn!(session = %session.id, "a refresh token came a second time, and its session was ended");
        }
        self.remembered.end(session.id);
        Ok(Error::SessionEnded)
    }
}

/// How long it is from one moment to a later one.
fn between(now: Timestamp, later: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(later.millis().saturating_sub(now.millis())).unwrap_or(0))
}
