//! What auth does when something happened elsewhere: what it remembers of an account is read again.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{Delivery, AccountEvent, EventPayload, PortError, ports::EventHandler};

use crate::Remembered;

/// Forgets how accounts stood that stand otherwise now. In a cluster one node hears of each event; the others know it
/// when what they remember is a second old.
pub struct Reactions {
    /// What was verified a moment ago. The same as the verifier's.
    pub remembered: Arc<Remembered>,
}

#[async_trait]
impl EventHandler for Reactions {
    fn name(&self) -> &'static str {
        "auth"
    }

    async fn handle(&self, delivery: &Delivery) -> Result<(), PortError> {
        let event = &delivery.event;
        if let EventPayload::Account(AccountEvent::RoleChanged { user }) | EventPayload::Account(AccountEvent::Suspended { user }) | EventPayload::Account(AccountEvent::Reinstated { user }) = event.payload {
            self.remembered.doubt(user);
        }
        Ok(())
    }
}
