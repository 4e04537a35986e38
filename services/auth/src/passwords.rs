//! Argon2id, with its memory and its time bounded: 19 MiB, two passes, one lane (OWASP's first choice), as many at once
//! as the machine has cores.

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

/// How long somebody waits for a core: who waits longer is better told to come back.
const PATIENCE: Duration = Duration::from_millis(100);

/// The hash of no password: what is compared when there is none, so that it takes as long.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2l0aC1uby1hY2NvdW50$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords, a few at a time.
pub struct Passwords {
    permits: Arc<Semaphore>,
    hashed: AtomicU64,
    entropy: Arc<dyn Entropy>,
}

/// A core to compare a password on.
pub struct Turn(OwnedSemaphorePermit);

/// What came of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Another password, or nobody's.
    Wrong,
    /// The password.
    Right,
    /// The password, hashed in a way of former times. This is its hash as it should be.
    Outdated(String),
}

impl Passwords {
    /// Hashes as many passwords at once as there are permits: one for each core.
    #[must_use]
    pub fn new(permits: usize, entropy: Arc<dyn Entropy>) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), hashed: AtomicU64::new(0), entropy }
    }

    /// How often a password was hashed or compared: whoever comes, each attempt counts as one.
    #[must_use]
    pub fn work(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// A turn, as soon as a core is free.
    ///
    /// # Errors
    /// [`Error::Busy`] if none is for a while.
    pub async fn turn(&self) -> Result<Turn, Error> {
        let permit = timeout(PATIENCE, Arc::clone(&self.permits).acquire_owned()).await.map_err(|_| Error::Busy)?;
        permit.map(Turn).map_err(|_| Error::Crypto("the permits are closed"))
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`Error::Busy`] if no core is free for a while.
    pub async fn hash(&self, password: &Password) -> Result<String, Error> {
        let (password, salt) = (password.clone(), self.salt());
        self.run(self.turn().await?, move || hash(&password, &salt)).await?
    }

    /// Whether `password` is the one that `hash` came from. For nobody, it never is, and that takes as long.
    ///
    /// # Errors
    /// Only faults of our own.
    pub async fn verify(&self, turn: Turn, password: &Password, hash: Option<String>) -> Result<Verdict, Error> {
        let (password, salt) = (password.clone(), self.salt());
        let known = hash.unwrap_or_else(|| NOBODY.to_owned());
        self.run(turn, move || compare(&password, &known, &salt)).await?
    }

    fn salt(&self) -> [u8; 16] {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        salt
    }

    async fn run<T: Send + 'static>(&self, turn: Turn, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        self.hashed.fetch_add(1, Ordering::Relaxed);
        // The permit goes with the work, not with who waits for it: giving up frees no core.
        let Turn(permit) = turn;
        let done = spawn_blocking(move || {
            let _permit = permit;
            job()
        });
        done.await.map_err(|_| Error::Crypto("hashing a password broke off"))
    }
}

fn argon2() -> Argon2<'static> {
    // 19,456 KiB, 2, 1: a test holds these to what is promised above.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hash(password: &Password, salt: &[u8; 16]) -> Result<String, Error> {
    let hash: PasswordHash = argon2()
        .hash_password_with_salt(password.reveal(), salt)
        .map_err(|_| Error::Crypto("a password could not be hashed"))?;
    Ok(hash.to_string())
}

fn compare(password: &Password, known: &str, salt: &[u8; 16]) -> Result<Verdict, Error> {
    const BROKEN: Error = Error::Crypto("a stored password hash is broken");
    let known = PasswordHash::new(known).map_err(|_| BROKEN)?;
    match argon2().verify_password(password.reveal(), &known) {
        Ok(()) if is_current(&known) => Ok(Verdict::Right),
        Ok(()) => Ok(Verdict::Outdated(hash(password, salt)?)),
        Err(HashError::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(_) => Err(BROKEN),
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

    fn passwords(permits: usize) -> Passwords {
        Passwords::new(permits, Arc::new(SystemEntropy))
    }

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        block_on(async {
            let passwords = passwords(2);
            let hash = passwords.hash(&Password::new("seven green kettles")).await.unwrap();
            assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
            let verdict = async |typed, hash| {
                let turn = passwords.turn().await.unwrap();
                passwords.verify(turn, &Password::new(typed), hash).await.unwrap()
            };
            assert_eq!(verdict("seven green kettles", Some(hash.clone())).await, Verdict::Right);
            assert_eq!(verdict("seven green kettle", Some(hash)).await, Verdict::Wrong);
            assert_eq!(verdict("seven green kettles", None).await, Verdict::Wrong);
            assert_eq!(passwords.work(), 4);
        });
    }

    #[test]
    fn a_hash_of_former_times_is_replaced() {
        block_on(async {
            let passwords = passwords(1);
            let former = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
            let hash: PasswordHash = former.hash_password_with_salt(b"seven green kettles", &[1; 16]).unwrap();
            let password = Password::new("seven green kettles");
            let verdict =
                passwords.verify(passwords.turn().await.unwrap(), &password, Some(hash.to_string())).await.unwrap();
            let Verdict::Outdated(hash) = verdict else { panic!("{verdict:?}") };
            let turn = passwords.turn().await.unwrap();
            assert_eq!(passwords.verify(turn, &password, Some(hash)).await.unwrap(), Verdict::Right);
        });
    }

    #[test]
    fn who_finds_no_core_free_is_asked_to_come_back() {
        block_on(async {
            let passwords = passwords(0);
            assert!(matches!(passwords.hash(&Password::new("x")).await, Err(Error::Busy)));
            assert_eq!(passwords.work(), 0);
        });
    }
}
