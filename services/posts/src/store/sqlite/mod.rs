//! Posts in SQLite.

mod pages;
mod revisions;
mod row;

use async_trait::async_trait;
use kith_kernel::{CircleId, Event, EventId, ModerationState, PostId, Timestamp, ports::Revision};
use kith_storage::{
    StoreResult,
    sql::{Database, SqlTimestamp},
};

use self::row::PostRow;
use super::{Counter, Delta, PageQuery, Positioned, Store};
use crate::{Post, domain::SearchQuery, policy::Viewer};

/// Name of this consumer in the inbox.
const CONSUMER: &str = "posts";

/// Posts in SQLite.
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

impl Sqlite {
    async fn write(&self, post: &Post, previous: Option<&Revision>, events: &[Event]) -> StoreResult<bool> {
        let content = &post.content;
        let mut tx = self.database.begin().await?;
        let replaced = sqlx::query(
            "UPDATE posts SET urgency = ?3, body = ?4, categories = ?5, tags = ?6, content_warning = ?7,
                edited_at = ?8, resolved_at = ?9, deleted_at = ?10, feed_expires_at = ?11, urgency_rank = ?12,
                version = ?2, held_at = ?13, removed_at = ?14
             WHERE id = ?1 AND version = ?2 - 1",
        )
        .bind(post.id.uuid())
        .bind(post.version)
        .bind(i64::from(content.urgency.level()))
        .bind(content.body.expose())
        .bind(row::categories(content))
        .bind(row::tags(content))
        .bind(content.warning.as_ref().map(|warning| warning.expose().to_owned()))
        .bind(post.edited_at.map(SqlTimestamp))
        .bind(post.resolved_at.map(SqlTimestamp))
        .bind(post.deleted_at.map(SqlTimestamp))
        .bind(post.feed_expiry().map(SqlTimestamp))
        .bind(post.urgency_rank())
        .bind(post.moderation.and_then(ModerationState::held_at).map(SqlTimestamp))
        .bind(post.moderation.and_then(ModerationState::removed_at).map(SqlTimestamp))
        .execute(&mut *tx)
        .await?;
        if replaced.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        if let Some(previous) = previous {
            revisions::append(&mut tx, post, previous).await?;
        }
        tx.append_events(events).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn insert(&self, post: &Post, events: &[Event]) -> StoreResult<()> {
        let content = &post.content;
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO posts (id, author, persona, kind, urgency, body, categories, tags, content_warning,
                days_since_relapse, created_at, expires_at, feed_expires_at, urgency_rank, version, held_at, removed_at,
                circle)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )
        .bind(post.id.uuid())
        .bind(post.author.uuid())
        .bind(post.persona.uuid())
        .bind(content.kind.as_str())
        .bind(i64::from(content.urgency.level()))
        .bind(content.body.expose())
        .bind(row::categories(content))
        .bind(row::tags(content))
        .bind(content.warning.as_ref().map(|warning| warning.expose().to_owned()))
        .bind(content.days_since_relapse.map(|days| i64::from(days.get())))
        .bind(SqlTimestamp(post.created_at))
        .bind(content.expires_at.map(SqlTimestamp))
        .bind(post.feed_expiry().map(SqlTimestamp))
        .bind(post.urgency_rank())
        .bind(post.version)
        .bind(post.moderation.and_then(ModerationState::held_at).map(SqlTimestamp))
        .bind(post.moderation.and_then(ModerationState::removed_at).map(SqlTimestamp))
        .bind(post.circle.map(CircleId::uuid))
        .execute(&mut *tx)
        .await?;
        tx.append_events(events).await?;
        tx.commit().await
    }

    async fn get(&self, id: PostId) -> StoreResult<Option<Post>> {
        let row: Option<PostRow> = sqlx::query_as("SELECT * FROM posts WHERE id = ?1")
            .bind(id.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(PostRow::into_post).transpose()
    }

    async fn replace(&self, post: &Post, events: &[Event]) -> StoreResult<bool> {
        self.write(post, None, events).await
    }

    async fn edit(&self, post: &Post, previous: &Revision, events: &[Event]) -> StoreResult<bool> {
        self.write(post, Some(previous), events).await
    }

    async fn revisions(&self, id: PostId) -> StoreResult<Vec<Revision>> {
        revisions::load(self.database.reader(), id).await
    }

    async fn list(&self, viewer: &Viewer, page_query: &PageQuery<'_>) -> StoreResult<Vec<Positioned>> {
        pages::list(&self.database, viewer, page_query).await
    }

    async fn search(
        &self,
        viewer: &Viewer,
        query: &SearchQuery,
        page_query: &PageQuery<'_>,
    ) -> StoreResult<Vec<Positioned>> {
        pages::search(&self.database, viewer, query, page_query).await
    }

    async fn count(&self, post: PostId, event: EventId, counter: Counter, delta: Delta) -> StoreResult<bool> {
        // The stored value can be below zero: a decrement can be processed before its increment.
        let update = match (counter, delta) {
            (Counter::Responses, Delta::Increment) => {
                "UPDATE posts SET response_count = response_count + 1 WHERE id = ?1"
            }
            (Counter::Responses, Delta::Decrement) => {
                "UPDATE posts SET response_count = response_count - 1 WHERE id = ?1"
            }
            (Counter::Supports, Delta::Increment) => "UPDATE posts SET support_count = support_count + 1 WHERE id = ?1",
            (Counter::Supports, Delta::Decrement) => "UPDATE posts SET support_count = support_count - 1 WHERE id = ?1",
        };
        let mut tx = self.database.begin().await?;
        if !tx.mark_processed(CONSUMER, event).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        let updated = sqlx::query(update).bind(post.uuid()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(updated.rows_affected() == 1)
    }

    async fn purge(&self, deleted_by: Timestamp, limit: i64) -> StoreResult<u64> {
        let mut tx = self.database.begin().await?;
        let purged =
            sqlx::query("DELETE FROM posts WHERE row_id IN (SELECT row_id FROM posts WHERE deleted_at <= ?1 LIMIT ?2)")
                .bind(SqlTimestamp(deleted_by))
                .bind(limit)
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(purged.rows_affected())
    }

    async fn demote_expired_sos(&self, now: Timestamp, limit: i64) -> StoreResult<u64> {
        let mut tx = self.database.begin().await?;
        // Only an open SOS has a rank above 5. A resolved one has rank 1.
        let demoted = sqlx::query(
            "UPDATE posts SET urgency_rank = 1
             WHERE row_id IN (SELECT row_id FROM posts WHERE urgency_rank > 5 AND feed_expires_at <= ?1 LIMIT ?2)",
        )
        .bind(SqlTimestamp(now))
        .bind(limit)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(demoted.rows_affected())
    }
}
