//! What auth does when something happened elsewhere: what it remembers of an account is read again.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Event, Fact, Failure, ports::Reaction};

use crate::Remembered;

/// Forgets how accounts stood that stand otherwise now. In a cluster one node hears of each event; the others know it
/// when what they remember is a second old.
pub struct Reactions {
    /// What was verified a moment ago. The same as the verifier's.
    pub remembered: Arc<Remembered>,
}

#[async_trait]
impl Reaction for Reactions {
    fn name(&self) -> &'static str {
        "auth"
    }

    async fn on(&self, event: &Event) -> Result<(), Failure> {
        if let Fact::RoleChanged { user } | Fact::UserSuspended { user } | Fact::UserReinstated { user } = event.fact {
            self.remembered.doubt(user);
        }
        Ok(())
    }
}
