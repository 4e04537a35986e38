//! The audit trail beyond its table: signed checkpoints at a second place, and the verification of all of it.
//!
//! | file | holds |
//! | --- | --- |
//! | here | [`verify`] |
//! | [`sealing`] | signs where the chain ends, again and again |
//! | [`mod@file`] | a second place that is a file; MongoDB is [`MongoCheckpoints`](crate::mongo::MongoCheckpoints) |

pub mod file;
pub mod sealing;

use std::sync::Arc;

use kith_kernel::{
    Failure,
    audit::{Broken, Forged, Head, Seals, Verifier},
    ports::{Audit, Checkpoints},
};

pub use self::{file::FileCheckpoints, sealing::Sealing};

/// How many lines are read at once.
const BATCH: i64 = 2_000;

/// An audit trail that is sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// Where it ends. Its position is the number of its lines.
    pub head: Head,
    /// How many checkpoints each place holds. All of them fit.
    pub places: Vec<(String, usize)>,
}

/// Why an audit trail is not sound, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// The chain has a fault.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A checkpoint is not ours.
    #[error("{place}: {fault}")]
    Forged {
        /// Where.
        place: String,
        /// What.
        fault: Forged,
    },
    /// The database or a second place did not answer, or holds what nobody has written.
    #[error("the audit trail could not be read")]
    Unread(#[from] Failure),
}

/// Reads all of the chain and all checkpoints. The first fault that it meets is the answer.
///
/// # Errors
/// That fault.
pub async fn verify(audit: &dyn Audit, places: &[Arc<dyn Checkpoints>], seals: &Seals) -> Result<Sound, Unsound> {
    // In this order: what is appended meanwhile comes behind all that it has to come by.
    let mut checkpoints = Vec::new();
    let mut counts = Vec::new();
    for place in places {
        let kept = place.all().await?;
        seals.verify(&kept).map_err(|fault| Unsound::Forged { place: place.place(), fault })?;
        counts.push((place.place(), kept.len()));
        checkpoints.extend(kept);
    }
    let verifier = Verifier::new(&checkpoints, Some(audit.head().await?));
    let head = read(audit, verifier).await?;
    Ok(Sound { head, places: counts })
}

/// Reads what the verifier has not read, to the end.
async fn read(audit: &dyn Audit, mut verifier: Verifier) -> Result<Head, Unsound> {
    // Before the first line there is nothing, and what is there all the same is met.
    let mut after = if verifier.position() == 0 { i64::MIN } else { verifier.position() };
    loop {
        let lines = audit.lines(after, BATCH).await?;
        if lines.is_empty() {
            return Ok(verifier.end()?);
        }
        for line in &lines {
            verifier.read(line)?;
        }
        after = verifier.position();
    }
}
