//! Actions in the log of a circle.

/// Action recorded in the log of a circle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogAction {
    Created,
    Updated,
    Archived,
    /// Staff closed the circle.
    Closed,
    /// Staff reopened the circle.
    Reopened,
    /// The actor joined an open circle.
    Joined,
    InviteAccepted,
    JoinRequested,
    /// The actor left, or withdrew a join request.
    Left,
    RequestApproved,
    RequestDeclined,
    RoleChanged,
    MemberRemoved,
    MemberBanned,
    MemberUnbanned,
    InviteCreated,
    InviteRevoked,
}

impl LogAction {
    const ALL: [Self; 17] = [
        Self::Created,
        Self::Updated,
        Self::Archived,
        Self::Closed,
        Self::Reopened,
        Self::Joined,
        Self::InviteAccepted,
        Self::JoinRequested,
        Self::Left,
        Self::RequestApproved,
        Self::RequestDeclined,
        Self::RoleChanged,
        Self::MemberRemoved,
        Self::MemberBanned,
        Self::MemberUnbanned,
        Self::InviteCreated,
        Self::InviteRevoked,
    ];

    /// Returns the value stored in databases. Stored values never change their meaning.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "create",
            Self::Updated => "update",
            Self::Archived => "archive",
            Self::Closed => "close",
            Self::Reopened => "reopen",
            Self::Joined => "join",
            Self::InviteAccepted => "accept_invite",
            Self::JoinRequested => "request",
            Self::Left => "leave",
            Self::RequestApproved => "approve",
            Self::RequestDeclined => "decline",
            Self::RoleChanged => "change_role",
            Self::MemberRemoved => "remove",
            Self::MemberBanned => "ban",
            Self::MemberUnbanned => "unban",
            Self::InviteCreated => "create_invite",
            Self::InviteRevoked => "revoke_invite",
        }
    }

    /// Parses a stored value. Returns `None` for an action of a newer build.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_parsed_from_its_stored_value() {
        for action in LogAction::ALL {
            assert_eq!(LogAction::parse(action.as_str()), Some(action));
        }
        assert_eq!(LogAction::parse("action of a newer build"), None);
    }
}
