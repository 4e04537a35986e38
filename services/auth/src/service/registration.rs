//! New accounts, and the upgrade of anonymous ones.

use kith_kernel::{
    Actor, ErrorKind, PortError, UserId,
    ports::{DataKey, Feature, FlagSubject, NewAccount},
};
use kith_storage::StoreError;
use uuid::Uuid;

use super::{Service, email_location};
use crate::{
    Error,
    domain::{Credentials, Device, Email, NewPassword, ProfileInput, RecoveryCode, Registration},
    store::{EmailCredentials, NewCredentials},
};

impl Service {
    /// Registers an account whose only credential is its recovery code. `claimed_id` is the id claimed by an
    /// idempotency key: a repeated call with the same id completes the registration of the first call.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`], [`Error::HandleTaken`], [`Error::InvalidHandle`].
    pub async fn register_anonymous(
        &self,
        claimed_id: Option<Uuid>,
        profile: ProfileInput,
        device: &Device,
    ) -> Result<Registration, Error> {
        self.flags.require(Feature::Registration, FlagSubject::Anonymous).await?;
        let user = self.new_account_id(claimed_id);
        let key = self.encryption.new_data_key()?;
        self.register(claimed_id, user, key, None, profile, device).await
    }

    /// Registers an account with an e-mail address and a password. Errors of address and password are reported before
    /// the handle is reserved. See [`register_anonymous`](Self::register_anonymous) for `claimed_id`.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`], [`Error::EmailTaken`], [`Error::HandleTaken`], [`Error::InvalidHandle`],
    /// [`Error::LoginOverloaded`].
    pub async fn register_with_email(
        &self,
        claimed_id: Option<Uuid>,
        email: &Email,
        password: &NewPassword,
        profile: ProfileInput,
        device: &Device,
    ) -> Result<Registration, Error> {
        self.flags.require(Feature::Registration, FlagSubject::Anonymous).await?;
        let user = self.new_account_id(claimed_id);
        let owner = self.store.find_by_email_index(&self.email_index(email)).await?;
        if owner.is_some_and(|owner| owner.account != user) {
            return Err(Error::EmailTaken);
        }
        let key = self.encryption.new_data_key()?;
        let credentials = self.email_credentials(user, &key, email, password).await?;
        self.register(claimed_id, user, key, Some(credentials), profile, device).await
    }

    /// Adds an e-mail address and a password to the actor's anonymous account.
    ///
    /// # Errors
    /// [`Error::AlreadyRegistered`] if the account has an address, [`Error::EmailTaken`], [`Error::LoginOverloaded`].
    pub async fn upgrade(&self, actor: &Actor, email: &Email, password: &NewPassword) -> Result<(), Error> {
        if self.store.has_email(actor.user).await? {
            return Err(Error::AlreadyRegistered);
        }
        if self.store.find_by_email_index(&self.email_index(email)).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let key = self.store.data_key(actor.user).await?.ok_or(Error::SessionEnded)?;
        let credentials = self.email_credentials(actor.user, &key, email, password).await?;
        match self.store.upgrade(actor.user, &credentials).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::AlreadyRegistered),
            Err(error) => Err(email_taken_or_store(error)),
        }
    }

    async fn register(
        &self,
        claimed_id: Option<Uuid>,
        user: UserId,
        data_key: DataKey,
        email: Option<EmailCredentials>,
        profile: ProfileInput,
        device: &Device,
    ) -> Result<Registration, Error> {
        let account = NewAccount { user, handle: profile.handle, avatar: profile.avatar };
        let persona = self.accounts.create(&account).await.map_err(registration_error)?;
        let (now, code) = (self.clock.now(), RecoveryCode::random(&*self.entropy));
        let recovery_digest = self.encryption.blind_index("recovery", code.expose());
        let (session, token) = self.new_session(user, &data_key, device, now)?;
        let credentials = self.credentials(&session, &token, persona.id, now)?;
        let new = NewCredentials { account: user, data_key, recovery_digest, email, created_at: now };
        match self.store.enroll(&new, &session).await {
            Ok(()) => Ok(Registration { persona, credentials, recovery_code: code }),
            Err(StoreError::UniqueViolation(key)) if key == "owner" && claimed_id.is_some() => {
                let (credentials, recovery_code) = self.enroll_retry(&new, device).await?;
                Ok(Registration { persona, credentials, recovery_code })
            }
            Err(error) => Err(email_taken_or_store(error)),
        }
    }

    /// Completes a registration whose response was lost. The recovery code and the tokens of the first call are not
    /// stored and cannot be returned again, so both are replaced.
    async fn enroll_retry(&self, new: &NewCredentials, device: &Device) -> Result<(Credentials, RecoveryCode), Error> {
        let (user, now) = (new.account, self.clock.now());
        let account = self.accounts.status(user).await?.ok_or(Error::SessionEnded)?;
        let key = self.store.data_key(user).await?.ok_or(Error::SessionEnded)?;
        let code = RecoveryCode::random(&*self.entropy);
        let recovery_digest = self.encryption.blind_index("recovery", code.expose());
        let (session, token) = self.new_session(user, &key, device, now)?;
        let email_index = new.email.as_ref().map(|email| &email.email_index);
        let event_for = |id| self.revocation_event(user, id, now);
        if !self.store.enroll_retry(&recovery_digest, email_index, &session, &event_for).await? {
            return Err(Error::AlreadyRegistered);
        }
        Ok((self.credentials(&session, &token, account.persona, now)?, code))
    }

    async fn email_credentials(
        &self,
        user: UserId,
        key: &DataKey,
        email: &Email,
        password: &NewPassword,
    ) -> Result<EmailCredentials, Error> {
        let password_hash = self.passwords.hash(password.password()).await?;
        let encrypted_email = self.encryption.seal(key, &email_location(user), email.expose().as_bytes())?;
        Ok(EmailCredentials { encrypted_email, email_index: self.email_index(email), password_hash })
    }

    fn new_account_id(&self, claimed_id: Option<Uuid>) -> UserId {
        claimed_id.map_or_else(|| UserId::new(self.clock.now(), &*self.entropy), UserId::from_uuid)
    }
}

/// Converts the unique violation of a concurrent registration with the same address.
fn email_taken_or_store(error: StoreError) -> Error {
    let is_email = matches!(&error, StoreError::UniqueViolation(key) if key == "email_index");
    if is_email { Error::EmailTaken } else { Error::Store(error) }
}

fn registration_error(error: PortError) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => Error::HandleTaken,
        ErrorKind::InvalidArgument => Error::InvalidHandle,
        ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::FailedPrecondition
        | ErrorKind::Aborted
        | ErrorKind::ResourceExhausted
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unimplemented
        | ErrorKind::Unavailable
        | ErrorKind::Internal => Error::Port(error),
    }
}
