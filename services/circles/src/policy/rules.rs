//! The rules of circles.

use kith_kernel::{PersonaId, Timestamp, ports::CircleRole};

use super::{
    MAX_INVITES, REJOIN_COOLDOWN,
    commands::{CircleCommand, CircleError, CircleOutcome, DecisionContext},
};
use crate::domain::{Access, Circle, CircleUpdate, Invite, MembershipRecord, MembershipStatus};

/// Returns true if a circle is visible to an account with this membership status.
///
/// A circle is always visible to its members, and never to banned accounts. It is visible to others while it is neither
/// archived nor closed, and is public or they have a valid invite.
#[must_use]
pub fn is_visible_to(circle: &Circle, status: Option<MembershipStatus>, invite: InviteStatus) -> bool {
    match status {
        Some(MembershipStatus::Member(_)) => true,
        Some(MembershipStatus::Banned) => false,
        Some(MembershipStatus::Requested | MembershipStatus::Left | MembershipStatus::Declined) | None => {
            let is_active = circle.archived_at.is_none() && circle.closed_at.is_none();
            is_active && (circle.settings.access != Access::Private || invite == InviteStatus::Valid)
        }
    }
}

/// State of the invite that a caller presents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InviteStatus {
    /// A valid invite to this circle.
    Valid,
    /// No invite, or an invalid one.
    None,
}

/// Decides the outcome of a command at `now`.
///
/// # Errors
/// [`CircleError`] if a rule rejects the command.
pub fn decide(
    context: &DecisionContext,
    command: &CircleCommand,
    now: Timestamp,
) -> Result<CircleOutcome, CircleError> {
    let status = context.actor.map(|actor| actor.status);
    if let CircleCommand::AcceptInvite(_, persona) = command {
        return accept_invite(context, status, *persona);
    }
    if !is_visible_to(&context.circle, status, InviteStatus::None) {
        return Err(CircleError::CircleNotFound);
    }
    // A member can leave a closed circle, and its owner can archive it.
    if !matches!(command, CircleCommand::Leave | CircleCommand::Archive) {
        ensure_not_closed(&context.circle)?;
    }
    if let Some(role) = required_role(command) {
        require_role(role, status)?;
    }
    match command {
        CircleCommand::Join(persona) => join(context, status, *persona, now),
        CircleCommand::Leave => leave(context, status),
        CircleCommand::AcceptInvite(..) => Err(CircleError::InviteNotFound),
        CircleCommand::ChangeRole(_, role) => change_role(context, member_role(status)?, *role),
        CircleCommand::RemoveMember(_) => remove_member(context, member_role(status)?, MembershipStatus::Left),
        CircleCommand::BanMember(_) => remove_member(context, member_role(status)?, MembershipStatus::Banned),
        CircleCommand::UnbanMember(_) => unban_member(context),
        CircleCommand::ApproveRequest(_) => approve_request(context),
        CircleCommand::DeclineRequest(_) => decline_request(context),
        CircleCommand::Update(version, update) => update_settings(context, *version, update),
        CircleCommand::Archive if context.circle.archived_at.is_some() => Ok(CircleOutcome::Unchanged),
        CircleCommand::Archive => Ok(CircleOutcome::Archived),
        CircleCommand::CreateInvite(invite) => create_invite(context, invite, now),
        CircleCommand::RevokeInvite(_) => {
            Ok(context.invite.clone().map_or(CircleOutcome::Unchanged, CircleOutcome::InviteRevoked))
        }
    }
}

/// Returns the lowest role that can give the command; `None` if non-members can give it.
const fn required_role(command: &CircleCommand) -> Option<CircleRole> {
    match command {
        CircleCommand::Join(_) | CircleCommand::AcceptInvite(..) | CircleCommand::Leave => None,
        CircleCommand::ChangeRole(..) => Some(CircleRole::Member),
        CircleCommand::RemoveMember(_)
        | CircleCommand::BanMember(_)
        | CircleCommand::UnbanMember(_)
        | CircleCommand::ApproveRequest(_)
        | CircleCommand::DeclineRequest(_)
        | CircleCommand::CreateInvite(_)
        | CircleCommand::RevokeInvite(_) => Some(CircleRole::Keeper),
        CircleCommand::Update(..) | CircleCommand::Archive => Some(CircleRole::Owner),
    }
}

/// Checks that staff have not closed the circle. Call it only for callers to whom the circle is visible.
///
/// # Errors
/// [`CircleError::Closed`].
pub const fn ensure_not_closed(circle: &Circle) -> Result<(), CircleError> {
    if circle.closed_at.is_some() { Err(CircleError::Closed) } else { Ok(()) }
}

