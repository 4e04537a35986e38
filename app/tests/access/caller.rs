//! Who calls, and where the thing is.

use Caller::{
    Admin, Banned, Blocked, Blocking, Concerned, Expired, Forged, Invited, Keeper, Keeping, Member, Moderator, Nobody,
    Owner, Pending, Refresh, Reporting, Stranger, Suspended,
};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Without a token.
    Nobody,
    /// With a token that somebody else signed.
    Forged,
    /// With a token whose time is over.
    Expired,
    /// With a refresh token in place of an access token.
    Refresh,
    /// Anybody with an account.
    Stranger,
    /// Whose thing and whose circle it is.
    Owner,
    /// A keeper of the circle.
    Keeper,
    /// A member of the circle.
    Member,
    /// Who asked to be let into the circle. Nobody can ask that of a private one.
    Pending,
    /// Who holds the code of a live invite.
    Invited,
    /// Who was a member, and was banned.
    Banned,
    /// Whom the owner has blocked; a member of the circle.
    Blocked,
    /// Who has blocked the owner; a member of the circle.
    Blocking,
    /// Who is suspended; a member of the circle.
    Suspended,
    /// One of the staff.
    Moderator,
    /// One of the staff, who reported the thing; a member of the circle.
    Reporting,
    /// One of the staff, who is a keeper of the circle.
    Keeping,
    /// One of the staff, whose thing and whose circle it is.
    Concerned,
    /// Who gives roles.
    Admin,
}

impl Caller {
    pub(crate) const ALL: [Self; 19] = [
        Nobody, Forged, Expired, Refresh, Stranger, Owner, Keeper, Member, Pending, Invited, Banned, Blocked, Blocking,
        Suspended, Moderator, Reporting, Keeping, Concerned, Admin,
    ];

    /// Whether no account stands behind what they bring.
    pub(crate) const fn is_nobody(self) -> bool {
        matches!(self, Nobody | Forged | Expired | Refresh)
    }

    /// Whether they and the owner do not see each other.
    pub(crate) const fn is_apart(self) -> bool {
        matches!(self, Blocked | Blocking)
    }

    /// Whether it is theirs.
    pub(crate) const fn is_owner(self) -> bool {
        matches!(self, Owner | Concerned)
    }

    /// Whether they keep the circle.
    pub(crate) const fn is_keeper(self) -> bool {
        self.is_owner() || matches!(self, Keeper | Keeping)
    }

    /// Whether they are in the circle.
    pub(crate) const fn is_inside(self) -> bool {
        self.is_keeper() || self.is_apart() || matches!(self, Member | Suspended | Reporting)
    }

    /// Whether the queue is theirs to work.
    pub(crate) const fn is_staff(self) -> bool {
        matches!(self, Moderator | Reporting | Keeping | Concerned | Admin)
    }

    /// Whether they stand to a circle in a way that takes one.
    pub(crate) const fn needs_circle(self) -> bool {
        matches!(self, Keeper | Member | Pending | Invited | Banned | Keeping)
    }
}

/// Where the thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In public.
    Outside,
    /// In a circle that everybody can find, and ask to be let into.
    ByRequest,
    /// In a private circle.
    Private,
}

impl Place {
    pub(crate) const fn is_circle(self) -> bool {
        matches!(self, Self::ByRequest | Self::Private)
    }
}
