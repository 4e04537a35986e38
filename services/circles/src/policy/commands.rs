//! Commands on a circle, and the context, outcome and errors of a decision.

use kith_kernel::{CircleId, InviteId, PersonaId, ports::CircleRole};

use crate::domain::{
    ActorStamp, Circle, CircleUpdate, Invite, InviteCodeDigest, LogAction, MembershipRecord, MembershipStatus,
};

/// Command of an actor on a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRequest {
    pub circle: CircleId,
    pub stamp: ActorStamp,
    pub command: CircleCommand,
}

/// Command on a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CircleCommand {
    /// Joins, or requests to join, under this persona.
    Join(PersonaId),
    /// Joins with an invite, under this persona.
    AcceptInvite(InviteCodeDigest, PersonaId),
    /// Leaves, or withdraws the join request.
    Leave,
    ChangeRole(PersonaId, CircleRole),
    RemoveMember(PersonaId),
    BanMember(PersonaId),
    UnbanMember(PersonaId),
    ApproveRequest(PersonaId),
    DeclineRequest(PersonaId),
    /// Updates the settings if their version is this one.
    Update(i64, CircleUpdate),
    /// Makes the circle read-only, permanently.
    Archive,
    CreateInvite(Invite),
    RevokeInvite(InviteId),
}

impl CircleCommand {
    /// Returns the action that the log records if the command changes something.
    #[must_use]
    pub const fn log_action(&self) -> LogAction {
        match self {
            Self::Join(_) => LogAction::Joined,
            Self::AcceptInvite(..) => LogAction::InviteAccepted,
            Self::Leave => LogAction::Left,
            Self::ChangeRole(..) => LogAction::RoleChanged,
            Self::RemoveMember(_) => LogAction::MemberRemoved,
            Self::BanMember(_) => LogAction::MemberBanned,
            Self::UnbanMember(_) => LogAction::MemberUnbanned,
            Self::ApproveRequest(_) => LogAction::RequestApproved,
            Self::DeclineRequest(_) => LogAction::RequestDeclined,
            Self::Update(..) => LogAction::Updated,
            Self::Archive => LogAction::Archived,
            Self::CreateInvite(_) => LogAction::InviteCreated,
            Self::RevokeInvite(_) => LogAction::InviteRevoked,
        }
    }

    /// Returns the persona that the command affects, if the command names one. It can be the persona of the actor.
    #[must_use]
    pub const fn subject(&self) -> Option<PersonaId> {
        match self {
            Self::ChangeRole(persona, _)
            | Self::RemoveMember(persona)
            | Self::BanMember(persona)
            | Self::UnbanMember(persona)
            | Self::ApproveRequest(persona)
            | Self::DeclineRequest(persona) => Some(*persona),
            Self::Join(_)
            | Self::AcceptInvite(..)
            | Self::Leave
            | Self::Update(..)
            | Self::Archive
            | Self::CreateInvite(_)
            | Self::RevokeInvite(_) => None,
        }
    }
}

/// Everything on which a decision depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionContext {
    pub circle: Circle,
    /// Membership of the actor, past or present.
    pub actor: Option<MembershipRecord>,
    /// Membership of the persona that the command names, past or present.
    pub subject: Option<MembershipRecord>,
    pub owner_count: u32,
    /// The invite that the command names, if it belongs to this circle and is valid.
    pub invite: Option<Invite>,
    /// Number of valid invites.
    pub invite_count: u32,
}

/// Outcome of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CircleOutcome {
    /// The circle already is in the requested state.
    Unchanged,
    /// The actor has this status now. The persona applies if the actor has no membership record yet.
    ActorChanged(PersonaId, MembershipStatus),
    /// The subject of the command has this status now.
    SubjectChanged(MembershipStatus),
    SettingsChanged(CircleUpdate),
    Archived,
    InviteCreated(Invite),
    InviteRevoked(Invite),
}

/// Reason for which a command is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CircleError {
    /// The circle does not exist, or the caller cannot see it.
    #[error("circle not found")]
    CircleNotFound,
    /// The invite does not exist, or is not valid.
    #[error("invite not found")]
    InviteNotFound,
    /// The persona has no membership in the circle, or the caller cannot see it.
    #[error("member not found")]
    MemberNotFound,
    #[error("not a member of this circle")]
    NotAMember,
    #[error("insufficient role in this circle")]
    RoleTooLow,
    /// A circle that is not archived has at least one owner.
    #[error("the last owner must transfer or archive the circle first")]
    LastOwner,
    #[error("join request was declined; retry after 7 days")]
    RequestDeclined,
    #[error("circle is full")]
    Full,
    #[error("circle is archived")]
    Archived,
    #[error("circle was closed by staff")]
    Closed,
    /// Texts that were written in private stay private.
    #[error("a private circle cannot become public")]
    PrivateIsPermanent,
    #[error("etag does not match the current version")]
    EtagMismatch,
    #[error("circle has the maximum of 100 invites; revoke one first")]
    TooManyInvites,
}