/// Returns the role of a member.
///
/// # Errors
/// [`CircleError::NotAMember`].
pub fn member_role(status: Option<MembershipStatus>) -> Result<CircleRole, CircleError> {
    status.and_then(MembershipStatus::role).ok_or(CircleError::NotAMember)
}

/// Returns the role of a member whose role is at least `required`.
///
/// # Errors
/// [`CircleError::NotAMember`], [`CircleError::RoleTooLow`].
pub fn require_role(required: CircleRole, status: Option<MembershipStatus>) -> Result<CircleRole, CircleError> {
    let role = member_role(status)?;
    if role < required { Err(CircleError::RoleTooLow) } else { Ok(role) }
}

/// Returns true if an account with this status can have invites.
pub(super) fn can_invite(status: MembershipStatus) -> bool {
    status.role().is_some_and(|role| role >= CircleRole::Keeper)
}

const fn ensure_room(circle: &Circle) -> Result<(), CircleError> {
    if circle.archived_at.is_some() {
        return Err(CircleError::Archived);
    }
    if circle.member_count < circle.settings.max_members.get() { Ok(()) } else { Err(CircleError::Full) }
}

const fn ensure_not_archived(circle: &Circle) -> Result<(), CircleError> {
    if circle.archived_at.is_some() { Err(CircleError::Archived) } else { Ok(()) }
}

fn join(
    context: &DecisionContext,
    status: Option<MembershipStatus>,
    persona: PersonaId,
    now: Timestamp,
) -> Result<CircleOutcome, CircleError> {
    if let Some(MembershipStatus::Member(_)) = status {
        return Ok(CircleOutcome::Unchanged);
    }
    match context.circle.settings.access {
        Access::Private => Err(CircleError::CircleNotFound),
        Access::ByRequest if status == Some(MembershipStatus::Requested) => Ok(CircleOutcome::Unchanged),
        Access::ByRequest if is_cooling_down(context.actor, now) => Err(CircleError::RequestDeclined),
        Access::ByRequest => Ok(CircleOutcome::ActorChanged(persona, MembershipStatus::Requested)),
        Access::Open => {
            ensure_room(&context.circle)?;
            Ok(CircleOutcome::ActorChanged(persona, MembershipStatus::Member(CircleRole::Member)))
        }
    }
}

/// Returns true if the join request of the actor was declined less than [`REJOIN_COOLDOWN`] ago.
fn is_cooling_down(actor: Option<MembershipRecord>, now: Timestamp) -> bool {
    actor.is_some_and(|actor| actor.status == MembershipStatus::Declined && now < actor.since.after(REJOIN_COOLDOWN))
}

/// An invite replaces the approval by a keeper and ends the cool-down after a declined request.
fn accept_invite(
    context: &DecisionContext,
    status: Option<MembershipStatus>,
    persona: PersonaId,
) -> Result<CircleOutcome, CircleError> {
    let circle = &context.circle;
    let is_visible = is_visible_to(circle, status, InviteStatus::Valid);
    if context.invite.is_none() || circle.closed_at.is_some() || !is_visible {
        return Err(CircleError::InviteNotFound);
    }
    if let Some(MembershipStatus::Member(_)) = status {
        return Ok(CircleOutcome::Unchanged);
    }
    ensure_room(circle)?;
    Ok(CircleOutcome::ActorChanged(persona, MembershipStatus::Member(CircleRole::Member)))
}

fn leave(context: &DecisionContext, status: Option<MembershipStatus>) -> Result<CircleOutcome, CircleError> {
    match (context.actor, status) {
        (Some(actor), Some(MembershipStatus::Member(role))) => {
            // The last owner can leave an archived circle.
            if role == CircleRole::Owner && context.owner_count < 2 && context.circle.archived_at.is_none() {
                return Err(CircleError::LastOwner);
            }
            Ok(CircleOutcome::ActorChanged(actor.persona, MembershipStatus::Left))
        }
        (Some(actor), Some(MembershipStatus::Requested)) => {
            Ok(CircleOutcome::ActorChanged(actor.persona, MembershipStatus::Left))
        }
        _ => Ok(CircleOutcome::Unchanged),
    }
}

