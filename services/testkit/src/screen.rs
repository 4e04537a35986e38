//! A screen that says what a text asks it to say.

use async_trait::async_trait;
use kith_kernel::{
    Failure, Fault,
    ports::{Hold, HoldReason, Screen, Verdict, Written},
};

/// Holds a text with [`Parrot::HOLD`] in it, sees a crisis where [`Parrot::CRISIS`] is, and does not answer about one with
/// [`Parrot::SILENCE`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Parrot;

impl Parrot {
    /// What is held.
    pub const HOLD: &'static str = "call me";
    /// What is a crisis.
    pub const CRISIS: &'static str = "end it all";
    /// What there is no answer about.
    pub const SILENCE: &'static str = "out of order";
}

#[async_trait]
impl Screen for Parrot {
    async fn look(&self, written: &Written) -> Result<Verdict, Failure> {
        let says = |phrase| written.text.contains(phrase);
        if says(Self::SILENCE) {
            return Err(Failure::new(Fault::Unavailable, "no answer"));
        }
        let hold = says(Self::HOLD).then(|| Hold { rule: "phone".to_owned(), reason: HoldReason::Contact });
        Ok(Verdict { hold, crisis: says(Self::CRISIS), version: 1 })
    }
}
