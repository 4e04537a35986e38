//! What is written down of every privileged act: who did what to what, when, and from which device.
//!
//! | file | holds |
//! | --- | --- |
//! | here | [`Entry`], and the closed list of [`Act`]s |
//! | [`chain`] | how each line is bound to the one before it, and how a fault is found |
//! | [`checkpoint`] | what is signed of a chain and kept at a second place, so that its end cannot be cut off |
//!
//! An account is named as the subject `account:<id>`, or as `account=<id>` in the detail: who shows an entry shows the
//! persona instead, and finds it there.

pub mod chain;
pub mod checkpoint;
#[cfg(test)]
mod tests;

pub use self::{
    chain::{Broken, Head, Line, Verifier},
    checkpoint::{Checkpoint, Forged, Seals},
};
use crate::{EventId, SessionId, Timestamp, UserId};

/// One line of the audit trail. It holds ids and kinds, and no text of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name for ever.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: UserId,
    /// From which device; `None` for the operator's own command and for what happens by itself.
    pub session: Option<SessionId>,
    /// What.
    pub act: Act,
    /// To what: a kind and an id, such as `case:0190...`.
    pub subject: String,
    /// What else has to be known of it: `key=value`, separated by spaces.
    pub detail: String,
}

/// Who acts by a command of the operator's: nobody who has an account.
pub const OPERATOR: UserId = UserId::from_uuid(uuid::Uuid::nil());

/// How long a subject may be, and how long a detail.
const SUBJECT: usize = 200;
const DETAIL: usize = 1_000;

impl Entry {
    /// Whether it has the form that an entry has: what a person wrote has another, and is not kept by mistake.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let subject = self.subject.split_once(':');
        let has_subject = subject.is_some_and(|(kind, id)| is_key(kind) && is_value(id));
        let has_detail = self.detail.is_empty()
            || self.detail.split(' ').all(|word| {
                let said = word.split_once('=');
                said.is_some_and(|(key, value)| is_key(key) && is_value(value))
            });
        has_subject && has_detail && self.subject.len() <= SUBJECT && self.detail.len() <= DETAIL
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is written down. A word that was ever written keeps its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// A role was given.
    RoleGranted,
    /// A role was taken.
    RoleRevoked,
    /// A flag was set.
    FlagPut,
    /// A rule of the screen was set.
    RulePut,
    /// Staff read what is not theirs to see without a reason.
    PrivateRead,
    /// A case was taken on.
    CaseAssigned,
    /// A case was handed up.
    CaseEscalated,
    /// A case was decided.
    CaseDecided,
    /// An appeal was decided.
    AppealDecided,
    /// An account was suspended.
    AccountSuspended,
    /// An account was given back.
    AccountReinstated,
    /// A refresh token came twice, and its sessions ended.
    TokenReused,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::RoleGranted,
        Self::RoleRevoked,
        Self::FlagPut,
        Self::RulePut,
        Self::PrivateRead,
        Self::CaseAssigned,
        Self::CaseEscalated,
        Self::CaseDecided,
        Self::AppealDecided,
        Self::AccountSuspended,
        Self::AccountReinstated,
        Self::TokenReused,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RoleGranted => "role_granted",
            Self::RoleRevoked => "role_revoked",
            Self::FlagPut => "flag_put",
            Self::RulePut => "rule_put",
            Self::PrivateRead => "private_read",
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