/// An owner can give any role to a member who is not an owner. Every member can lower their own role.
fn change_role(context: &DecisionContext, own: CircleRole, role: CircleRole) -> Result<CircleOutcome, CircleError> {
    ensure_not_archived(&context.circle)?;
    let subject = context.subject.ok_or(CircleError::MemberNotFound)?;
    let current = subject.status.role().ok_or(CircleError::MemberNotFound)?;
    let is_own_role = context.actor.is_some_and(|actor| actor.user == subject.user);
    if current == role && (is_own_role || own == CircleRole::Owner) {
        return Ok(CircleOutcome::Unchanged);
    }
    let is_allowed = if is_own_role { role < own } else { own == CircleRole::Owner && current < CircleRole::Owner };
    if !is_allowed {
        return Err(CircleError::RoleTooLow);
    }
    if current == CircleRole::Owner && context.owner_count < 2 {
        return Err(CircleError::LastOwner);
    }
    Ok(CircleOutcome::SubjectChanged(MembershipStatus::Member(role)))
}

/// Removes or bans a past or present member, also one whom the keeper blocks or who blocks the keeper.
///
/// A member therefore cannot escape keepers by blocking them, and the response does not reveal to a keeper whether a
/// hidden member exists.
fn remove_member(
    context: &DecisionContext,
    own: CircleRole,
    target: MembershipStatus,
) -> Result<CircleOutcome, CircleError> {
    let subject = context.subject.ok_or(CircleError::MemberNotFound)?;
    match subject.status {
        MembershipStatus::Member(role) if role >= own => Err(CircleError::RoleTooLow),
        status if status == target => Ok(CircleOutcome::Unchanged),
        // Removal neither lifts a ban nor shortens the cool-down after a declined request.
        MembershipStatus::Declined if target == MembershipStatus::Left => Ok(CircleOutcome::Unchanged),
        MembershipStatus::Banned => Ok(CircleOutcome::Unchanged),
        MembershipStatus::Member(_)
        | MembershipStatus::Requested
        | MembershipStatus::Left
        | MembershipStatus::Declined => Ok(CircleOutcome::SubjectChanged(target)),
    }
}

fn unban_member(context: &DecisionContext) -> Result<CircleOutcome, CircleError> {
    let subject = context.subject.ok_or(CircleError::MemberNotFound)?;
    match subject.status {
        MembershipStatus::Banned => Ok(CircleOutcome::SubjectChanged(MembershipStatus::Left)),
        MembershipStatus::Requested
        | MembershipStatus::Member(_)
        | MembershipStatus::Left
        | MembershipStatus::Declined => Ok(CircleOutcome::Unchanged),
    }
}

fn approve_request(context: &DecisionContext) -> Result<CircleOutcome, CircleError> {
    let subject = context.subject.ok_or(CircleError::MemberNotFound)?;
    match subject.status {
        MembershipStatus::Member(_) => Ok(CircleOutcome::Unchanged),
        MembershipStatus::Left | MembershipStatus::Declined | MembershipStatus::Banned => {
            Err(CircleError::MemberNotFound)
        }
        MembershipStatus::Requested => {
            ensure_room(&context.circle)?;
            Ok(CircleOutcome::SubjectChanged(MembershipStatus::Member(CircleRole::Member)))
        }
    }
}

fn decline_request(context: &DecisionContext) -> Result<CircleOutcome, CircleError> {
    let subject = context.subject.ok_or(CircleError::MemberNotFound)?;
    match subject.status {
        MembershipStatus::Requested => Ok(CircleOutcome::SubjectChanged(MembershipStatus::Declined)),
        MembershipStatus::Left | MembershipStatus::Declined => Ok(CircleOutcome::Unchanged),
        MembershipStatus::Member(_) | MembershipStatus::Banned => Err(CircleError::MemberNotFound),
    }
}

fn update_settings(
    context: &DecisionContext,
    version: i64,
    update: &CircleUpdate,
) -> Result<CircleOutcome, CircleError> {
    ensure_not_archived(&context.circle)?;
    if context.circle.version != version {
        return Err(CircleError::EtagMismatch);
    }
    let is_private = context.circle.settings.access == Access::Private;
    if is_private && update.access.is_some_and(|access| access != Access::Private) {
        return Err(CircleError::PrivateIsPermanent);
    }
    Ok(CircleOutcome::SettingsChanged(update.clone()))
}

fn create_invite(context: &DecisionContext, invite: &Invite, now: Timestamp) -> Result<CircleOutcome, CircleError> {
    ensure_not_archived(&context.circle)?;
    if invite.expires_at <= now {
        return Err(CircleError::InviteNotFound);
    }
    if context.invite_count >= MAX_INVITES {
        return Err(CircleError::TooManyInvites);
    }
    Ok(CircleOutcome::InviteCreated(invite.clone()))
}
