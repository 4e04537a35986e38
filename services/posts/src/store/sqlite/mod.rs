//! Posts in SQLite.

mod edits;
mod pages;
mod row;

use async_trait::async_trait;
use kith_kernel::{CircleId, Event, EventId, PostId, Timestamp, Veil, ports::Edit as Past};
use kith_storage::{
    StoreResult,
    sql::{At, Database},
};

use self::row::Row;
use super::{Placed, Question, Step, Store, Tally};
use crate::{Post, domain::Words, policy::Viewer};

/// Who reads the inbox here.
const CONSUMER: &str = "posts";

/// Posts in SQLite.
pub struct Sqlite {
    database: Database,
}

impl Sqlite {
    /// The posts of this database.
    #[must_use]
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

impl Sqlite {
    async fn write(&self, post: &Post, said: Option<&Past>, events: &[Event]) -> StoreResult<bool> {
        let draft = &post.draft;
        let mut tx = self.database.begin().await?;
        let replaced = sqlx::query(
            "UPDATE posts SET urgency = ?3, body = ?4, categories = ?5, tags = ?6, content_warning = ?7,
                edited_at = ?8, resolved_at = ?9, deleted_at = ?10, leaves_at = ?11, rank = ?12, version = ?2,
                held_at = ?13, removed_at = ?14
             WHERE id = ?1 AND version = ?2 - 1",
        )
        .bind(post.id.uuid())
        .bind(post.version)
        .bind(i64::from(draft.urgency.level()))
        .bind(draft.body.reveal())
        .bind(row::categories(draft))
        .bind(row::tags(draft))
        .bind(draft.warning.as_ref().map(|warning| warning.reveal().to_owned()))
        .bind(post.edited_at.map(At))
        .bind(post.resolved_at.map(At))
        .bind(post.deleted_at.map(At))
        .bind(post.leaves_at().map(At))
        .bind(post.rank())
        .bind(post.veil.and_then(Veil::held_at).map(At))
        .bind(post.veil.and_then(Veil::removed_at).map(At))
        .execute(&mut *tx)
        .await?;
        if replaced.rows_affected() == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        if let Some(said) = said {
            edits::keep(&mut tx, post, said).await?;
        }
        tx.record(events).await?;
        tx.commit().await?;
        Ok(true)
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn insert(&self, post: &Post, events: &[Event]) -> StoreResult<()> {
        let draft = &post.draft;
        let mut tx = self.database.begin().await?;
        sqlx::query(
            "INSERT INTO posts (id, author, persona, kind, urgency, body, categories, tags, content_warning,
                days_since_relapse, created_at, expires_at, leaves_at, rank, version, held_at, removed_at, circle)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )
        .bind(post.id.uuid())
        .bind(post.author.uuid())
        .bind(post.persona.uuid())
        .bind(draft.kind.word())
        .bind(i64::from(draft.urgency.level()))
        .bind(draft.body.reveal())
        .bind(row::categories(draft))
        .bind(row::tags(draft))
        .bind(draft.warning.as_ref().map(|warning| warning.reveal().to_owned()))
        .bind(draft.days_since_relapse.map(|days| i64::from(days.count())))
        .bind(At(post.created_at))
        .bind(draft.expires_at.map(At))
        .bind(post.leaves_at().map(At))
        .bind(post.rank())
        .bind(post.version)
        .bind(post.veil.and_then(Veil::held_at).map(At))
        .bind(post.veil.and_then(Veil::removed_at).map(At))
        .bind(post.circle.map(CircleId::uuid))
        .execute(&mut *tx)
        .await?;
        tx.record(events).await?;
        tx.commit().await
    }

    async fn get(&self, id: PostId) -> StoreResult<Option<Post>> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM posts WHERE id = ?1")
            .bind(id.uuid())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(Row::into_post).transpose()
    }

    async fn replace(&self, post: &Post, events: &[Event]) -> StoreResult<bool> {
        self.write(post, None, events).await
    }

    async fn edit(&self, post: &Post, said: &Past, events: &[Event]) -> StoreResult<bool> {
        self.write(post, Some(said), events).await
    }

    async fn edits(&self, id: PostId) -> StoreResult<Vec<Past>> {
        edits::of(self.database.reader(), id).await
    }

    async fn list(&self, viewer: &Viewer, question: &Question<'_>) -> StoreResult<Vec<Placed>> {
        pages::list(&self.database, viewer, question).await
    }

    async fn search(&self, viewer: &Viewer, words: &Words, question: &Question<'_>) -> StoreResult<Vec<Placed>> {
        pages::search(&self.database, viewer, words, question).await
    }

    async fn count(&self, post: PostId, event: EventId, tally: Tally, step: Step) -> StoreResult<bool> {
        // Below zero as well: who is told of the one less before the one more is right again after both.
        let update = match (tally, step) {
            (Tally::Responses, Step::Up) => "UPDATE posts SET responses = responses + 1 WHERE id = ?1",
            (Tally::Responses, Step::Down) => "UPDATE posts SET responses = responses - 1 WHERE id = ?1",
            (Tally::Supports, Step::Up) => "UPDATE posts SET supports = supports + 1 WHERE id = ?1",
            (Tally::Supports, Step::Down) => "UPDATE posts SET supports = supports - 1 WHERE id = ?1",
        };
        let mut tx = self.database.begin().await?;
        if !tx.first_time(CONSUMER, event).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        let counted = sqlx::query(update).bind(post.uuid()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(counted.rows_affected() == 1)
    }

    async fn purge(&self, deleted_by: Timestamp, limit: i64) -> StoreResult<u64> {
        let mut tx = self.database.begin().await?;
        let purged =
            sqlx::query("DELETE FROM posts WHERE number IN (SELECT number FROM posts WHERE deleted_at <= ?1 LIMIT ?2)")
                .bind(At(deleted_by))
                .bind(limit)
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(purged.rows_affected())
    }

    async fn sink(&self, now: Timestamp, limit: i64) -> StoreResult<u64> {
        let mut tx = self.database.begin().await?;
        // What is above 5 is an open SOS, and 1 is what a resolved one has.
        let sunk = sqlx::query(
            "UPDATE posts SET rank = 1
             WHERE number IN (SELECT number FROM posts WHERE rank > 5 AND leaves_at <= ?1 LIMIT ?2)",
        )
        .bind(At(now))
        .bind(limit)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(sunk.rows_affected())
    }
}
