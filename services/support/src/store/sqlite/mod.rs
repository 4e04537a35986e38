//! SQLite adapter.

mod counts;
mod row;

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use kith_kernel::{CircleId, Event, ModerationState, PostId, ResponseId, Timestamp, UserId, ports::ResponseTally};
use kith_storage::{
    StoreError, StoreResult,
    sql::{Database, SqlTimestamp, Tx},
};
use sqlx::{Executor, Sqlite as Driver};
use uuid::Uuid;

use self::row::Row;
use super::Store;
use crate::{Content, QuickKind, Response, Stats};

/// SQLite adapter of [`Store`].
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn insert(&self, response: &Response, events: &[Event]) -> StoreResult<Response> {
        // A repeated tap must not occupy the single writer connection.
        if let Some(existing) = existing_quick(self.database.reader(), response).await? {
            return Ok(existing);
        }
        let mut tx = self.database.begin().await?;
        if add(&mut tx, response).await? {
            tx.append_events(events).await?;
            tx.commit().await?;
            return Ok(response.clone());
        }
        let existing = existing_quick(&mut *tx, response).await?;
        tx.rollback().await?;
        existing.ok_or_else(|| StoreError::corrupt("response was neither inserted nor found"))
    }

    async fn get(&self, id: ResponseId) -> StoreResult<Option<Response>> {
        get(self.database.reader(), id).await
    }

    async fn list(
        &self,
        post: PostId,
        after: Option<ResponseId>,
        viewer: UserId,
        hidden: &BTreeSet<UserId>,
        limit: i64,
    ) -> StoreResult<Vec<Response>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM responses
             WHERE post = $1 AND id > $2 AND deleted_at IS NULL
               AND author NOT IN (SELECT unhex(value) FROM json_each($3))
               AND (author = $5 OR (held_at IS NULL AND removed_at IS NULL))
             ORDER BY id LIMIT $4",
        )
        .bind(post.uuid())
        .bind(after.map_or(Uuid::nil(), ResponseId::uuid))
        .bind(listed(hidden))
        .bind(limit)
        .bind(viewer.uuid())
        .fetch_all(self.database.reader())
        .await?;
        rows.into_iter().map(Row::into_response).collect()
    }

    async fn delete(&self, read: &Response, at: Timestamp, events: &[Event]) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let deleted = sqlx::query(
            "UPDATE responses SET deleted_at = $2
             WHERE id = $1 AND deleted_at IS NULL AND held_at IS $3 AND removed_at IS $4",
        )
        .bind(read.id.uuid())
        .bind(SqlTimestamp(at))
        .bind(read.moderation.and_then(ModerationState::held_at).map(SqlTimestamp))
        .bind(read.moderation.and_then(ModerationState::removed_at).map(SqlTimestamp))
        .execute(&mut *tx)
        .await?;
        commit_if_changed(tx, deleted.rows_affected(), events).await
    }

    async fn moderate(
        &self,
        read: &Response,
        moderation: Option<ModerationState>,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        let moderated = sqlx::query(
            "UPDATE responses SET held_at = $2, removed_at = $3
             WHERE id = $1 AND deleted_at IS $4 AND held_at IS $5 AND removed_at IS $6",
        )
        .bind(read.id.uuid())
        .bind(moderation.and_then(ModerationState::held_at).map(SqlTimestamp))
        .bind(moderation.and_then(ModerationState::removed_at).map(SqlTimestamp))
        .bind(read.deleted_at.map(SqlTimestamp))
        .bind(read.moderation.and_then(ModerationState::held_at).map(SqlTimestamp))
        .bind(read.moderation.and_then(ModerationState::removed_at).map(SqlTimestamp))
        .execute(&mut *tx)
        .await?;
        commit_if_changed(tx, moderated.rows_affected(), events).await
    }

    async fn latest(&self, post: Option<PostId>, before: Option<ResponseId>, limit: i64) -> StoreResult<Vec<Response>> {
        let of_post = "SELECT * FROM responses WHERE post = $1 AND id < $2 AND text IS NOT NULL
             AND deleted_at IS NULL AND held_at IS NULL AND removed_at IS NULL ORDER BY id DESC LIMIT $3";
        let of_all = "SELECT * FROM responses WHERE $1 IS NULL AND circle IS NULL AND id < $2 AND text IS NOT NULL
             AND deleted_at IS NULL AND held_at IS NULL AND removed_at IS NULL ORDER BY id DESC LIMIT $3";
        let rows: Vec<Row> = sqlx::query_as(if post.is_some() { of_post } else { of_all })
            .bind(post.map(PostId::uuid))
            .bind(before.map_or(Uuid::max(), ResponseId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(Row::into_response).collect()
    }

    async fn mark_helpful(&self, id: ResponseId, at: Timestamp, events: &[Event]) -> StoreResult<Option<Response>> {
        let mut tx = self.database.begin().await?;
        let marked = sqlx::query(
            "UPDATE responses SET helpful_at = $2 WHERE id = $1 AND deleted_at IS NULL AND helpful_at IS NULL
             AND held_at IS NULL AND removed_at IS NULL",
        )
        .bind(id.uuid())
        .bind(SqlTimestamp(at))
        .execute(&mut *tx)
        .await?;
        if marked.rows_affected() == 1 {
            tx.append_events(events).await?;
        }
        let found = get(&mut *tx, id).await?;
        tx.commit().await?;
        Ok(found.filter(Response::is_visible))
    }

    async fn stats(&self, user: UserId, hidden: &BTreeSet<UserId>) -> StoreResult<Stats> {
        // One statement, so that all counts come from one snapshot.
        let counts: (i64, i64, i64, i64, i64) = sqlx::query_as(
            "SELECT count(text), count(quick_kind), count(DISTINCT post), count(helpful_at),
                (SELECT count(*) FROM responses
                 WHERE post_author = $1 AND author <> $1 AND deleted_at IS NULL AND held_at IS NULL AND removed_at IS NULL
                   AND author NOT IN (SELECT unhex(value) FROM json_each($2)))
             FROM responses WHERE author = $1 AND post_author <> $1
               AND deleted_at IS NULL AND held_at IS NULL AND removed_at IS NULL",
        )
        .bind(user.uuid())
        .bind(listed(hidden))
        .fetch_one(self.database.reader())
        .await?;
        let count = |count: i64| u64::try_from(count).map_err(StoreError::corrupt);
        Ok(Stats {
            texts_given: count(counts.0)?,
            quick_given: count(counts.1)?,
            posts_answered: count(counts.2)?,
            helpful_given: count(counts.3)?,
            received: count(counts.4)?,
        })
    }

    async fn count_by_authors(
        &self,
        authors: &BTreeSet<UserId>,
        posts: &[PostId],
    ) -> StoreResult<HashMap<PostId, ResponseTally>> {
        counts::count_by_authors(self.database.reader(), authors, posts).await
    }

    async fn purge(&self, until: Timestamp, limit: i64) -> StoreResult<u64> {
        let mut tx = self.database.begin().await?;
        let removed =
            sqlx::query("DELETE FROM responses WHERE id IN (SELECT id FROM responses WHERE deleted_at <= $1 LIMIT $2)")
                .bind(SqlTimestamp(until))
                .bind(limit)
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(removed.rows_affected())
    }
}

/// Commits a write, with its events if it changed a row. Returns true if it did.
async fn commit_if_changed(mut tx: Tx, changed: u64, events: &[Event]) -> StoreResult<bool> {
    if changed == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.append_events(events).await?;
    tx.commit().await?;
    Ok(true)
}

/// Inserts a response. Returns false if the author has an active quick support of this kind to the post.
async fn add(tx: &mut Tx, response: &Response) -> StoreResult<bool> {
    let (text, quick) = match &response.content {
        Content::Text(text) => (Some(text.expose()), None),
        Content::Quick(kind) => (None, Some(kind.as_str())),
    };
    let added = sqlx::query(
        "INSERT INTO responses
            (id, post, post_author, author, persona, text, quick_kind, created_at, helpful_at, deleted_at, held_at,
            removed_at, circle)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (post, author, quick_kind) WHERE quick_kind IS NOT NULL AND deleted_at IS NULL DO NOTHING",
    )
    .bind(response.id.uuid())
    .bind(response.post.uuid())
    .bind(response.post_author.uuid())
    .bind(response.author.uuid())
    .bind(response.persona.uuid())
    .bind(text)
    .bind(quick)
    .bind(SqlTimestamp(response.created_at))
    .bind(response.helpful_at.map(SqlTimestamp))
    .bind(response.deleted_at.map(SqlTimestamp))
    .bind(response.moderation.and_then(ModerationState::held_at).map(SqlTimestamp))
    .bind(response.moderation.and_then(ModerationState::removed_at).map(SqlTimestamp))
    .bind(response.circle.map(CircleId::uuid))
    .execute(&mut **tx)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Returns the active quick support of the same author, post and kind.
async fn existing_quick(
    connection: impl Executor<'_, Database = Driver>,
    response: &Response,
) -> StoreResult<Option<Response>> {
    let kind: QuickKind = match &response.content {
        Content::Text(_) => return Ok(None),
        Content::Quick(kind) => *kind,
    };
    let row: Option<Row> = sqlx::query_as(
        "SELECT * FROM responses WHERE post = $1 AND author = $2 AND quick_kind = $3 AND deleted_at IS NULL",
    )
    .bind(response.post.uuid())
    .bind(response.author.uuid())
    .bind(kind.as_str())
    .fetch_optional(connection)
    .await?;
    row.map(Row::into_response).transpose()
}

async fn get(connection: impl Executor<'_, Database = Driver>, id: ResponseId) -> StoreResult<Option<Response>> {
    let row: Option<Row> =
        sqlx::query_as("SELECT * FROM responses WHERE id = $1").bind(id.uuid()).fetch_optional(connection).await?;
    row.map(Row::into_response).transpose()
}

/// Encodes accounts as one parameter, since SQLite limits the number of parameters of a statement.
fn listed(authors: &BTreeSet<UserId>) -> String {
    let names: Vec<String> = authors.iter().map(|user| format!("\"{}\"", user.uuid().simple())).collect();
    format!("[{}]", names.join(","))
}
