//! Login with password or recovery code, and token refresh.

use std::time::Duration;

use kith_kernel::{
    EventId, Timestamp, UserId,
    audit::{self, AuditAction},
};

use super::Service;
use crate::{
    Error,
    domain::{Credentials, Device, Email, MAX_SESSIONS, Password, PendingRetry, RecoveryCode, Session},
    passwords::PasswordCheck,
    policy::{RefreshDecision, decide_refresh},
    refresh::RefreshToken,
};

impl Service {
    /// Starts a session if address and password match. An unknown address and a wrong password cause the same error
    /// after the same amount of work. Each attempt is counted as failed before the password is compared, so that
    /// concurrent attempts cannot exceed the limit.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`], [`Error::TooManyAttempts`], [`Error::LoginOverloaded`].
    pub async fn login(&self, email: &str, password: &Password, device: &Device) -> Result<Credentials, Error> {
        let index = self.encryption.blind_index("email", &Email::normalized(email));
        let (account, stored_hash) = match self.store.find_by_email_index(&index).await? {
            Some(record) => (Some(record.account), Some(record.password_hash)),
            None => (None, None),
        };
        // The permit is acquired first: an attempt that is rejected for lack of capacity is not counted as failed.
        let (permit, now) = (self.passwords.acquire().await?, self.clock.now());
        if let Some(permitted_at) = self.store.record_attempt(&index, now).await? {
            return Err(Error::TooManyAttempts(remaining(now, permitted_at)));
        }
        let check = self.passwords.verify(permit, password, stored_hash.clone()).await?;
        let account = account.ok_or(Error::InvalidCredentials)?;
        match (check, stored_hash) {
            (PasswordCheck::Mismatch, _) | (_, None) => return Err(Error::InvalidCredentials),
            (PasswordCheck::Match, Some(_)) => {}
            (PasswordCheck::Outdated(hash), Some(previous)) => {
                self.store.update_hash(account, &previous, &hash).await?;
            }
        }
        self.store.clear_attempts(&index).await?;
        self.start_session(account, device).await
    }

    /// Starts a session if the recovery code belongs to an account.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`].
    pub async fn login_with_recovery_code(&self, typed: &str, device: &Device) -> Result<Credentials, Error> {
        let code = RecoveryCode::parse(typed).ok_or(Error::InvalidCredentials)?;
        let recovery_digest = self.encryption.blind_index("recovery", code.expose());
        let account = self.store.find_by_recovery_digest(&recovery_digest).await?.ok_or(Error::InvalidCredentials)?;
        self.start_session(account, device).await
    }

    /// Exchanges a refresh token for new credentials. A repeated call returns the same successor until the successor or
    /// its access token is used. After that, the call is treated as token theft and revokes the session.
    ///
    /// # Errors
    /// [`Error::InvalidRefreshToken`] for a token that this server did not issue, without any effect;
    /// [`Error::SessionEnded`].
    pub async fn refresh(&self, text: &str) -> Result<Credentials, Error> {
        let token = self.refresh_keys.parse(text).ok_or(Error::InvalidRefreshToken)?;
        let (digest, now) = (token.digest(), self.clock.now());
        // Of several concurrent calls with one token, one rotates it. The others find it rotated in the second
        // iteration.
        for _ in 0..2 {
            let session = self.store.find_session(token.session()).await?.ok_or(Error::SessionEnded)?;
            match decide_refresh(&session, &digest, now) {
                RefreshDecision::Invalid => return Err(Error::SessionEnded),
                RefreshDecision::ReuseDetected => return Err(self.revoke_for_reuse(&session, now).await?),
                RefreshDecision::Replay(retry) => return self.replay_successor(&session, &token, retry, now).await,
                RefreshDecision::Rotate => {
                    if let Some(credentials) = self.rotate(session, &token, now).await? {
                        return Ok(credentials);
                    }
                }
            }
        }
        Err(Error::SessionEnded)
    }

    async fn start_session(&self, account: UserId, device: &Device) -> Result<Credentials, Error> {
        let now = self.clock.now();
        let status = self.accounts.status(account).await?.ok_or(Error::InvalidCredentials)?;
        let key = self.store.data_key(account).await?.ok_or(Error::InvalidCredentials)?;
        let (session, token) = self.new_session(account, &key, device, now)?;
        let event_for = |id| self.revocation_event(account, id, now);
        for ended in self.store.create_session(&session, MAX_SESSIONS, &event_for).await? {
            self.cache.mark_ended(ended);
        }
        self.credentials(&session, &token, status.persona, now)
    }

    /// Rotates the token. Returns `None` if a concurrent call has rotated it.
    async fn rotate(
        &self,
        session: Session,
        token: &RefreshToken,
        now: Timestamp,
    ) -> Result<Option<Credentials>, Error> {
        let account = self.accounts.status(session.account).await?.ok_or(Error::SessionEnded)?;
        let successor = self.refresh_keys.issue(session.id);
        let encrypted = self.refresh_keys.seal_successor(token, &successor)?;
        let rotated = session.rotated(successor.digest(), encrypted, now);
        let credentials = self.credentials(&rotated, &successor, account.persona, now)?;
        Ok(self.store.rotate(&rotated).await?.then_some(credentials))
    }

    async fn replay_successor(
        &self,
        session: &Session,
        token: &RefreshToken,
        retry: &PendingRetry,
        now: Timestamp,
    ) -> Result<Credentials, Error> {
        let account = self.accounts.status(session.account).await?.ok_or(Error::SessionEnded)?;
        let successor = self.refresh_keys.open_successor(token, &retry.encrypted_successor)?;
        self.credentials(session, &successor, account.persona, now)
    }

    /// Revokes the session. Two clients have the token and the owner cannot be told from the thief, so both are logged
    /// out.
    async fn revoke_for_reuse(&self, session: &Session, now: Timestamp) -> Result<Error, Error> {
        let event = self.revocation_event(session.account, session.id, now);
        let entry = audit::AuditEntry {
            id: EventId::new(now, &*self.entropy),
            at: now,
            actor: session.account,
            session: Some(session.id),
            action: AuditAction::TokenReused,
            subject: format!("session:{}", session.id),
            detail: String::new(),
        };
        if self.store.end_session(session.id, session.account, now, &[event], &[entry]).await? {
            tracing::warn!(session = %session.id, "refresh token reuse detected, session revoked");
        }
        self.cache.mark_ended(session.id);
        Ok(Error::SessionEnded)
    }
}

/// Returns the time from `now` until `later`.
fn remaining(now: Timestamp, later: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(later.millis().saturating_sub(now.millis())).unwrap_or(0))
}
