//! Changes that a decision makes.

use kith_kernel::{
    CircleId, Event, EventPayload, InviteId, UserId,
    event::{CircleChange, CircleEvent},
};

use super::{
    commands::{CircleCommand, CircleOutcome, CommandRequest, DecisionContext},
    rules::can_invite,
};
use crate::domain::{Access, ActorStamp, Circle, CircleUpdate, Invite, LogAction, MembershipRecord, MembershipStatus};

/// Changes of one circle, with their log entry and event. They are saved in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CircleChanges {
    pub circle_id: CircleId,
    pub stamp: ActorStamp,
    /// New state of the circle; `None` if it does not change.
    pub circle: Option<Circle>,
    /// Membership to insert or update.
    pub membership: Option<MembershipRecord>,
    /// True if all pending join requests are withdrawn.
    pub withdraws_requests: bool,
    /// Changes of invites, in this order.
    pub invites: Vec<InviteChange>,
    pub log_action: LogAction,
    /// The account that the log entry names.
    pub log_target: Option<UserId>,
    pub event: Option<Event>,
}

/// Change of the invites of a circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InviteChange {
    /// Inserts the invite. An existing invite with this id gets the new code: the client never received the old one.
    Create(Invite),
    SetUsesLeft(InviteId, u32),
    Delete(InviteId),
    /// Deletes all invites that the account created.
    DeleteCreatedBy(UserId),
    DeleteAll,
}

/// State of the circle, the actor and the subject after a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandResult {
    pub circle: Circle,
    pub actor: Option<MembershipRecord>,
    pub subject: Option<MembershipRecord>,
}

impl CommandResult {
    /// Returns the result of a command that changes nothing.
    #[must_use]
    pub fn unchanged(context: &DecisionContext) -> Self {
        Self { circle: context.circle.clone(), actor: context.actor, subject: context.subject }
    }

    /// Returns the result of a command with these changes.
    #[must_use]
    pub fn after(context: &DecisionContext, changes: &CircleChanges) -> Self {
        let before = Self::unchanged(context);
        let membership_of =
            |user: Option<UserId>| changes.membership.filter(|membership| Some(membership.user) == user);
        Self {
            circle: changes.circle.clone().unwrap_or(before.circle),
            actor: membership_of(Some(changes.stamp.actor)).or(before.actor),
            subject: membership_of(before.subject.map(|subject| subject.user)).or(before.subject),
        }
    }
}

/// Returns the changes of an outcome; `None` if nothing changes.
#[must_use]
pub fn changes_for(
    context: &DecisionContext,
    request: &CommandRequest,
    outcome: CircleOutcome,
) -> Option<CircleChanges> {
    let (user, at) = (request.stamp.actor, request.stamp.at);
    match outcome {
        CircleOutcome::Unchanged => None,
        CircleOutcome::ActorChanged(persona, status) => {
            let persona = context.actor.map_or(persona, |actor| actor.persona);
            let after = MembershipRecord { user, persona, status, since: at };
            let mut changes = membership_changes(context, request, context.actor, after);
            if let (CircleCommand::AcceptInvite(..), Some(invite)) = (&request.command, &context.invite) {
                changes.invites.push(use_invite(invite));
            }
            Some(changes)
        }
        CircleOutcome::SubjectChanged(status) => {
            let before = context.subject?;
            // A change of the role keeps the time of joining.
            let is_role_change = before.status.role().is_some() && status.role().is_some();
            let since = if is_role_change { before.since } else { at };
            Some(membership_changes(context, request, Some(before), MembershipRecord { status, since, ..before }))
        }
        CircleOutcome::SettingsChanged(update) => Some(settings_changes(context, request, update)),
        CircleOutcome::Archived => Some(CircleChanges {
            circle: Some(Circle { archived_at: Some(at), ..context.circle.clone() }),
            withdraws_requests: true,
            invites: vec![InviteChange::DeleteAll],
            event: Some(circle_event(context.circle.id, &request.stamp, CircleChange::Archived, None)),
            ..log_only(context, request)
        }),
        CircleOutcome::InviteCreated(invite) => {
            Some(CircleChanges { invites: vec![InviteChange::Create(invite)], ..log_only(context, request) })
        }
        CircleOutcome::InviteRevoked(invite) => Some(CircleChanges {
            invites: vec![InviteChange::Delete(invite.id)],
            log_target: Some(invite.creator),
            ..log_only(context, request)
        }),
    }
}

