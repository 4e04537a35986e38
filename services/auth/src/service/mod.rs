//! Use cases of auth.
//!
//! | file | contents |
//! | --- | --- |
//! | `login` | login with password or recovery code, and token refresh |
//! | `registration` | new accounts, and the upgrade of anonymous ones |
//! | `sessions` | list and revocation of sessions |

mod login;
mod registration;
mod sessions;

use std::sync::Arc;

use kith_kernel::{
    AccountEvent, Clock, Entropy, Event, EventPayload, PersonaId, SessionId, Timestamp, UserId,
    ports::{AccountDirectory, DataKey, FeatureFlags, FieldEncryption, FieldLocation},
};

pub use self::sessions::SessionView;
use crate::{
    AuthCache, Error, PasswordHasher, RefreshKeys, TokenKeys,
    domain::{Credentials, Device, Digest, Email, Session},
    keys::Claims,
    refresh::RefreshToken,
    store::Store,
};

/// Use cases of auth.
pub struct Service {
    pub store: Arc<dyn Store>,
    pub accounts: Arc<dyn AccountDirectory>,
    pub flags: Arc<dyn FeatureFlags>,
    /// Encrypts e-mail addresses and device names.
    pub encryption: Arc<dyn FieldEncryption>,
    pub passwords: Arc<PasswordHasher>,
    pub token_keys: Arc<TokenKeys>,
    pub refresh_keys: Arc<RefreshKeys>,
    /// The same cache as that of the verifier.
    pub cache: Arc<AuthCache>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Service {
    fn email_index(&self, email: &Email) -> Digest {
        self.encryption.blind_index("email", email.expose())
    }

    /// Creates a session that starts at `now`, and its first refresh token.
    fn new_session(
        &self,
        account: UserId,
        key: &DataKey,
        device: &Device,
        now: Timestamp,
    ) -> Result<(Session, RefreshToken), Error> {
        let id = SessionId::new(now, &*self.entropy);
        let token = self.refresh_keys.issue(id);
        let encrypted = self.encryption.seal(key, &device_location(id, account), device.name().as_bytes())?;
        Ok((Session::new(id, account, encrypted, token.digest(), now), token))
    }

    /// Issues the tokens of a session.
    fn credentials(
        &self,
        session: &Session,
        token: &RefreshToken,
        persona: PersonaId,
        now: Timestamp,
    ) -> Result<Credentials, Error> {
        let expires_at = TokenKeys::expiry(now, session.expires_at);
        let claims =
            Claims { user: session.account, session: session.id, persona, generation: session.generation, expires_at };
        let mut token_id = [0; 16];
        self.entropy.fill(&mut token_id);
        Ok(Credentials {
            access: self.token_keys.sign(&claims, token_id, now)?,
            access_expires_at: expires_at,
            refresh: token.encode(),
            refresh_expires_at: session.expires_at,
            session: session.id,
        })
    }

    fn revocation_event(&self, user: UserId, session: SessionId, now: Timestamp) -> Event {
        Event::new(now, user, EventPayload::Account(AccountEvent::SessionRevoked { user, session }), &*self.entropy)
    }
}

const fn device_location(session: SessionId, owner: UserId) -> FieldLocation {
    FieldLocation { table: "sessions", column: "device", row: session.uuid(), owner: owner.uuid() }
}

const fn email_location(owner: UserId) -> FieldLocation {
    FieldLocation { table: "email_credentials", column: "email", row: owner.uuid(), owner: owner.uuid() }
}
