//! Audit entries about accounts.

use kith_kernel::{
    Entropy, EventId, Timestamp, UserId,
    audit::{AuditAction, AuditEntry},
};

/// Returns an entry without session and detail. `by` is the actor.
pub(super) fn account_entry(
    user: UserId,
    by: UserId,
    action: AuditAction,
    at: Timestamp,
    entropy: &dyn Entropy,
) -> AuditEntry {
    AuditEntry {
        id: EventId::new(at, entropy),
        at,
        actor: by,
        session: None,
        action,
        subject: format!("account:{user}"),
        detail: String::new(),
    }
}