/// Builds the event of a change of a circle.
#[must_use]
pub fn circle_event(circle: CircleId, stamp: &ActorStamp, change: CircleChange, member: Option<UserId>) -> Event {
    let payload = EventPayload::Circle(CircleEvent { circle, change, member });
    Event { id: stamp.event, at: stamp.at, actor: stamp.actor, payload }
}

/// Returns changes that contain only the log entry of the command.
fn log_only(context: &DecisionContext, request: &CommandRequest) -> CircleChanges {
    CircleChanges {
        circle_id: context.circle.id,
        stamp: request.stamp,
        circle: None,
        membership: None,
        withdraws_requests: false,
        invites: Vec::new(),
        log_action: request.command.log_action(),
        log_target: None,
        event: None,
    }
}

fn membership_changes(
    context: &DecisionContext,
    request: &CommandRequest,
    before: Option<MembershipRecord>,
    after: MembershipRecord,
) -> CircleChanges {
    let before = before.map(|before| before.status);
    let was_member = before.and_then(MembershipStatus::role).is_some();
    let circle = &context.circle;
    let member_count = match (was_member, after.status.role().is_some()) {
        (false, true) => circle.member_count.saturating_add(1),
        (true, false) => circle.member_count.saturating_sub(1),
        (true, true) | (false, false) => circle.member_count,
    };
    let revoked_invites = (!can_invite(after.status)).then_some(InviteChange::DeleteCreatedBy(after.user));
    let log = log_only(context, request);
    let event = event_for(before, after.status);
    CircleChanges {
        circle: (member_count != circle.member_count).then(|| Circle { member_count, ..circle.clone() }),
        membership: Some(after),
        invites: revoked_invites.into_iter().collect(),
        log_action: if after.status == MembershipStatus::Requested { LogAction::JoinRequested } else { log.log_action },
        log_target: Some(after.user),
        event: event.map(|change| circle_event(circle.id, &request.stamp, change, Some(after.user))),
        ..log
    }
}

fn settings_changes(context: &DecisionContext, request: &CommandRequest, update: CircleUpdate) -> CircleChanges {
    let settings = update.apply(&context.circle.settings);
    let version = context.circle.version.saturating_add(1);
    CircleChanges {
        // Only circles with access by request have join requests.
        withdraws_requests: settings.access != Access::ByRequest,
        circle: Some(Circle { settings, version, ..context.circle.clone() }),
        event: Some(circle_event(context.circle.id, &request.stamp, CircleChange::Updated, None)),
        ..log_only(context, request)
    }
}

const fn use_invite(invite: &Invite) -> InviteChange {
    if invite.uses_left < 2 {
        InviteChange::Delete(invite.id)
    } else {
        InviteChange::SetUsesLeft(invite.id, invite.uses_left - 1)
    }
}

/// Returns the change that is published when a membership changes.
const fn event_for(before: Option<MembershipStatus>, after: MembershipStatus) -> Option<CircleChange> {
    use MembershipStatus::{Banned, Declined, Left, Member, Requested};
    match (before, after) {
        (Some(Member(_)), Member(_)) => Some(CircleChange::RoleChanged),
        (_, Member(_)) => Some(CircleChange::Joined),
        (Some(Member(_)), Requested | Left | Declined | Banned) => Some(CircleChange::Left),
        (_, Requested) => Some(CircleChange::JoinRequested),
        (_, Left | Declined | Banned) => None,
    }
}
