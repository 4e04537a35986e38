//! Counts of responses by author and post.

use std::collections::{BTreeSet, HashMap};

use kith_kernel::{PostId, UserId, ports::ResponseTally};
use kith_storage::{StoreError, StoreResult};
use sqlx::sqlite::SqlitePool;
use uuid::Uuid;

pub(super) async fn count_by_authors(
    reader: &SqlitePool,
    authors: &BTreeSet<UserId>,
    posts: &[PostId],
) -> StoreResult<HashMap<PostId, ResponseTally>> {
    let posts: Vec<String> = posts.iter().map(|post| format!("\"{}\"", post.uuid().simple())).collect();
    let rows: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "SELECT post, count(text), count(quick_kind) FROM responses
         WHERE post IN (SELECT unhex(value) FROM json_each($1))
           AND author IN (SELECT unhex(value) FROM json_each($2))
           AND deleted_at IS NULL AND held_at IS NULL AND removed_at IS NULL
         GROUP BY post",
    )
    .bind(format!("[{}]", posts.join(",")))
    .bind(super::listed(authors))
    .fetch_all(reader)
    .await?;
    let count = |count: i64| u64::try_from(count).map_err(StoreError::corrupt);
    let tallies = |(post, texts, quick)| {
        Ok((PostId::from_uuid(post), ResponseTally { texts: count(texts)?, quick: count(quick)? }))
    };
    rows.into_iter().map(tallies).collect()
}
