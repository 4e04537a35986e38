//! What posts said before they were changed.

use kith_kernel::{PostId, ports::Edit as Past};
use kith_storage::{
    StoreResult,
    sql::{At, Tx},
};
use sqlx::sqlite::SqlitePool;

use crate::{Post, store::EDITS};

/// Keeps what was said until this version, and forgets what is too long ago.
pub(super) async fn keep(tx: &mut Tx, post: &Post, said: &Past) -> StoreResult<()> {
    sqlx::query("INSERT INTO posts_edits (post, version, at, text) VALUES (?1, ?2 - 1, ?3, ?4)")
        .bind(post.id.uuid())
        .bind(post.version)
        .bind(At(said.at))
        .bind(&said.text)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "DELETE FROM posts_edits WHERE post = ?1 AND version <=
            (SELECT version FROM posts_edits WHERE post = ?1 ORDER BY version DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(post.id.uuid())
    .bind(i64::try_from(EDITS).unwrap_or(i64::MAX))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(super) async fn of(reader: &SqlitePool, post: PostId) -> StoreResult<Vec<Past>> {
    let rows: Vec<(At, String)> = sqlx::query_as("SELECT at, text FROM posts_edits WHERE post = ?1 ORDER BY version")
        .bind(post.uuid())
        .fetch_all(reader)
        .await?;
    Ok(rows.into_iter().map(|(at, text)| Past { at: at.0, text }).collect())
}
