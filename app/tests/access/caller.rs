//! Kinds of callers, and locations of the content that they call about.

use Caller::{
    Admin, Anonymous, Banned, BlockedByOwner, BlockingOwner, ExpiredToken, ForgedToken, Invited, Keeper,
    KeeperModerator, Member, Moderator, Owner, OwnerModerator, Pending, RefreshToken, ReportingModerator, Stranger,
    Suspended,
};

/// Kind of caller. Each kind is a column of the access matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Sends no token.
    Anonymous,
    /// Sends a token with a foreign signature.
    ForgedToken,
    ExpiredToken,
    /// Sends a refresh token in place of an access token.
    RefreshToken,
    /// Has an account and no relation to the content or the circle.
    Stranger,
    /// Owns the content and the circle.
    Owner,
    Keeper,
    Member,
    /// Has requested to join the circle. In a private circle there are no requests: the caller is a stranger there.
    Pending,
    /// Knows the code of a valid invite.
    Invited,
    /// Was a member of the circle before the ban.
    Banned,
    /// Member of the circle, blocked by the owner.
    BlockedByOwner,
    /// Member of the circle who has blocked the owner.
    BlockingOwner,
    /// Member of the circle with a suspended account.
    Suspended,
    Moderator,
    /// Moderator who is a member of the circle and has reported the content.
    ReportingModerator,
    /// Moderator who is a keeper of the circle.
    KeeperModerator,
    /// Moderator who owns the content and the circle.
    OwnerModerator,
    Admin,
}

impl Caller {
    pub(crate) const ALL: [Self; 19] = [
        Anonymous,
        ForgedToken,
        ExpiredToken,
        RefreshToken,
        Stranger,
        Owner,
        Keeper,
        Member,
        Pending,
        Invited,
        Banned,
        BlockedByOwner,
        BlockingOwner,
        Suspended,
        Moderator,
        ReportingModerator,
        KeeperModerator,
        OwnerModerator,
        Admin,
    ];

    /// Returns true if the caller sends no valid access token.
    pub(crate) const fn is_unauthenticated(self) -> bool {
        matches!(self, Anonymous | ForgedToken | ExpiredToken | RefreshToken)
    }

    /// Returns true if one of caller and owner has blocked the other.
    pub(crate) const fn has_block_with_owner(self) -> bool {
        matches!(self, BlockedByOwner | BlockingOwner)
    }

    pub(crate) const fn is_owner(self) -> bool {
        matches!(self, Owner | OwnerModerator)
    }

    /// Returns true for keepers of the circle, including its owner.
    pub(crate) const fn is_keeper(self) -> bool {
        self.is_owner() || matches!(self, Keeper | KeeperModerator)
    }

    /// Returns true for members of the circle, including keepers and the owner.
    pub(crate) const fn is_member(self) -> bool {
        self.is_keeper() || self.has_block_with_owner() || matches!(self, Member | Suspended | ReportingModerator)
    }

    /// Returns true for moderators and admins.
    pub(crate) const fn is_staff(self) -> bool {
        matches!(self, Moderator | ReportingModerator | KeeperModerator | OwnerModerator | Admin)
    }

    /// Returns true if the relation of the caller requires a circle even where the content is public.
    pub(crate) const fn needs_circle(self) -> bool {
        matches!(self, Keeper | Member | Pending | Invited | Banned | KeeperModerator)
    }
}

/// Location of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Public,
    /// In a listed circle that users can ask to join.
    ByRequestCircle,
    PrivateCircle,
}

impl Location {
    pub(crate) const ALL: [Self; 3] = [Self::Public, Self::ByRequestCircle, Self::PrivateCircle];

    pub(crate) const fn is_circle(self) -> bool {
        matches!(self, Self::ByRequestCircle | Self::PrivateCircle)
    }
}
