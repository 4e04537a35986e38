//! Subjects of events and the closed enums that events carry.

use crate::{Category, CircleId, PostId, ResponseId, UserId};

/// Defines a closed enum with a wire number for each variant. Released numbers are never reused.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Number of the variant on the wire.
            pub(super) const fn number(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)+
                }
            }

            pub(super) const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

/// The post that an event is about, with what decides its channels and its handling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostRef {
    pub post: PostId,
    pub kind: PostKind,
    /// All categories of the post, those before and those after the event.
    pub categories: Vec<Category>,
    /// Circle of the post; `None` for a public post. Accounts outside the circle must not learn of the post.
    pub circle: Option<CircleId>,
}

wire_enum! {
    /// Kind of a post, so that a handler can tell an SOS from a question without loading the post.
    PostKind {
        Sos = 1,
        CheckIn = 2,
        Victory = 3,
        Question = 4,
    }
}

/// The circle that an event is about, and its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircleEvent {
    pub circle: CircleId,
    pub change: CircleChange,
    /// The affected account; `None` if the change affects the circle as a whole.
    pub member: Option<UserId>,
}

wire_enum! {
    /// Change of a circle.
    CircleChange {
        Created = 1,
        /// The settings were changed.
        Updated = 2,
        /// The circle became read-only.
        Archived = 3,
        /// An account became a member.
        Joined = 4,
        /// An account ceased to be a member: it left, or was removed or banned.
        Left = 5,
        /// The role of a member changed.
        RoleChanged = 6,
        /// An account requested to join.
        JoinRequested = 7,
        /// Staff closed the circle: it is visible to no user.
        ClosedByStaff = 8,
        /// Staff reopened the circle.
        ReopenedByStaff = 9,
    }
}

wire_enum! {
    /// Change of the visibility of content by staff or the content screen.
    VisibilityChange {
        /// Visible only to its author until a moderator has reviewed it.
        Held = 1,
        /// Held content became visible.
        Released = 2,
        Removed = 3,
        /// Removed content became visible again.
        Restored = 4,
    }
}

wire_enum! {
    /// Change of a moderation case.
    CaseChange {
        Opened = 1,
        /// Reports, risk or assignment changed.
        Updated = 2,
        Decided = 3,
        /// The affected account appealed the decision.
        Appealed = 4,
        /// The appeal overturned the decision.
        Overturned = 5,
    }
}

/// The response that an event is about, its author and its post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseRef {
    pub response: ResponseId,
    pub author: UserId,
    pub post: PostId,
    pub post_author: UserId,
}

/// Length class of a response, for points and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseClass {
    /// One tap (quick support).
    Quick,
    /// Up to 100 characters.
    Text,
    /// Over 100 characters.
    LongText,
}
