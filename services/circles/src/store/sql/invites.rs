//! Ways in: what is read and written of them while their circle is held.

use kith_storage::{
    StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use sqlx::AssertSqlSafe;

use super::{Sql, rows::InviteRow};
use crate::{domain::Invite, policy::Act, store::Deed};

#[sql]
impl Sql<Db> {
    /// The live invite that the act names.
    pub(super) async fn named_invite(tx: &mut Tx<Db>, deed: &Deed) -> StoreResult<Option<Invite>> {
        let by = |column| format!("{} WHERE {column} = $1 AND circle = $2 AND expires_at > $3", InviteRow::SELECT);
        let row: Option<InviteRow> = if let Act::Accept(code, _) = &deed.act {
            let query = sqlx::query_as(AssertSqlSafe(by("code_digest"))).bind(code.0.as_slice());
            query.bind(deed.circle.uuid()).bind(SqlTimestamp(deed.by.at)).fetch_optional(&mut **tx).await?
        } else if let Act::Revoke(invite) = &deed.act {
            let query = sqlx::query_as(AssertSqlSafe(by("id"))).bind(invite.uuid());
            query.bind(deed.circle.uuid()).bind(SqlTimestamp(deed.by.at)).fetch_optional(&mut **tx).await?
        } else {
            None
        };
        row.map(InviteRow::into_invite).transpose()
    }

    /// Adds an invite, or gives the one that the same call has made before its new code: nobody was told the old one.
    pub(super) async fn add_invite(tx: &mut Tx<Db>, deed: &Deed) -> StoreResult<()> {
        let Act::Invite(invite) = &deed.act else { return Ok(()) };
        sqlx::query("DELETE FROM circle_invites WHERE circle = $1 AND expires_at <= $2")
            .bind(deed.circle.uuid())
            .bind(SqlTimestamp(deed.by.at))
            .execute(&mut **tx)
            .await?;
        sqlx::query(
            "INSERT INTO circle_invites (id, circle, creator, persona, code_digest, uses_left, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (id) DO UPDATE
             SET code_digest = excluded.code_digest, uses_left = excluded.uses_left, expires_at = excluded.expires_at
             WHERE circle_invites.circle = excluded.circle AND circle_invites.creator = excluded.creator",
        )
        .bind(invite.id.uuid())
        .bind(invite.circle.uuid())
        .bind(invite.maker.uuid())
        .bind(invite.persona.uuid())
        .bind(invite.code.0.as_slice())
        .bind(i64::from(invite.uses_left))
        .bind(SqlTimestamp(invite.expires_at))
        .execute(&mut **tx)
        .await?;
        Self::write_down(tx, deed.circle, &deed.by, deed.act.word(), None).await
    }

    pub(super) async fn use_invite(tx: &mut Tx<Db>, invite: Option<&Invite>) -> StoreResult<()> {
        let Some(invite) = invite else { return Ok(()) };
        if invite.uses_left < 2 {
            return Self::end_invite(tx, invite).await;
        }
        sqlx::query("UPDATE circle_invites SET uses_left = uses_left - 1 WHERE id = $1")
            .bind(invite.id.uuid())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    pub(super) async fn end_invite(tx: &mut Tx<Db>, invite: &Invite) -> StoreResult<()> {
        sqlx::query("DELETE FROM circle_invites WHERE id = $1").bind(invite.id.uuid()).execute(&mut **tx).await?;
        Ok(())
    }
}
