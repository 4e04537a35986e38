//! What is written down of every privileged act: who did what to what, when, and from which device.

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
