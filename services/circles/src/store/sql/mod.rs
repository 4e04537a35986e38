//! Store on Postgres and SQLite.
//!
//! | file | contents |
//! | --- | --- |
//! | here | the operations of [`Store`] |
//! | `context` | the context of a decision, loaded under the lock |
//! | `save` | writes under the lock |
//! | `rows` | conversion of rows |

mod context;
mod rows;
mod save;

use std::collections::BTreeSet;

use async_trait::async_trait;
use kith_kernel::{Category, CircleId, InviteId, PersonaId, Timestamp, UserId, event::CircleChange, ports::CircleRole};
use kith_storage::{
    StoreResult, sql,
    sql::{Database, Engine, SqlTimestamp, Sqlite},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use self::{
    rows::{CircleViewRow, InviteRow, LogEntryRow, MembershipRow, stored_status},
    save::SqlUnit,
};
use super::{CircleLogEntry, CircleView, Closure, Locked, MemberCursor, MemberFilter, Store};
use crate::{
    domain::{ActorStamp, Circle, Invite, InviteCodeDigest, LogAction, MembershipRecord, role_rank},
    policy::{CommandRequest, circle_event},
};

/// Namespace of the lock on a circle.
const LOCK_NAMESPACE: &str = "circles";

/// Store in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn create(&self, circle: &Circle, owner: &MembershipRecord, stamp: &ActorStamp) -> StoreResult<Circle> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, circle.id.uuid().as_bytes()).await?;
        if let Some(existing) = Self::find_circle(&mut tx, circle.id).await? {
            let own_membership = Self::find_membership(&mut tx, circle.id, owner.user).await?;
            if own_membership.is_some() {
                tx.rollback().await?;
                return Ok(existing);
            }
        }
        SqlUnit::<Db>::insert_circle(&mut tx, circle).await?;
        SqlUnit::<Db>::upsert_membership(&mut tx, circle.id, owner).await?;
        SqlUnit::<Db>::append_log(&mut tx, circle.id, stamp, LogAction::Created, None).await?;
        tx.append_events(&[circle_event(circle.id, stamp, CircleChange::Created, Some(owner.user))]).await?;
        tx.commit().await?;
        Ok(circle.clone())
    }

    async fn lock(&self, request: &CommandRequest) -> StoreResult<Option<Locked>> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, request.circle.uuid().as_bytes()).await?;
        let Some(context) = Self::load_context(&mut tx, request).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        Ok(Some(Locked::new(context, Box::new(SqlUnit::new(self.database.clone(), tx)))))
    }

    async fn set_closed(&self, circle: CircleId, closure: Closure, stamp: &ActorStamp) -> StoreResult<()> {
        let (closed_at, condition, action, change) = match closure {
            Closure::Closed => {
                (Some(SqlTimestamp(stamp.at)), "IS NULL", LogAction::Closed, CircleChange::ClosedByStaff)
            }
            Closure::Open => (None, "IS NOT NULL", LogAction::Reopened, CircleChange::ReopenedByStaff),
        };
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, circle.uuid().as_bytes()).await?;
        let update = format!("UPDATE circles SET closed_at = $2 WHERE id = $1 AND closed_at {condition}");
        let updated = sqlx::query(AssertSqlSafe(update)).bind(circle.uuid()).bind(closed_at).execute(&mut *tx).await?;
        if updated.rows_affected() == 0 {
            return tx.rollback().await;
        }
        SqlUnit::<Db>::append_log(&mut tx, circle, stamp, action, None).await?;
        tx.append_events(&[circle_event(circle, stamp, change, None)]).await?;
        tx.commit().await
    }

    async fn find_for(&self, circle: CircleId, user: UserId) -> StoreResult<Option<CircleView>> {
        let select = format!("{} WHERE circles.id = $2", CircleViewRow::select());
        let row: Option<CircleViewRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(circle.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(CircleViewRow::into_view).transpose()
    }

    async fn find_member(&self, circle: CircleId, persona: PersonaId) -> StoreResult<Option<MembershipRecord>> {
        let select = format!("{} WHERE circle = $1 AND persona = $2", MembershipRow::SELECT);
        let row: Option<MembershipRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(persona.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(MembershipRow::into_record).transpose()
    }

    async fn find_owner(&self, circle: CircleId) -> StoreResult<Option<MembershipRecord>> {
        let select = format!(
            "{} WHERE circle = $1 AND status = 'member' AND role = $2 ORDER BY since, persona LIMIT 1",
            MembershipRow::SELECT
        );
        let row: Option<MembershipRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(role_rank(Some(CircleRole::Owner)))
            .fetch_optional(self.database.reader())
            .await?;
        row.map(MembershipRow::into_record).transpose()
    }

    async fn find_invite(&self, code: &InviteCodeDigest, now: Timestamp) -> StoreResult<Option<Invite>> {
        let select = format!("{} WHERE code_digest = $1 AND expires_at > $2", InviteRow::SELECT);
        let row: Option<InviteRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(code.0.as_slice())
            .bind(SqlTimestamp(now))
            .fetch_optional(self.database.reader())
            .await?;
        row.map(InviteRow::into_invite).transpose()
    }

    async fn list_public(
        &self,
        viewer: UserId,
        category: Option<Category>,
        before: Option<CircleId>,
        limit: i64,
    ) -> StoreResult<Vec<CircleView>> {
        let in_category = if category.is_some() { "AND circles.category = $4" } else { "" };
        let select = format!(
            "{} WHERE circles.archived_at IS NULL AND circles.closed_at IS NULL AND circles.access <> 'private'
                AND circles.id < $2 {in_category} AND (members.status IS NULL OR members.status <> 'banned')
             ORDER BY circles.id DESC LIMIT $3",
            CircleViewRow::select()
        );
        let mut query = sqlx::query_as(AssertSqlSafe(select))
            .bind(viewer.uuid())
            .bind(before.map_or(Uuid::max(), CircleId::uuid))
            .bind(limit);
        if let Some(category) = category {
            query = query.bind(category.slug());
        }
        let rows: Vec<CircleViewRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(CircleViewRow::into_view).collect()
    }

    async fn list_own(&self, user: UserId, before: Option<CircleId>, limit: i64) -> StoreResult<Vec<CircleView>> {
        let select = format!(
            "{} WHERE members.status = 'member' AND circles.id < $2 ORDER BY circles.id DESC LIMIT $3",
            CircleViewRow::select()
        );
        let rows: Vec<CircleViewRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(before.map_or(Uuid::max(), CircleId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(CircleViewRow::into_view).collect()
    }

    async fn circles_of(&self, user: UserId) -> StoreResult<BTreeSet<CircleId>> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT circle FROM circle_members JOIN circles ON circles.id = circle_members.circle
                 WHERE account = $1 AND status = 'member' AND closed_at IS NULL",
        )
        .bind(user.uuid())
        .fetch_all(self.database.reader())
        .await?;
        Ok(rows.into_iter().map(|(circle,)| CircleId::from_uuid(circle)).collect())
    }

    async fn list_members(
        &self,
        circle: CircleId,
        filter: MemberFilter,
        after: Option<MemberCursor>,
        limit: i64,
    ) -> StoreResult<Vec<MembershipRecord>> {
        let select = format!(
            "{} WHERE circle = $1 AND status = $2 AND (role < $3 OR (role = $3 AND persona > $4))
             ORDER BY role DESC, persona LIMIT $5",
            MembershipRow::SELECT
        );
        let rows: Vec<MembershipRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(stored_status(filter))
            .bind(after.map_or(i64::MAX, |cursor| role_rank(cursor.role)))
            .bind(after.map_or(Uuid::nil(), |cursor| cursor.persona.uuid()))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(MembershipRow::into_record).collect()
    }

    async fn list_invites(
        &self,
        circle: CircleId,
        now: Timestamp,
        after: Option<InviteId>,
        limit: i64,
    ) -> StoreResult<Vec<Invite>> {
        let select =
            format!("{} WHERE circle = $1 AND expires_at > $2 AND id > $3 ORDER BY id LIMIT $4", InviteRow::SELECT);
        let rows: Vec<InviteRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(SqlTimestamp(now))
            .bind(after.map_or(Uuid::nil(), InviteId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(InviteRow::into_invite).collect()
    }

    async fn list_log(&self, circle: CircleId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<CircleLogEntry>> {
        let is_older = if before.is_some() {
            "AND log.id < (SELECT id FROM circle_log WHERE circle = $1 AND token = $3)"
        } else {
            ""
        };
        let select = format!("{} {is_older} ORDER BY log.id DESC LIMIT $2", LogEntryRow::SELECT);
        let mut query = sqlx::query_as(AssertSqlSafe(select)).bind(circle.uuid()).bind(limit);
        if let Some(token) = before {
            query = query.bind(token);
        }
        let rows: Vec<LogEntryRow> = query.fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(LogEntryRow::into_entry).collect())
    }
}
