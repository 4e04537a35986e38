//! Blocks.

use std::collections::BTreeSet;

use async_trait::async_trait;
use kith_kernel::{BlockId, Event, PersonaId, UserId};
use kith_storage::{
    StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql,
    rows::{BlockRow, join_badges},
};
use crate::{Block, store::BlockStore};

/// Namespace of the locks on owners. An owner is locked while blocks of the owner change.
const LOCK_NAMESPACE: &str = "blocks";

/// Each half reads a covering index only.
const HIDDEN: &str = "SELECT blocked FROM blocks WHERE owner = $1 UNION SELECT owner FROM blocks WHERE blocked = $1";

#[sql]
#[async_trait]
impl BlockStore for Sql<Db> {
    async fn block(&self, block: &Block, events: &[Event]) -> StoreResult<Block> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, block.owner.uuid().as_bytes()).await?;
        if let Some(first) = Self::find_block(&mut tx, block.owner, block.persona.id).await? {
            tx.rollback().await?;
            return Ok(first);
        }
        sqlx::query(
            "INSERT INTO blocks (id, owner, persona, blocked, handle, avatar, badges, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(block.id.uuid())
        .bind(block.owner.uuid())
        .bind(block.persona.id.uuid())
        .bind(block.blocked.uuid())
        .bind(&block.persona.handle)
        .bind(i64::from(block.persona.avatar))
        .bind(join_badges(&block.persona.badges))
        .bind(SqlTimestamp(block.created_at))
        .execute(&mut *tx)
        .await?;
        tx.append_events(events).await?;
        tx.commit().await?;
        Ok(block.clone())
    }

    async fn unblock(&self, owner: UserId, persona: PersonaId, events: &[Event]) -> StoreResult<bool> {
        let mut tx = self.database.begin().await?;
        tx.lock(LOCK_NAMESPACE, owner.uuid().as_bytes()).await?;
        let Some(block) = Self::find_block(&mut tx, owner, persona).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        sqlx::query("DELETE FROM blocks WHERE id = $1").bind(block.id.uuid()).execute(&mut *tx).await?;
        let (still_blocked,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM blocks WHERE owner = $1 AND blocked = $2)")
                .bind(owner.uuid())
                .bind(block.blocked.uuid())
                .fetch_one(&mut *tx)
                .await?;
        if !still_blocked {
            tx.append_events(events).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn list_blocks(&self, owner: UserId, before: Option<BlockId>, limit: i64) -> StoreResult<Vec<Block>> {
        let select = format!("{} WHERE owner = $1 AND id < $2 ORDER BY id DESC LIMIT $3", BlockRow::SELECT);
        let rows: Vec<BlockRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(owner.uuid())
            .bind(before.map_or(Uuid::max(), BlockId::uuid))
            .bind(limit)
            .fetch_all(self.database.reader())
            .await?;
        rows.into_iter().map(BlockRow::into_block).collect()
    }

    async fn hidden_from(&self, viewer: UserId) -> StoreResult<BTreeSet<UserId>> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(HIDDEN).bind(viewer.uuid()).fetch_all(self.database.reader()).await?;
        Ok(rows.into_iter().map(|(user,)| UserId::from_uuid(user)).collect())
    }
}

#[sql]
impl Sql<Db> {
    async fn find_block(tx: &mut Tx<Db>, owner: UserId, persona: PersonaId) -> StoreResult<Option<Block>> {
        let select = format!("{} WHERE owner = $1 AND persona = $2", BlockRow::SELECT);
        let row: Option<BlockRow> = sqlx::query_as(AssertSqlSafe(select))
            .bind(owner.uuid())
            .bind(persona.uuid())
            .fetch_optional(&mut **tx)
            .await?;
        row.map(BlockRow::into_block).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_accounts_are_read_from_covering_indexes_only() {
        kith_testkit::block_on(async {
            let database = kith_testkit::sqlite_database().await;
            let plan: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {HIDDEN}")))
                    .bind(Uuid::nil())
                    .fetch_all(database.reader())
                    .await
                    .unwrap();
            let reads: Vec<_> = plan.iter().filter(|(.., step)| step.contains("blocks")).collect();
            assert_eq!(reads.len(), 2, "{plan:?}");
            assert!(reads.iter().all(|(.., step)| step.contains("COVERING INDEX")), "{plan:?}");
        });
    }
}
