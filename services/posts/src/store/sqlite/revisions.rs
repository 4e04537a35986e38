//! Earlier texts of posts.

use kith_kernel::{PostId, ports::Revision};
use kith_storage::{
    StoreResult,
    sql::{SqlTimestamp, Tx},
};
use sqlx::sqlite::SqlitePool;

use crate::{Post, store::MAX_REVISIONS};

/// Appends the text that `post` replaces and deletes the oldest revisions.
pub(super) async fn append(tx: &mut Tx, post: &Post, previous: &Revision) -> StoreResult<()> {
    sqlx::query("INSERT INTO post_revisions (post, version, replaced_at, text) VALUES (?1, ?2 - 1, ?3, ?4)")
        .bind(post.id.uuid())
        .bind(post.version)
        .bind(SqlTimestamp(previous.at))
        .bind(&previous.text)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "DELETE FROM post_revisions WHERE post = ?1 AND version <=
            (SELECT version FROM post_revisions WHERE post = ?1 ORDER BY version DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(post.id.uuid())
    .bind(i64::try_from(MAX_REVISIONS).unwrap_or(i64::MAX))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn load(reader: &SqlitePool, post: PostId) -> StoreResult<Vec<Revision>> {
    let rows: Vec<(SqlTimestamp, String)> =
        sqlx::query_as("SELECT replaced_at, text FROM post_revisions WHERE post = ?1 ORDER BY version")
            .bind(post.uuid())
            .fetch_all(reader)
            .await?;
    Ok(rows.into_iter().map(|(at, text)| Revision { at: at.0, text }).collect())
}
