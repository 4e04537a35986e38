//! Signed checkpoints of the audit chain.
//!
//! A truncated chain, or one that was rewritten from its first record, has consistent hashes. Checkpoints, which are stored
//! where the writer of the chain cannot change them, reveal it.

use std::fmt;

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

use super::chain::ChainHead;
use crate::Timestamp;

/// Domain separation prefix of the signed message.
const FORM: &[u8] = b"kith/audit/checkpoint/1\0";

/// A signed head of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub head: ChainHead,
    pub at: Timestamp,
    /// Id of the signing key: the first 8 bytes of the SHA-256 hash of the public key.
    pub key: [u8; 8],
    pub signature: Vec<u8>,
}

/// Keys that sign and verify checkpoints.
pub struct CheckpointKeys {
    signing: Ed25519KeyPair,
    /// All keys of the ring, including the signing key.
    verifying: Vec<PublicKey>,
}

struct PublicKey {
    id: [u8; 8],
    key: Vec<u8>,
}

impl fmt::Debug for CheckpointKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckpointKeys(..)")
    }
}

/// The key ring is empty or contains an invalid key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no valid checkpoint signing key")]
pub struct NoKey;

/// A checkpoint failed verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    #[error("checkpoint of record {0} has an invalid signature")]
    Signature(i64),
    /// The signing key is not in the ring, and no later checkpoint of a known key covers it.
    #[error("checkpoint of record {0} was signed by an unknown key")]
    Key(i64),
}

impl CheckpointKeys {
    /// Derives the keys from seeds. The first one signs, all of them verify.
    ///
    /// # Errors
    /// [`NoKey`] if there is no seed.
    pub fn new(seeds: &[[u8; 32]]) -> Result<Self, NoKey> {
        let pair = |seed: &[u8; 32]| Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoKey);
        let signing = pair(seeds.first().ok_or(NoKey)?)?;
        let verifying =
            seeds.iter().map(|seed| pair(seed).map(|pair| PublicKey::from(&pair))).collect::<Result<_, _>>()?;
        Ok(Self { signing, verifying })
    }

    /// Signs the head of a chain.
    #[must_use]
    pub fn sign(&self, head: ChainHead, at: Timestamp) -> Checkpoint {
        let signature = self.signing.sign(&message(head, at)).as_ref().to_vec();
        Checkpoint { head, at, key: PublicKey::from(&self.signing).id, signature }
    }

    /// Verifies that each checkpoint was signed by a key of the ring. A checkpoint of an unknown key is accepted if a later
    /// one of a known key covers it.
    ///
    /// # Errors
    /// The first invalid checkpoint.
    pub fn verify(&self, checkpoints: &[Checkpoint]) -> Result<(), InvalidCheckpoint> {
        let mut covered = 0;
        let mut unknown = None;
        for checkpoint in checkpoints {
            let position = checkpoint.head.position;
            let Some(public) = self.verifying.iter().find(|public| public.id == checkpoint.key) else {
                unknown = unknown.max(Some(position));
                continue;
            };
            let signed = message(checkpoint.head, checkpoint.at);
            let verified = UnparsedPublicKey::new(&ED25519, &public.key).verify(&signed, &checkpoint.signature);
            verified.map_err(|_| InvalidCheckpoint::Signature(position))?;
            covered = covered.max(position);
        }
        match unknown {
            Some(position) if position > covered => Err(InvalidCheckpoint::Key(position)),
            Some(_) | None => Ok(()),
        }
    }
}

impl PublicKey {
    fn from(pair: &Ed25519KeyPair) -> Self {
        let key = pair.public_key().as_ref().to_vec();
        let id = digest(&SHA256, &key).as_ref().first_chunk().copied().unwrap_or_default();
        Self { id, key }
    }
}

fn message(head: ChainHead, at: Timestamp) -> Vec<u8> {
    [FORM, &head.position.to_be_bytes()[..], &head.hash, &at.millis().to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn head(position: i64) -> ChainHead {
        ChainHead { position, hash: [9; 32] }
    }

    #[test]
    fn only_unchanged_checkpoints_verify() {
        let keys = CheckpointKeys::new(&[[1; 32]]).unwrap();
        let signed = keys.sign(head(5), AT);
        assert_eq!(keys.verify(std::slice::from_ref(&signed)), Ok(()));
        let forged = [
            Checkpoint { head: head(4), ..signed.clone() },
            Checkpoint { head: ChainHead { position: 5, hash: [8; 32] }, ..signed.clone() },
            Checkpoint { at: AT.after(std::time::Duration::from_millis(1)), ..signed.clone() },
            Checkpoint { signature: vec![0; 64], ..signed.clone() },
            Checkpoint { signature: Vec::new(), ..signed },
        ];
        for one in forged {
            let position = one.head.position;
            assert_eq!(keys.verify(&[one]), Err(InvalidCheckpoint::Signature(position)));
        }
    }

    #[test]
    fn a_rotated_key_still_verifies_and_an_unknown_one_does_not() {
        let before = CheckpointKeys::new(&[[1; 32]]).unwrap();
        let old = before.sign(head(5), AT);
        assert_eq!(CheckpointKeys::new(&[[2; 32], [1; 32]]).unwrap().verify(std::slice::from_ref(&old)), Ok(()));
        let now = CheckpointKeys::new(&[[2; 32]]).unwrap();
        assert_eq!(now.verify(std::slice::from_ref(&old)), Err(InvalidCheckpoint::Key(5)));
        let later = now.sign(head(6), AT);
        assert_eq!(now.verify(&[old.clone(), later]), Ok(()), "a later checkpoint covers it");
        let earlier = now.sign(head(4), AT);
        assert_eq!(now.verify(&[old, earlier]), Err(InvalidCheckpoint::Key(5)));
        assert!(CheckpointKeys::new(&[]).is_err());
    }
}
