//! Circles in Postgres and in SQLite.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the promises |
//! | `deeds` | what is read before something is decided, and what is written after |
//! | `invites` | the same of ways in |
//! | `rows` | rows, and what they say |

mod deeds;
mod invites;
mod rows;

use std::collections::BTreeSet;

use async_trait::async_trait;
use kith_kernel::{
    Category, CircleId, Event, EventPayload, InviteId, PersonaId, Timestamp, UserId, event::CircleChange, ports::CircleRole,
};
use kith_storage::{
    StoreResult, sql,
    sql::{SqlTimestamp, Database, Engine, Sqlite},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use self::rows::{EntryRow, InviteRow, PersonRow, SeenRow, role_number, standing_word};
use super::{Behind, By, Deed, Door, Entry, Seen, Standing, Store};
use crate::{
    domain::{Circle, Digest, Invite, Person},
    policy::{Refused, Scene, decide},
};

/// What is held of a circle while something is done in it.
const LOCK_NAMESPACE: &str = "circles";

/// Circles in a SQL database.
#[derive(Debug)]
pub struct Sql<D: Engine = Sqlite> {
    database: Database<D>,
}

impl<D: Engine> Sql<D> {
    /// The circles of this database.
    #[must_use]
    pub const fn new(database: Database<D>) -> Self {
        Self { database }
    }
}

#[sql]
#[async_trait]
impl Store for Sql<Db> {
    async fn open(&self, circle: &Circle, owner: &Person, by: &By) -> StoreResult<Circle> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, circle.id.uuid().as_bytes()).await?;
        if let Some(there) = Self::find_circle(&mut tx, circle.id).await? {
            let mine = Self::find_person(&mut tx, circle.id, owner.user).await?;
            if mine.is_some() {
                tx.rollback().await?;
                return Ok(there);
            }
        }
        Self::add_circle(&mut tx, circle).await?;
        Self::put_person(&mut tx, circle.id, owner).await?;
        Self::write_down(&mut tx, circle.id, by, "create", None).await?;
        tx.append_events(&[announcement(circle.id, by, CircleChange::Created, Some(owner.user))]).await?;
        tx.commit().await?;
        Ok(circle.clone())
    }

    async fn settle(&self, deed: &Deed) -> StoreResult<Result<Scene, Refused>> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, deed.circle.uuid().as_bytes()).await?;
        let Some(scene) = Self::scene(&mut tx, deed).await? else {
            tx.rollback().await?;
            return Ok(Err(Refused::NoCircle));
        };
        let ruling = match decide(&scene, &deed.act, deed.by.at) {
            Ok(ruling) => ruling,
            Err(refused) => {
                tx.rollback().await?;
                return Ok(Err(refused));
            }
        };
        if !Self::apply(&mut tx, deed, &scene, ruling).await? {
            tx.rollback().await?;
            return Ok(Ok(scene));
        }
        let after = Self::scene(&mut tx, deed).await?;
        tx.commit().await?;
        Ok(after.ok_or(Refused::NoCircle))
    }

    async fn bar(&self, circle: CircleId, door: Door, by: &By) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, circle.uuid().as_bytes()).await?;
        if !Self::turn(&mut tx, circle, door, by).await? {
            return tx.rollback().await;
        }
        tx.commit().await
    }

    async fn look(&self, circle: CircleId, user: UserId) -> StoreResult<Option<Seen>> {
        let select = format!("{} WHERE circles.id = $2", SeenRow::select());
        let row: Option<SeenRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(circle.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(SeenRow::into_seen).transpose()
    }

    async fn person(&self, circle: CircleId, persona: PersonaId) -> StoreResult<Option<Person>> {
        let select = format!("{} WHERE circle = $1 AND persona = $2", PersonRow::SELECT);
        let row: Option<PersonRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(persona.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(PersonRow::into_person).transpose()
    }

    async fn owner(&self, circle: CircleId) -> StoreResult<Option<Person>> {
        let select = format!(
            "{} WHERE circle = $1 AND status = 'member' AND role = $2 ORDER BY since, persona LIMIT 1",
            PersonRow::SELECT
        );
        let row: Option<PersonRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(role_number(Some(CircleRole::Owner)))
            .fetch_optional(self.database.reader())
            .await?;
        row.map(PersonRow::into_person).transpose()
    }

    async fn invite(&self, code: &Digest, now: Timestamp) -> StoreResult<Option<Invite>> {
        let select = format!("{} WHERE code_digest = $1 AND expires_at > $2", InviteRow::SELECT);
        let row: Option<InviteRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(code.0.as_slice())
            .bind(SqlTimestamp(now))
            .fetch_optional(self.database.reader())
            .await?;
        row.map(InviteRow::into_invite).transpose()
    }

    async fn public(
        &self,
        viewer: UserId,
        category: Option<Category>,
        before: Option<CircleId>,
        limit: i64,
    ) -> StoreResult<Vec<Seen>> {
        let of = if category.is_some() { "AND circles.category = $4" } else { "" };
        let select = format!(
            "{} WHERE circles.archived_at IS NULL AND circles.closed_at IS NULL AND circles.access <> 'private'
                AND circles.id < $2 {of} AND (members.status IS NULL OR members.status <> 'banned')
             ORDER BY circles.id DESC LIMIT $3",
            SeenRow::select()
        );
        let mut query = sqlx::query_as(AssertSqlSafe(select))
            .bind(viewer.uuid())
            .bind(before.map_or(Uuid::max(), CircleId::uuid))
            .bind(limit);
        if let Some(category) = category {
            query = query.bind(category.slug());
        }
        let rows: Vec<SeenRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(SeenRow::into_seen).collect()
    }

    async fn own(&self, user: UserId, before: Option<CircleId>, limit: i64) -> StoreResult<Vec<Seen>> {
        let select = format!(
            "{} WHERE members.status = 'member' AND circles.id < $2 ORDER BY circles.id DESC LIMIT $3",
            SeenRow::select()
        );
        let rows: Vec<SeenRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(user.uuid())
            .bind(before.map_or(Uuid::max(), CircleId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(SeenRow::into_seen).collect()
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

    async fn people(
        &self,
        circle: CircleId,
        standing: Standing,
        after: Option<Behind>,
        limit: i64,
    ) -> StoreResult<Vec<Person>> {
        let select = format!(
            "{} WHERE circle = $1 AND status = $2 AND (role < $3 OR (role = $3 AND persona > $4))
             ORDER BY role DESC, persona LIMIT $5",
            PersonRow::SELECT
        );
        let rows: Vec<PersonRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(circle.uuid())
            .bind(standing_word(standing))
            .bind(after.map_or(i64::MAX, |behind| role_number(behind.role)))
            .bind(after.map_or(Uuid::nil(), |behind| behind.persona.uuid()))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(PersonRow::into_person).collect()
    }

    async fn invites(
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

    async fn log(&self, circle: CircleId, before: Option<Uuid>, limit: i64) -> StoreResult<Vec<Entry>> {
        let behind = if before.is_some() {
            "AND log.id < (SELECT id FROM circle_log WHERE circle = $1 AND token = $3)"
        } else {
            ""
        };
        let select = format!("{} {behind} ORDER BY log.id DESC LIMIT $2", EntryRow::SELECT);
        let mut query = sqlx::query_as(AssertSqlSafe(select)).bind(circle.uuid()).bind(limit);
        if let Some(mark) = before {
            query = query.bind(mark);
        }
        let rows: Vec<EntryRow> = query.fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(EntryRow::into_entry).collect())
    }
}

/// What is told of a change in a circle.
fn announcement(circle: CircleId, by: &By, change: CircleChange, member: Option<UserId>) -> Event {
    let about = kith_kernel::event::CircleEvent { circle, change, member };
    Event { id: by.event, at: by.at, actor: by.actor, payload: EventPayload::Circle(about) }
}
