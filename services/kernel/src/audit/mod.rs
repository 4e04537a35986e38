//! Audit log of privileged acts.
//!
//! | module | contents |
//! | --- | --- |
//! | this one | [`AuditEntry`] and the closed list of [`AuditAction`]s |
//! | [`chain`] | hash chain over the records and its verification |
//! | [`checkpoint`] | signed heads of the chain, stored elsewhere, which reveal a truncated chain |
//!
//! Accounts appear as the subject `account:<id>` or as `account=<id>` in the detail. Presenters replace them by personas.

pub mod chain;
pub mod checkpoint;
#[cfg(test)]
mod tests;

pub use self::{
    chain::{AuditRecord, ChainError, ChainHead, ChainVerifier},
    checkpoint::{Checkpoint, CheckpointKeys, InvalidCheckpoint},
};
use crate::{EventId, SessionId, Timestamp, UserId};

/// An entry of the audit log. It contains ids and enums, never user text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: EventId,
    pub at: Timestamp,
    pub actor: UserId,
    /// Session of the actor; `None` for commands of the operator and for automatic acts.
    pub session: Option<SessionId>,
    pub action: AuditAction,
    /// Kind and id of the object, for example `case:0190...`.
    pub subject: String,
    /// Further facts as `key=value`, separated by spaces.
    pub detail: String,
}

/// Actor of commands that the operator runs. It is not an account.
pub const OPERATOR: UserId = UserId::from_uuid(uuid::Uuid::nil());

/// Maximum length of a subject, in bytes.
const MAX_SUBJECT: usize = 200;
/// Maximum length of a detail, in bytes.
const MAX_DETAIL: usize = 1_000;

impl AuditEntry {
    /// Returns true if subject and detail have their formal syntax. User text does not, so it is not stored by mistake.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let subject = self.subject.split_once(':');
        let has_subject = subject.is_some_and(|(kind, id)| is_key(kind) && is_value(id));
        let has_detail = self.detail.is_empty()
            || self.detail.split(' ').all(|pair| {
                let pair = pair.split_once('=');
                pair.is_some_and(|(key, value)| is_key(key) && is_value(value))
            });
        has_subject && has_detail && self.subject.len() <= MAX_SUBJECT && self.detail.len() <= MAX_DETAIL
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Kind of a privileged act. Stored forms are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    RoleGranted,
    RoleRevoked,
    FlagChanged,
    RuleChanged,
    /// Staff read content of a private circle, without which a case cannot be decided.
    PrivateContentRead,
    CaseAssigned,
    /// A case was escalated to admins.
    CaseEscalated,
    CaseDecided,
    AppealDecided,
    AccountSuspended,
    AccountReinstated,
    /// A refresh token was used twice; its session was revoked.
    TokenReused,
}

impl AuditAction {
    pub const ALL: [Self; 12] = [
        Self::RoleGranted,
        Self::RoleRevoked,
        Self::FlagChanged,
        Self::RuleChanged,
        Self::PrivateContentRead,
        Self::CaseAssigned,
        Self::CaseEscalated,
        Self::CaseDecided,
        Self::AppealDecided,
        Self::AccountSuspended,
        Self::AccountReinstated,
        Self::TokenReused,
    ];

    /// Stored form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoleGranted => "role_granted",
            Self::RoleRevoked => "role_revoked",
            Self::FlagChanged => "flag_changed",
            Self::RuleChanged => "rule_changed",
            Self::PrivateContentRead => "private_content_read",
            Self::CaseAssigned => "case_assigned",
            Self::CaseEscalated => "case_escalated",
            Self::CaseDecided => "case_decided",
            Self::AppealDecided => "appeal_decided",
            Self::AccountSuspended => "account_suspended",
            Self::AccountReinstated => "account_reinstated",
            Self::TokenReused => "token_reused",
        }
    }
}
