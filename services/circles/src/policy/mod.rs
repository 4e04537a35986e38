//! Who may do what in a circle, and what comes of it. Pure: all that a rule needs is in the [`Scene`].
//!
//! | file | holds |
//! | --- | --- |
//! | here | what can be done, what decides, and what comes of it |
//! | `rules` | the rules |

mod rules;

use std::time::Duration;

use kith_kernel::{InviteId, PersonaId, ports::CircleRole};

pub use self::rules::{Invited, at_least, change, decide, is_open, knows, may_invite, role_of};
use crate::domain::{Change, Circle, Digest, Invite, Person, State};

/// How long whoever was declined waits before they ask the same circle again.
pub const WAIT: Duration = Duration::from_hours(7 * 24);
/// How many live invites a circle may have.
pub const INVITES: u32 = 100;

/// Something that somebody wants to do in a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// To get in, or to ask for it, as this persona.
    Join(PersonaId),
    /// To get in by an invite, as this persona.
    Accept(Digest, PersonaId),
    /// To get out, or not to ask any more.
    Leave,
    /// To give somebody a role.
    Give(PersonaId, CircleRole),
    /// To get somebody out.
    Remove(PersonaId),
    /// To get somebody out and keep them out.
    Ban(PersonaId),
    /// Not to keep somebody out any more.
    Unban(PersonaId),
    /// To let somebody in who asked.
    Admit(PersonaId),
    /// Not to.
    Decline(PersonaId),
    /// To change what the circle says of itself, if its version is still this one.
    Update(i64, Change),
    /// To close it for good.
    Archive,
    /// To make a way in.
    Invite(Invite),
    /// To end one.
    Revoke(InviteId),
}

/// The word for who joins.
const JOINED: &str = "join";
/// The word for who does so where a keeper lets people in.
pub const ASKED: &str = "ask";

impl Act {
    /// Its word in the circle's log. A word that was ever stored keeps its meaning.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Join(_) => JOINED,
            Self::Accept(..) => "accept_invite",
            Self::Leave => "leave",
            Self::Give(..) => "give_role",
            Self::Remove(_) => "remove",
            Self::Ban(_) => "ban",
            Self::Unban(_) => "unban",
            Self::Admit(_) => "admit",
            Self::Decline(_) => "decline",
            Self::Update(..) => "update",
            Self::Archive => "archive",
            Self::Invite(_) => "invite",
            Self::Revoke(_) => "revoke_invite",
        }
    }

    /// Whom it is done to, if it is somebody else than who does it, or may be.
    #[must_use]
    pub const fn subject(&self) -> Option<PersonaId> {
        match self {
            Self::Give(persona, _)
            | Self::Remove(persona)
            | Self::Ban(persona)
            | Self::Unban(persona)
            | Self::Admit(persona)
            | Self::Decline(persona) => Some(*persona),
            Self::Join(_)
            | Self::Accept(..)
            | Self::Leave
            | Self::Update(..)
            | Self::Archive
            | Self::Invite(_)
            | Self::Revoke(_) => None,
        }
    }
}

/// All that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// The circle.
    pub circle: Circle,
    /// Who acts, if they ever came to it.
    pub actor: Option<Person>,
    /// Whom the act names, if they ever came to it.
    pub subject: Option<Person>,
    /// How many owners it has.
    pub owners: u32,
    /// The invite that the act names, if it is live.
    pub invite: Option<Invite>,
    /// How many live invites it has.
    pub invites: u32,
}

/// What comes of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It is so already.
    Already,
    /// Who acts stands so now, as this persona, by the invite of the scene if it was one.
    Actor(PersonaId, State),
    /// Whom it names stands so now.
    Subject(State),
    /// The circle says this of itself now.
    Terms(Change),
    /// The circle is closed.
    Archived,
    /// There is one more way in.
    Invited,
    /// The invite of the scene is ended.
    Revoked,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none, or none that the caller may know of.
    #[error("there is no such circle")]
    NoCircle,
    /// There is no such invite, or it is not live.
    #[error("there is no such invite")]
    NoInvite,
    /// Nobody of this name is in the circle, or nobody whom the caller sees.
    #[error("there is no such person in this circle")]
    NoPerson,
    /// It is for members.
    #[error("only members may do this")]
    NotAMember,
    /// It takes a higher role.
    #[error("this takes a higher role")]
    Role,
    /// Somebody has to keep the circle.
    #[error("the last owner hands the circle over first, or archives it")]
    LastOwner,
    /// They asked not long ago, and were not let in.
    #[error("whoever was declined may ask again after 7 days")]
    Declined,
    /// There is no room.
    #[error("this circle is full")]
    Full,
    /// It is closed for good.
    #[error("this circle is archived")]
    Archived,
    /// Staff have closed it.
    #[error("this circle was closed by the staff")]
    Closed,
    /// What was said in private stays there.
    #[error("a private circle stays private")]
    StaysPrivate,
    /// It was changed since the caller read it.
    #[error("this was changed meanwhile: read it again")]
    EtagMismatch,
    /// There are enough ways in.
    #[error("this circle has as many invites as a circle may have")]
    TooManyInvites,
}
