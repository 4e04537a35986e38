//! A checkpoint: where a chain ended at a moment, signed, and kept where who can write the chain cannot. A chain that was
//! cut off, or written anew from its first line, fits itself; it does not fit its checkpoints.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use super::chain::Head;
use crate::Timestamp;

/// What is signed begins with this, so that no other thing that is signed is ever a checkpoint.
const FORM: &[u8] = b"kith/audit/checkpoint/1\0";

/// What a chain was, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where it ended.
    pub head: Head,
    /// When.
    pub at: Timestamp,
    /// Which key has signed: the beginning of its hash.
    pub key: [u8; 8],
    /// The signature.
    pub signature: Vec<u8>,
}

/// The keys that checkpoints are signed with.
pub struct Seals {
    signs: Ed25519KeyPair,
    /// Those that may still be met, too.
    verify: Vec<Public>,
}

struct Public {
    id: [u8; 8],
    key: Vec<u8>,
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seals(..)")
    }
}

/// The keys are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no key that signs checkpoints")]
pub struct NoKey;

/// A checkpoint is not what somebody with our key has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// Its signature is not over what it says.
    #[error("the checkpoint of line {0} has a false signature")]
    Signature(i64),
    /// It was signed by a key that is not in the ring, and no later one vouches for it.
    #[error("the checkpoint of line {0} was signed by a key that is not in the ring")]
    Key(i64),
}

impl Seals {
    /// The keys of these seeds: the first signs, all of them verify.
    ///
    /// # Errors
    /// [`NoKey`] if there is none.
    pub fn new(seeds: &[[u8; 32]]) -> Result<Self, NoKey> {
        let pair = |seed: &[u8; 32]| Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoKey);
        let signs = pair(seeds.first().ok_or(NoKey)?)?;
        let verify = seeds.iter().map(|seed| pair(seed).map(|pair| Public::of(&pair))).collect::<Result<_, _>>()?;
        Ok(Self { signs, verify })
    }

    /// Signs where a chain ends.
    #[must_use]
    pub fn sign(&self, head: Head, at: Timestamp) -> Checkpoint {
        let signature = self.signs.sign(&form(head, at)).as_ref().to_vec();
        Checkpoint { head, at, key: Public::of(&self.signs).id, signature }
    }

    /// Whether these were signed by keys of the ring. One of an unknown key stands if a later one, of a known key, was
    /// signed over the same chain: then it is no worse than none.
    ///
    /// # Errors
    /// The first that was not.
    pub fn verify(&self, checkpoints: &[Checkpoint]) -> Result<(), Forged> {
        let mut vouched = 0;
        let mut strangers = None;
        for checkpoint in checkpoints {
            let position = checkpoint.head.position;
            let Some(public) = self.verify.iter().find(|public| public.id == checkpoint.key) else {
                strangers = strangers.max(Some(position));
                continue;
            };
            let signed = form(checkpoint.head, checkpoint.at);
            let verified = UnparsedPublicKey::new(&ED25519, &public.key).verify(&signed, &checkpoint.signature);
            verified.map_err(|_| Forged::Signature(position))?;
            vouched = vouched.max(position);
        }
        match strangers {
            Some(position) if position > vouched => Err(Forged::Key(position)),
            Some(_) | None => Ok(()),
        }
    }
}

impl Public {
    fn of(pair: &Ed25519KeyPair) -> Self {
        let key = pair.public_key().as_ref().to_vec();
        let id = digest(&SHA256, &key).as_ref().first_chunk().copied().unwrap_or_default();
        Self { id, key }
    }
}

fn form(head: Head, at: Timestamp) -> Vec<u8> {
    [FORM, &head.position.to_be_bytes()[..], &head.hash, &at.millis().to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn head(position: i64) -> Head {
        Head { position, hash: [9; 32] }
    }

    #[test]
    fn what_was_signed_verifies_and_nothing_else_does() {
        let seals = Seals::new(&[[1; 32]]).unwrap();
        let signed = seals.sign(head(5), AT);
        assert_eq!(seals.verify(std::slice::from_ref(&signed)), Ok(()));
        let forged = [
            Checkpoint { head: head(4), ..signed.clone() },
            Checkpoint { head: Head { position: 5, hash: [8; 32] }, ..signed.clone() },
            Checkpoint { at: AT.after(std::time::Duration::from_millis(1)), ..signed.clone() },
            Checkpoint { signature: vec![0; 64], ..signed.clone() },
            Checkpoint { signature: Vec::new(), ..signed },
        ];
        for one in forged {
            let position = one.head.position;
            assert_eq!(seals.verify(&[one]), Err(Forged::Signature(position)));
        }
    }

    #[test]
    fn a_key_that_was_changed_verifies_still_and_a_strangers_does_not() {
        let before = Seals::new(&[[1; 32]]).unwrap();
        let old = before.sign(head(5), AT);
        assert_eq!(Seals::new(&[[2; 32], [1; 32]]).unwrap().verify(std::slice::from_ref(&old)), Ok(()));
        let now = Seals::new(&[[2; 32]]).unwrap();
        assert_eq!(now.verify(std::slice::from_ref(&old)), Err(Forged::Key(5)));
        let later = now.sign(head(6), AT);
        assert_eq!(now.verify(&[old.clone(), later]), Ok(()), "a later one vouches for it");
        let earlier = now.sign(head(4), AT);
        assert_eq!(now.verify(&[old, earlier]), Err(Forged::Key(5)));
        assert!(Seals::new(&[]).is_err());
    }
}
