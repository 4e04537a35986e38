//! The context of a decision, loaded under the lock of its circle.

use kith_kernel::{CircleId, UserId, ports::CircleRole};
use kith_storage::{
    StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql,
    rows::{CIRCLE_COLUMNS, CircleRow, InviteRow, MembershipRow},
};
use crate::{
    domain::{Circle, Invite, MembershipRecord, role_rank},
    policy::{CircleCommand, CommandRequest, DecisionContext},
};

#[sql]
impl Sql<Db> {
    pub(super) async fn load_context(
        tx: &mut Tx<Db>,
        request: &CommandRequest,
    ) -> StoreResult<Option<DecisionContext>> {
        let Some(circle) = Self::find_circle(tx, request.circle).await? else { return Ok(None) };
        let actor = Self::find_membership(tx, request.circle, request.stamp.actor).await?;
        let subject = match request.command.subject() {
            Some(persona) => {
                let condition = "circle = $1 AND persona = $2";
                Self::find_membership_where(tx, condition, request.circle, persona.uuid()).await?
            }
            None => None,
        };
        let (owners,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM circle_members WHERE circle = $1 AND status = 'member' AND role = $2")
                .bind(request.circle.uuid())
                .bind(role_rank(Some(CircleRole::Owner)))
                .fetch_one(&mut **tx)
                .await?;
        let (invites,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM circle_invites WHERE circle = $1 AND expires_at > $2")
                .bind(request.circle.uuid())
                .bind(SqlTimestamp(request.stamp.at))
                .fetch_one(&mut **tx)
                .await?;
        Ok(Some(DecisionContext {
            circle,
            actor,
            subject,
            owner_count: u32::try_from(owners).unwrap_or(u32::MAX),
            invite: Self::find_named_invite(tx, request).await?,
            invite_count: u32::try_from(invites).unwrap_or(u32::MAX),
        }))
    }

    pub(super) async fn find_circle(tx: &mut Tx<Db>, circle: CircleId) -> StoreResult<Option<Circle>> {
        let select = format!("SELECT {CIRCLE_COLUMNS} FROM circles WHERE id = $1");
        let row: Option<CircleRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(circle.uuid()).fetch_optional(&mut **tx).await?;
        row.map(CircleRow::into_circle).transpose()
    }

    pub(super) async fn find_membership(
        tx: &mut Tx<Db>,
        circle: CircleId,
        user: UserId,
    ) -> StoreResult<Option<MembershipRecord>> {
        Self::find_membership_where(tx, "circle = $1 AND account = $2", circle, user.uuid()).await
    }

    async fn find_membership_where(
        tx: &mut Tx<Db>,
        condition: &'static str,
        circle: CircleId,
        id: Uuid,
    ) -> StoreResult<Option<MembershipRecord>> {
        let select = format!("{} WHERE {condition}", MembershipRow::SELECT);
        let row: Option<MembershipRow> =
            sqlx::query_as(AssertSqlSafe(select)).bind(circle.uuid()).bind(id).fetch_optional(&mut **tx).await?;
        row.map(MembershipRow::into_record).transpose()
    }

    /// Returns the invite that the command names, if it belongs to the circle and is valid.
    async fn find_named_invite(tx: &mut Tx<Db>, request: &CommandRequest) -> StoreResult<Option<Invite>> {
        let select = |column| format!("{} WHERE {column} = $1 AND circle = $2 AND expires_at > $3", InviteRow::SELECT);
        let query = if let CircleCommand::AcceptInvite(code, _) = &request.command {
            sqlx::query_as(AssertSqlSafe(select("code_digest"))).bind(code.0.as_slice())
        } else if let CircleCommand::RevokeInvite(invite) = &request.command {
            sqlx::query_as(AssertSqlSafe(select("id"))).bind(invite.uuid())
        } else {
            return Ok(None);
        };
        let row: Option<InviteRow> =
            query.bind(request.circle.uuid()).bind(SqlTimestamp(request.stamp.at)).fetch_optional(&mut **tx).await?;
        row.map(InviteRow::into_invite).transpose()
    }
}
