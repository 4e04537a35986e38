//! Writes under the lock of a circle.

use async_trait::async_trait;
use kith_kernel::{CircleId, UserId};
use kith_storage::{
    StoreResult, sql,
    sql::{Database, Engine, SqlTimestamp, Tx},
};

use crate::{
    domain::{
        ActorStamp, Circle, CircleSettings, Invite, LogAction, MembershipRecord, MembershipStatus, role_rank,
        untimed_id,
    },
    policy::{CircleChanges, InviteChange},
    store::UnitOfWork,
};

/// Transaction that holds the lock of a circle.
pub(super) struct SqlUnit<D: Engine> {
    database: Database<D>,
    tx: Tx<D>,
}

impl<D: Engine> SqlUnit<D> {
    pub(super) const fn new(database: Database<D>, tx: Tx<D>) -> Self {
        Self { database, tx }
    }
}

#[sql]
#[async_trait]
impl UnitOfWork for SqlUnit<Db> {
    // The limit is applied in the body, because the call consumes the transaction.
    #[no_timeout]
    async fn save(self: Box<Self>, changes: &CircleChanges) -> StoreResult<()> {
        let Self { database, mut tx } = *self;
        let write = async move {
            Self::write(&mut tx, changes).await?;
            tx.append_events(changes.event.as_slice()).await?;
            tx.commit().await
        };
        database.with_timeout(write).await
    }
}

#[sql]
impl SqlUnit<Db> {
    async fn write(tx: &mut Tx<Db>, changes: &CircleChanges) -> StoreResult<()> {
        if let Some(circle) = &changes.circle {
            Self::update_circle(tx, circle).await?;
        }
        if let Some(membership) = &changes.membership {
            Self::upsert_membership(tx, changes.circle_id, membership).await?;
        }
        if changes.withdraws_requests {
            Self::withdraw_requests(tx, changes).await?;
        }
        for change in &changes.invites {
            Self::apply_invite_change(tx, changes, change).await?;
        }
        Self::append_log(tx, changes.circle_id, &changes.stamp, changes.log_action, changes.log_target).await
    }

    pub(super) async fn insert_circle(tx: &mut Tx<Db>, circle: &Circle) -> StoreResult<()> {
        let CircleSettings { name, about, rules, category, access, max_members } = &circle.settings;
        sqlx::query(
            "INSERT INTO circles (id, name, about, rules, category, access, max_members, member_count, count_offset,
                created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(circle.id.uuid())
        .bind(name.as_str())
        .bind(about.as_str())
        .bind(rules.as_str())
        .bind(category.slug())
        .bind(access.as_str())
        .bind(i64::from(max_members.get()))
        .bind(i64::from(circle.member_count))
        .bind(i64::from(circle.count_offset.get()))
        .bind(SqlTimestamp(circle.created_at))
        .bind(circle.version)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Updates everything that a command can change. Staff change `closed_at`.
    async fn update_circle(tx: &mut Tx<Db>, circle: &Circle) -> StoreResult<()> {
        let CircleSettings { name, about, rules, category, access, max_members } = &circle.settings;
        sqlx::query(
            "UPDATE circles SET name = $2, about = $3, rules = $4, category = $5, access = $6, max_members = $7,
                member_count = $8, archived_at = $9, version = $10
             WHERE id = $1",
        )
        .bind(circle.id.uuid())
        .bind(name.as_str())
        .bind(about.as_str())
        .bind(rules.as_str())
        .bind(category.slug())
        .bind(access.as_str())
        .bind(i64::from(max_members.get()))
        .bind(i64::from(circle.member_count))
        .bind(circle.archived_at.map(SqlTimestamp))
        .bind(circle.version)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Inserts or updates a membership. The persona of an existing one does not change.
    pub(super) async fn upsert_membership(
        tx: &mut Tx<Db>,
        circle: CircleId,
        membership: &MembershipRecord,
    ) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO circle_members (circle, account, persona, status, role, since) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (circle, account) DO UPDATE
             SET status = excluded.status, role = excluded.role, since = excluded.since",
        )
        .bind(circle.uuid())
        .bind(membership.user.uuid())
        .bind(membership.persona.uuid())
        .bind(membership.status.as_str())
        .bind(role_rank(membership.status.role()))
        .bind(SqlTimestamp(membership.since))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn withdraw_requests(tx: &mut Tx<Db>, changes: &CircleChanges) -> StoreResult<()> {
        sqlx::query("UPDATE circle_members SET status = $2, since = $3 WHERE circle = $1 AND status = $4")
            .bind(changes.circle_id.uuid())
            .bind(MembershipStatus::Left.as_str())
            .bind(SqlTimestamp(changes.stamp.at))
            .bind(MembershipStatus::Requested.as_str())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    async fn apply_invite_change(tx: &mut Tx<Db>, changes: &CircleChanges, change: &InviteChange) -> StoreResult<()> {
        let circle = changes.circle_id.uuid();
        let query = match change {
            InviteChange::Create(invite) => return Self::insert_invite(tx, &changes.stamp, invite).await,
            InviteChange::SetUsesLeft(invite, uses_left) => {
                sqlx::query("UPDATE circle_invites SET uses_left = $3 WHERE circle = $1 AND id = $2")
                    .bind(circle)
                    .bind(invite.uuid())
                    .bind(i64::from(*uses_left))
            }
            InviteChange::Delete(invite) => {
                sqlx::query("DELETE FROM circle_invites WHERE circle = $1 AND id = $2").bind(circle).bind(invite.uuid())
            }
            InviteChange::DeleteCreatedBy(user) => {
                sqlx::query("DELETE FROM circle_invites WHERE circle = $1 AND creator = $2")
                    .bind(circle)
                    .bind(user.uuid())
            }
            InviteChange::DeleteAll => sqlx::query("DELETE FROM circle_invites WHERE circle = $1").bind(circle),
        };
        query.execute(&mut **tx).await?;
        Ok(())
    }

    /// Inserts an invite and deletes expired ones. An existing invite with this id gets the new code.
    async fn insert_invite(tx: &mut Tx<Db>, stamp: &ActorStamp, invite: &Invite) -> StoreResult<()> {
        sqlx::query("DELETE FROM circle_invites WHERE circle = $1 AND expires_at <= $2")
            .bind(invite.circle.uuid())
            .bind(SqlTimestamp(stamp.at))
            .execute(&mut **tx)
            .await?;
        sqlx::query(
            "INSERT INTO circle_invites (id, circle, creator, persona, code_digest, uses_left, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (id) DO UPDATE
             SET code_digest = excluded.code_digest, uses_left = excluded.uses_left, expires_at = excluded.expires_at
             WHERE circle_invites.circle = excluded.circle AND circle_invites.creator = excluded.creator",
        )
        .bind(invite.id.uuid())
        .bind(invite.circle.uuid())
        .bind(invite.creator.uuid())
        .bind(invite.persona.uuid())
        .bind(invite.code_digest.0.as_slice())
        .bind(i64::from(invite.uses_left))
        .bind(SqlTimestamp(invite.expires_at))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    pub(super) async fn append_log(
        tx: &mut Tx<Db>,
        circle: CircleId,
        stamp: &ActorStamp,
        action: LogAction,
        target: Option<UserId>,
    ) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO circle_log (id, token, circle, created_at, actor, action, target)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(stamp.event.uuid())
        .bind(untimed_id(stamp.event.uuid()))
        .bind(circle.uuid())
        .bind(SqlTimestamp(stamp.at))
        .bind(stamp.actor.uuid())
        .bind(action.as_str())
        .bind(target.map(UserId::uuid))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
