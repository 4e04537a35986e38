//! What people do to come in, to stay in, and to leave.
//!
//! | file | holds |
//! | --- | --- |
//! | `registering` | new accounts, and an address for an old one |
//! | `entering` | back in by password, by recovery code, by refresh token |
//! | `sessions` | the devices of an account, and how one leaves |

mod entering;
mod registering;
mod sessions;

use std::sync::Arc;

use kith_kernel::{
    Clock, Entropy, Event, AccountEvent, EventPayload, PageTokenCodec, PersonaId, SessionId, Timestamp, UserId,
    ports::{AccountDirectory, DataKey, FeatureFlags, FieldLocation, FieldEncryption},
};

pub use self::sessions::{Listed, list_name};
use crate::{
    Booth, Error, Keys, Passwords, RefreshKeys, Remembered,
    domain::{Credentials, Device, Digest, Email, Session},
    keys::Claims,
    refresh::RefreshToken,
    store::Store,
};

/// The use cases of auth.
pub struct Service {
    /// Where it is kept by what accounts are entered, and who is in.
    pub store: Arc<dyn Store>,
    /// Opens accounts and knows how they stand.
    pub accounts: Arc<dyn AccountDirectory>,
    pub flags: Arc<dyn FeatureFlags>,
    /// What addresses and names of devices are sealed with.
    pub vault: Arc<dyn FieldEncryption>,
    /// What passwords are hashed by.
    pub passwords: Arc<Passwords>,
    /// What access tokens are signed with.
    pub keys: Arc<Keys>,
    /// What refresh tokens are made with.
    pub refresh: Arc<RefreshKeys>,
    /// What was verified a moment ago. The same as the verifier's.
    pub remembered: Arc<Remembered>,
    /// Where tickets for sockets are made.
    pub booth: Arc<Booth>,
    /// What signs the tokens of pages.
    pub pager: Arc<PageTokenCodec>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What ids and secrets are made with.
    pub entropy: Arc<dyn Entropy>,
}

impl Service {
    fn email_index(&self, email: &Email) -> Digest {
        self.vault.blind_index("email", email.reveal())
    }

    /// A session that begins now, and its first refresh token.
    fn begin(
        &self,
        account: UserId,
        key: &DataKey,
        device: &Device,
        now: Timestamp,
    ) -> Result<(Session, RefreshToken), Error> {
        let id = SessionId::new(now, &*self.entropy);
        let token = self.refresh.mint(id);
        let sealed = self.vault.seal(key, &place_of_device(id, account), device.name().as_bytes())?;
        Ok((Session::begin(id, account, sealed, token.digest(), now), token))
    }

    /// What the device of a session keeps from now on.
    fn credentials(
        &self,
        session: &Session,
        token: &RefreshToken,
        persona: PersonaId,
        now: Timestamp,
    ) -> Result<Credentials, Error> {
        let expires_at = Keys::expiry(now, session.expires_at);
        let claims =
            Claims { user: session.account, session: session.id, persona, generation: session.generation, expires_at };
        let mut unique = [0; 16];
        self.entropy.fill(&mut unique);
        Ok(Credentials {
            access: self.keys.sign(&claims, unique, now)?,
            access_expires_at: expires_at,
            refresh: token.text(),
            refresh_expires_at: session.expires_at,
            session: session.id,
        })
    }

    fn revoked(&self, user: UserId, session: SessionId, now: Timestamp) -> Event {
        Event::new(now, user, EventPayload::Account(AccountEvent::SessionRevoked { user, session }), &*self.entropy)
    }
}

const fn place_of_device(session: SessionId, owner: UserId) -> FieldLocation {
    FieldLocation { table: "sessions", column: "device", row: session.uuid(), owner: owner.uuid() }
}

const fn place_of_email(owner: UserId) -> FieldLocation {
    FieldLocation { table: "email_credentials", column: "email", row: owner.uuid(), owner: owner.uuid() }
}
