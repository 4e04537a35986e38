//! Contract of the store, for every adapter.

mod circles;
mod invites;
mod lists;
mod members;

use std::time::Duration;

use kith_circles::{
    Error,
    domain::{Circle, Invite, InviteCode, MembershipRecord, MembershipStatus, invite_id},
    policy::{CircleCommand, CircleError, CommandRequest, CommandResult},
    service,
    store::Store,
};
use kith_kernel::{CircleId, Clock as _, SystemEntropy, UserId, ports::CircleRole};

use crate::harness::{Harness, membership};

pub(super) const MEMBER: MembershipStatus = MembershipStatus::Member(CircleRole::Member);
pub(super) const KEEPER: MembershipStatus = MembershipStatus::Member(CircleRole::Keeper);
pub(super) const OWNER: MembershipStatus = MembershipStatus::Member(CircleRole::Owner);

/// Executes a command as the service does: lock, decide, save.
pub(crate) async fn execute(
    harness: &Harness,
    circle: CircleId,
    user: UserId,
    command: CircleCommand,
) -> Result<CommandResult, CircleError> {
    execute_on(&*harness.store, &CommandRequest { circle, stamp: harness.stamp(user), command }).await
}

pub(super) async fn execute_on(store: &dyn Store, request: &CommandRequest) -> Result<CommandResult, CircleError> {
    let result = service::execute(store, request).await;
    if let Err(Error::Rejected(error)) = result {
        return Err(error);
    }
    Ok(result.unwrap())
}

/// Joins a new account and returns its membership.
pub(super) async fn join(harness: &Harness, circle: &Circle) -> MembershipRecord {
    let new = membership(MEMBER);
    execute(harness, circle.id, new.user, CircleCommand::Join(new.persona)).await.unwrap();
    new
}

pub(super) fn new_invite(
    harness: &Harness,
    circle: &Circle,
    creator: &MembershipRecord,
    uses_left: u32,
) -> (Invite, InviteCode) {
    let code = InviteCode::random(&SystemEntropy);
    let invite = Invite {
        id: invite_id(None, &SystemEntropy),
        circle: circle.id,
        creator: creator.user,
        persona: creator.persona,
        code_digest: code.digest(),
        uses_left,
        expires_at: harness.clock.now().after(Duration::from_hours(1)),
    };
    (invite, code)
}

pub(super) async fn create_invite(
    harness: &Harness,
    circle: &Circle,
    creator: &MembershipRecord,
    uses: u32,
) -> (Invite, InviteCode) {
    let (invite, code) = new_invite(harness, circle, creator, uses);
    execute(harness, circle.id, creator.user, CircleCommand::CreateInvite(invite.clone())).await.unwrap();
    (invite, code)
}

pub(super) async fn count_invites(harness: &Harness, circle: &Circle) -> usize {
    harness.store.list_invites(circle.id, harness.clock.now(), None, 200).await.unwrap().len()
}
