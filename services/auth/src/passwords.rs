//! Password hashing with Argon2id: 19 MiB, two passes, one lane (first recommendation of the OWASP Password Storage
//! Cheat Sheet). The number of concurrent operations is limited, which bounds memory and CPU time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{Error as HashError, phc::PasswordHash},
};
use kith_kernel::Entropy;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use crate::{Error, domain::Password};

/// Maximum wait for a permit. A client that would wait longer is asked to retry.
const PERMIT_TIMEOUT: Duration = Duration::from_millis(100);

/// Hash that no password matches. It is compared if the account does not exist, so that both cases take the same time.
const DUMMY_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$a2l0aC1uby1hY2NvdW50$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and verifies passwords on blocking threads, with bounded concurrency.
pub struct PasswordHasher {
    permits: Arc<Semaphore>,
    operations: AtomicU64,
    entropy: Arc<dyn Entropy>,
}

/// Permit for one hash or comparison.
pub struct HashPermit(OwnedSemaphorePermit);

/// Result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password is wrong, or there is no hash to compare with.
    Mismatch,
    Match,
    /// The password is right, but its hash uses old parameters. Carries a new hash.
    Outdated(String),
}

impl PasswordHasher {
    /// Creates a hasher with this number of permits, usually one per CPU core.
    #[must_use]
    pub fn new(permits: usize, entropy: Arc<dyn Entropy>) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), operations: AtomicU64::new(0), entropy }
    }

    /// Returns the number of hashes and comparisons so far. Tests use it to prove that every failed login costs the
    /// same.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations.load(Ordering::Relaxed)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// [`Error::LoginOverloaded`] if no permit becomes free in time.
    pub async fn acquire(&self) -> Result<HashPermit, Error> {
        let permit = timeout(PERMIT_TIMEOUT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Error::LoginOverloaded)?;
        permit.map(HashPermit).map_err(|_| Error::Crypto("semaphore of password hashing is closed"))
    }

    /// Returns the hash of a password as a PHC string.
    ///
    /// # Errors
    /// [`Error::LoginOverloaded`] if no permit is available.
    pub async fn hash(&self, password: &Password) -> Result<String, Error> {
        let (password, salt) = (password.clone(), self.salt());
        self.run(self.acquire().await?, move || hash(&password, &salt)).await?
    }

    /// Compares a password with a hash. Without a hash the result is a mismatch, after the same time.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the hash is corrupt or hashing fails.
    pub async fn verify(
        &self,
        permit: HashPermit,
        password: &Password,
        hash: Option<String>,
    ) -> Result<PasswordCheck, Error> {
        let (password, salt) = (password.clone(), self.salt());
        let expected = hash.unwrap_or_else(|| DUMMY_HASH.to_owned());
        self.run(permit, move || compare(&password, &expected, &salt)).await?
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        salt
    }

    async fn run<T: Send + 'static>(
        &self,
        permit: HashPermit,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.operations.fetch_add(1, Ordering::Relaxed);
        // The permit is moved into the blocking task: cancelling the request does not stop the hashing.
        let HashPermit(permit) = permit;
        let task = spawn_blocking(move || {
            let _permit = permit;
            job()
        });
        task.await.map_err(|_| Error::Crypto("password hashing task failed"))
    }
}

fn argon2() -> Argon2<'static> {
    // 19,456 KiB, two passes, one lane. A test checks the defaults of the library.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hash(password: &Password, salt: &[u8; 16]) -> Result<String, Error> {
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(password.expose(), salt)
        .map_err(|_| Error::Crypto("failed to hash password"))?;
    Ok(hash.to_string())
}

fn compare(password: &Password, expected: &str, salt: &[u8; 16]) -> Result<PasswordCheck, Error> {
    const CORRUPT: Error = Error::Crypto("stored password hash is corrupt");
    let expected = PasswordHash::new(expected).map_err(|_| CORRUPT)?;
    match argon2().verify_password(password.expose(), &expected) {
        Ok(()) if is_current(&expected) => Ok(PasswordCheck::Match),
        Ok(()) => Ok(PasswordCheck::Outdated(hash(password, salt)?)),
        Err(HashError::PasswordInvalid) => Ok(PasswordCheck::Mismatch),
        Err(_) => Err(CORRUPT),
    }
}

fn is_current(hash: &PasswordHash) -> bool {
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    hash.algorithm == ARGON2ID_IDENT
        && hash.version == Some(Version::V0x13.into())
        && Params::try_from(hash).is_ok_and(|params| cost(&params) == cost(&Params::DEFAULT))
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;
    use kith_testkit::block_on;

    use super::*;

    fn passwords(permits: usize) -> PasswordHasher {
        PasswordHasher::new(permits, Arc::new(SystemEntropy))
    }

    #[test]
    fn a_hash_matches_its_password_only() {
        block_on(async {
            let passwords = passwords(2);
            let hash = passwords.hash(&Password::new("seven green kettles")).await.unwrap();
            assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
            let check = async |typed, hash| {
                let permit = passwords.acquire().await.unwrap();
                passwords.verify(permit, &Password::new(typed), hash).await.unwrap()
            };
            assert_eq!(check("seven green kettles", Some(hash.clone())).await, PasswordCheck::Match);
            assert_eq!(check("seven green kettle", Some(hash)).await, PasswordCheck::Mismatch);
            assert_eq!(check("seven green kettles", None).await, PasswordCheck::Mismatch);
            assert_eq!(passwords.operations(), 4);
        });
    }

    #[test]
    fn a_hash_with_old_parameters_is_replaced() {
        block_on(async {
            let passwords = passwords(1);
            let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
            let hash: PasswordHash = old.hash_password_with_salt(b"seven green kettles", &[1; 16]).unwrap();
            let password = Password::new("seven green kettles");
            let check =
                passwords.verify(passwords.acquire().await.unwrap(), &password, Some(hash.to_string())).await.unwrap();
            let PasswordCheck::Outdated(hash) = check else { panic!("{check:?}") };
            let permit = passwords.acquire().await.unwrap();
            assert_eq!(passwords.verify(permit, &password, Some(hash)).await.unwrap(), PasswordCheck::Match);
        });
    }

    #[test]
    fn hashing_without_a_free_permit_is_rejected() {
        block_on(async {
            let passwords = passwords(0);
            assert!(matches!(passwords.hash(&Password::new("x")).await, Err(Error::LoginOverloaded)));
            assert_eq!(passwords.operations(), 0);
        });
    }
}
