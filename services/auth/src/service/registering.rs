//! New accounts, and an address for an old one.

use kith_kernel::{
    Actor, PortError, ErrorKind, UserId,
    ports::{DataKey, Feature, FlagSubject, NewAccount},
};
use kith_storage::StoreError;
use uuid::Uuid;

use super::{Service, place_of_email};
use crate::{
    Error,
    domain::{Appearance, Credentials, Device, Email, NewPassword, RecoveryCode, Welcome},
    store::{Enrolment, Entrance},
};

impl Service {
    /// Opens an account that nothing enters but its recovery code. `claimed` is the id that the call has claimed, if it
    /// may be repeated: the repetition finishes what was begun.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`], [`Error::HandleTaken`], [`Error::HandleInvalid`].
    pub async fn register_anonymous(
        &self,
        claimed: Option<Uuid>,
        appearance: Appearance,
        device: &Device,
    ) -> Result<Welcome, Error> {
        self.flags.require(Feature::Registration, FlagSubject::Anonymous).await?;
        let user = self.newcomer(claimed);
        let key = self.vault.new_data_key()?;
        self.register(claimed, user, key, None, appearance, device).await
    }

    /// Opens an account that an address and a password enter. What can be refused here is refused before the handle is
    /// taken.
    ///
    /// # Errors
    /// [`Error::FeatureDisabled`], [`Error::EmailTaken`], [`Error::HandleTaken`], [`Error::HandleInvalid`], [`Error::Busy`].
    pub async fn register_with_email(
        &self,
        claimed: Option<Uuid>,
        email: &Email,
        password: &NewPassword,
        appearance: Appearance,
        device: &Device,
    ) -> Result<Welcome, Error> {
        self.flags.require(Feature::Registration, FlagSubject::Anonymous).await?;
        let user = self.newcomer(claimed);
        let owner = self.store.by_email(&self.email_index(email)).await?;
        if owner.is_some_and(|owner| owner.account != user) {
            return Err(Error::EmailTaken);
        }
        let key = self.vault.new_data_key()?;
        let entrance = self.entrance(user, &key, email, password).await?;
        self.register(claimed, user, key, Some(entrance), appearance, device).await
    }

    /// Gives the actor's account an address and a password.
    ///
    /// # Errors
    /// [`Error::AlreadyRegistered`] if it has some, [`Error::EmailTaken`], [`Error::Busy`].
    pub async fn upgrade(&self, actor: &Actor, email: &Email, password: &NewPassword) -> Result<(), Error> {
        if self.store.has_email(actor.user).await? {
            return Err(Error::AlreadyRegistered);
        }
        if self.store.by_email(&self.email_index(email)).await?.is_some() {
            return Err(Error::EmailTaken);
        }
        let key = self.store.data_key(actor.user).await?.ok_or(Error::SessionEnded)?;
        let entrance = self.entrance(actor.user, &key, email, password).await?;
        match self.store.upgrade(actor.user, &entrance).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::AlreadyRegistered),
            Err(error) => Err(taken(error)),
        }
    }

    async fn register(
        &self,
        claimed: Option<Uuid>,
        user: UserId,
        data_key: DataKey,
        entrance: Option<Entrance>,
        appearance: Appearance,
        device: &Device,
    ) -> Result<Welcome, Error> {
        let account = NewAccount { user, handle: appearance.handle, avatar: appearance.avatar };
        let persona = self.accounts.create(&account).await.map_err(not_opened)?;
        let (now, code) = (self.clock.now(), RecoveryCode::new(&*self.entropy));
        let recovery = self.vault.blind_index("recovery", code.reveal());
        let (session, token) = self.begin(user, &data_key, device, now)?;
        let credentials = self.credentials(&session, &token, persona.id, now)?;
        let enrolment = Enrolment { account: user, data_key, recovery, entrance, created_at: now };
        match self.store.enroll(&enrolment, &session).await {
            Ok(()) => Ok(Welcome { persona, credentials, recovery: code }),
            Err(StoreError::UniqueViolation(key)) if key == "owner" && claimed.is_some() => {
                let (credentials, recovery) = self.enroll_again(&enrolment, device).await?;
                Ok(Welcome { persona, credentials, recovery })
            }
            Err(error) => Err(taken(error)),
        }
    }

    /// The call was repeated after all was done and nobody was told: what it would have shown cannot be shown again, so
    /// there is a new code, and a new session in place of the one that nobody has.
    async fn enroll_again(&self, enrolment: &Enrolment, device: &Device) -> Result<(Credentials, RecoveryCode), Error> {
        let (user, now) = (enrolment.account, self.clock.now());
        let state = self.accounts.status(user).await?.ok_or(Error::SessionEnded)?;
        let key = self.store.data_key(user).await?.ok_or(Error::SessionEnded)?;
        let code = RecoveryCode::new(&*self.entropy);
        let recovery = self.vault.blind_index("recovery", code.reveal());
        let (session, token) = self.begin(user, &key, device, now)?;
        let email_index = enrolment.entrance.as_ref().map(|entrance| &entrance.email_index);
        let revoked = |id| self.revoked(user, id, now);
        if !self.store.enroll_again(&recovery, email_index, &session, &revoked).await? {
            return Err(Error::AlreadyRegistered);
        }
        Ok((self.credentials(&session, &token, state.persona, now)?, code))
    }

    async fn entrance(
        &self,
        user: UserId,
        key: &DataKey,
        email: &Email,
        password: &NewPassword,
    ) -> Result<Entrance, Error> {
        let password = self.passwords.hash(password.password()).await?;
        let sealed = self.vault.seal(key, &place_of_email(user), email.reveal().as_bytes())?;
        Ok(Entrance { email: sealed, email_index: self.email_index(email), password })
    }

    fn newcomer(&self, claimed: Option<Uuid>) -> UserId {
        claimed.map_or_else(|| UserId::new(self.clock.now(), &*self.entropy), UserId::from_uuid)
    }
}

/// Two came with one address at once, and the other was faster.
fn taken(error: StoreError) -> Error {
    let by_address = matches!(&error, StoreError::UniqueViolation(key) if key == "email_index");
    if by_address { Error::EmailTaken } else { Error::Store(error) }
}

fn not_opened(failure: PortError) -> Error {
    match failure.kind() {
        ErrorKind::AlreadyExists => Error::HandleTaken,
        ErrorKind::InvalidArgument => Error::HandleInvalid,
        ErrorKind::Unauthenticated
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::FailedPrecondition
        | ErrorKind::Aborted
        | ErrorKind::ResourceExhausted
        | ErrorKind::DeadlineExceeded
        | ErrorKind::Unimplemented
        | ErrorKind::Unavailable
        | ErrorKind::Internal => Error::Port(failure),
    }
}
