//! The audit trail as a table: an act and the line about it commit together.

use kernel::audit::{Entry, Head};

use super::{At, Tx};
use crate::{StoreError, StoreResult, sql};

#[sql]
impl Tx<Db> {
    /// Writes down what this transaction does: it is written if, and only if, the transaction commits. All who write down
    /// wait for each other from here to their commit, so it is said last, after all that is held.
    ///
    /// # Errors
    /// [`StoreError::Internal`] for an entry that has not the form of one; otherwise only those of the database.
    pub async fn audit(&mut self, entries: &[Entry]) -> StoreResult<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.hold("audit", &[]).await?;
        let (position, hash): (i64, Vec<u8>) =
            sqlx::query_as("SELECT position, hash FROM audit_head").fetch_one(&mut **self).await?;
        let mut head = head(position, &hash)?;
        for entry in entries {
            if !entry.is_well_formed() {
                return Err(StoreError::corrupt(format!("an entry about {} has no form", entry.act.word())));
            }
            head = head.after(entry);
            self.append_line(head, entry).await?;
        }
        Ok(())
    }

    async fn append_line(&mut self, head: Head, entry: &Entry) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO audit_log (position, id, at, actor, session, act, subject, detail, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(head.position)
        .bind(entry.id.uuid())
        .bind(At(entry.at))
        .bind(entry.actor.uuid())
        .bind(entry.session.map(kernel::SessionId::uuid))
        .bind(entry.act.word())
        .bind(&entry.subject)
        .bind(&entry.detail)
        .bind(&head.hash[..])
        .execute(&mut **self)
        .await?;
        let moved = sqlx::query("UPDATE audit_head SET position = $1, hash = $2")
            .bind(head.position)
            .bind(&head.hash[..])
            .execute(&mut **self)
            .await?;
        if moved.rows_affected() == 1 { Ok(()) } else { Err(StoreError::corrupt("the audit log has no head")) }
    }
}

fn head(position: i64, hash: &[u8]) -> StoreResult<Head> {
    let hash = hash.try_into().map_err(|_| StoreError::corrupt("the audit log's head is no hash"))?;
    Ok(Head { position, hash })
}
