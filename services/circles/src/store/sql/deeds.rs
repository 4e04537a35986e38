//! What is read before something is decided, and what is written after. All of it while the circle is held.

use kith_kernel::{CircleId, UserId, event::CircleChange};
use kith_storage::{
    StoreResult, sql,
    sql::{SqlTimestamp, Tx},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{
    Sql, announcement,
    rows::{CIRCLE, CircleRow, PersonRow, access_word, role_number},
};
use crate::{
    domain::{Access, Change, Circle, Person, State, timeless, word},
    policy::{ASKED, Act, Ruling, Scene, change, may_invite},
    store::{By, Deed, Door},
};

#[sql]
impl Sql<Db> {
    /// All that decides about a deed; `None` if there is no such circle.
    pub(super) async fn scene(tx: &mut Tx<Db>, deed: &Deed) -> StoreResult<Option<Scene>> {
        let Some(circle) = Self::find_circle(tx, deed.circle).await? else { return Ok(None) };
        let actor = Self::find_person(tx, deed.circle, deed.by.actor).await?;
        let subject = match deed.act.subject() {
            Some(persona) => Self::one_person(tx, "circle = $1 AND persona = $2", deed.circle, persona.uuid()).await?,
            None => None,
        };
        let (owners,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM circle_members WHERE circle = $1 AND status = 'member' AND role = 3")
                .bind(deed.circle.uuid())
                .fetch_one(&mut **tx)
                .await?;
        let (invites,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM circle_invites WHERE circle = $1 AND expires_at > $2")
                .bind(deed.circle.uuid())
                .bind(SqlTimestamp(deed.by.at))
                .fetch_one(&mut **tx)
                .await?;
        let invite = Self::named_invite(tx, deed).await?;
        let (owners, invites) = (u32::try_from(owners).unwrap_or(u32::MAX), u32::try_from(invites).unwrap_or(u32::MAX));
        Ok(Some(Scene { circle, actor, subject, owners, invite, invites }))
    }

    /// Writes what comes of a deed; `false` if nothing does.
    pub(super) async fn apply(tx: &mut Tx<Db>, deed: &Deed, scene: &Scene, ruling: Ruling) -> StoreResult<bool> {
        match ruling {
            Ruling::Already => return Ok(false),
            Ruling::Actor(persona, state) => {
                let person = Person { user: deed.by.actor, persona, state, since: deed.by.at };
                if let Act::Accept(..) = deed.act {
                    Self::use_invite(tx, scene.invite.as_ref()).await?;
                }
                Self::change_person(tx, deed, scene.actor, person).await?;
            }
            Ruling::Subject(state) => {
                let Some(before) = scene.subject else { return Ok(false) };
                // A role is given to a member, who joined when they joined.
                let stays = before.state.role().is_some() && state.role().is_some();
                let since = if stays { before.since } else { deed.by.at };
                Self::change_person(tx, deed, Some(before), Person { state, since, ..before }).await?;
            }
            Ruling::Terms(change) => Self::change_terms(tx, deed, &scene.circle, change).await?,
            Ruling::Archived => Self::archive(tx, deed).await?,
            Ruling::Invited => Self::add_invite(tx, deed).await?,
            Ruling::Revoked => {
                let Some(invite) = &scene.invite else { return Ok(false) };
                Self::end_invite(tx, invite).await?;
                Self::write_down(tx, deed.circle, &deed.by, deed.act.word(), Some(invite.maker)).await?;
            }
        }
        Ok(true)
    }

    pub(super) async fn find_circle(tx: &mut Tx<Db>, circle: CircleId) -> StoreResult<Option<Circle>> {
        let row: Option<CircleRow> =
            sqlx::query_as(AssertSqlSafe(format!("SELECT {CIRCLE} FROM circles WHERE id = $1")))
                .bind(circle.uuid())
                .fetch_optional(&mut **tx)
                .await?;
        row.map(CircleRow::into_circle).transpose()
    }

    pub(super) async fn find_person(tx: &mut Tx<Db>, circle: CircleId, user: UserId) -> StoreResult<Option<Person>> {
        Self::one_person(tx, "circle = $1 AND account = $2", circle, user.uuid()).await
    }

    async fn one_person(
        tx: &mut Tx<Db>,
        condition: &'static str,
        circle: CircleId,
        id: Uuid,
    ) -> StoreResult<Option<Person>> {
        let row: Option<PersonRow> = sqlx::query_as(AssertSqlSafe(format!("{} WHERE {condition}", PersonRow::SELECT)))
            .bind(circle.uuid())
            .bind(id)
            .fetch_optional(&mut **tx)
            .await?;
        row.map(PersonRow::into_person).transpose()
    }

    pub(super) async fn add_circle(tx: &mut Tx<Db>, circle: &Circle) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO circles (id, name, about, rules, category, access, max_members, member_count, count_offset,
                created_at, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(circle.id.uuid())
        .bind(circle.terms.name.as_str())
        .bind(circle.terms.about.as_str())
        .bind(circle.terms.rules.as_str())
        .bind(circle.terms.category.slug())
        .bind(access_word(circle.terms.access))
        .bind(i64::from(circle.terms.cap.number()))
        .bind(i64::from(circle.members))
        .bind(i64::from(circle.blur.number()))
        .bind(SqlTimestamp(circle.created_at))
        .bind(circle.version)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Says how somebody stands, whatever was said before.
    pub(super) async fn put_person(tx: &mut Tx<Db>, circle: CircleId, person: &Person) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO circle_members (circle, account, persona, status, role, since) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (circle, account) DO UPDATE
             SET status = excluded.status, role = excluded.role, since = excluded.since",
        )
        .bind(circle.uuid())
        .bind(person.user.uuid())
        .bind(person.persona.uuid())
        .bind(word(person.state))
        .bind(role_number(person.state.role()))
        .bind(SqlTimestamp(person.since))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn change_person(tx: &mut Tx<Db>, deed: &Deed, before: Option<Person>, after: Person) -> StoreResult<()> {
        Self::put_person(tx, deed.circle, &after).await?;
        if !may_invite(after.state) {
            sqlx::query("DELETE FROM circle_invites WHERE circle = $1 AND creator = $2")
                .bind(deed.circle.uuid())
                .bind(after.user.uuid())
                .execute(&mut **tx)
                .await?;
        }
        Self::count_members(tx, deed.circle).await?;
        let word = if after.state == State::Asked { ASKED } else { deed.act.word() };
        Self::write_down(tx, deed.circle, &deed.by, word, Some(after.user)).await?;
        if let Some(change) = change(before.map(|before| before.state), after.state) {
            tx.append_events(&[announcement(deed.circle, &deed.by, change, Some(after.user))]).await?;
        }
        Ok(())
    }

    async fn count_members(tx: &mut Tx<Db>, circle: CircleId) -> StoreResult<()> {
        sqlx::query(
            "UPDATE circles
             SET member_count = (SELECT COUNT(*) FROM circle_members WHERE circle = $1 AND status = 'member')
             WHERE id = $1",
        )
        .bind(circle.uuid())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    async fn change_terms(tx: &mut Tx<Db>, deed: &Deed, circle: &Circle, change: Change) -> StoreResult<()> {
        let terms = change.of(&circle.terms);
        sqlx::query(
            "UPDATE circles SET name = $2, about = $3, rules = $4, category = $5, access = $6, max_members = $7,
                version = version + 1
             WHERE id = $1",
        )
        .bind(deed.circle.uuid())
        .bind(terms.name.as_str())
        .bind(terms.about.as_str())
        .bind(terms.rules.as_str())
        .bind(terms.category.slug())
        .bind(access_word(terms.access))
        .bind(i64::from(terms.cap.number()))
        .execute(&mut **tx)
        .await?;
        if terms.access != Access::ByRequest {
            Self::forget_requests(tx, deed).await?;
        }
        Self::told_of_circle(tx, deed, CircleChange::Updated).await
    }

    async fn archive(tx: &mut Tx<Db>, deed: &Deed) -> StoreResult<()> {
        sqlx::query("UPDATE circles SET archived_at = $2 WHERE id = $1")
            .bind(deed.circle.uuid())
            .bind(SqlTimestamp(deed.by.at))
            .execute(&mut **tx)
            .await?;
        Self::forget_requests(tx, deed).await?;
        sqlx::query("DELETE FROM circle_invites WHERE circle = $1").bind(deed.circle.uuid()).execute(&mut **tx).await?;
        Self::told_of_circle(tx, deed, CircleChange::Archived).await
    }

    /// Closes a circle or opens it; `false` if it is so already, or if there is none.
    pub(super) async fn turn(tx: &mut Tx<Db>, circle: CircleId, door: Door, by: &By) -> StoreResult<bool> {
        let (closed_at, is_other, word, change) = match door {
            Door::Closed => (Some(SqlTimestamp(by.at)), "IS NULL", "close", CircleChange::ClosedByStaff),
            Door::Open => (None, "IS NOT NULL", "open", CircleChange::ReopenedByStaff),
        };
        let update = format!("UPDATE circles SET closed_at = $2 WHERE id = $1 AND closed_at {is_other}");
        let turned = sqlx::query(AssertSqlSafe(update)).bind(circle.uuid()).bind(closed_at).execute(&mut **tx).await?;
        if turned.rows_affected() == 0 {
            return Ok(false);
        }
        Self::write_down(tx, circle, by, word, None).await?;
        tx.append_events(&[announcement(circle, by, change, None)]).await?;
        Ok(true)
    }

    async fn told_of_circle(tx: &mut Tx<Db>, deed: &Deed, change: CircleChange) -> StoreResult<()> {
        Self::write_down(tx, deed.circle, &deed.by, deed.act.word(), None).await?;
        tx.append_events(&[announcement(deed.circle, &deed.by, change, None)]).await
    }

    async fn forget_requests(tx: &mut Tx<Db>, deed: &Deed) -> StoreResult<()> {
        sqlx::query("UPDATE circle_members SET status = $2, since = $3 WHERE circle = $1 AND status = $4")
            .bind(deed.circle.uuid())
            .bind(word(State::Left))
            .bind(SqlTimestamp(deed.by.at))
            .bind(word(State::Asked))
            .execute(&mut **tx)
            .await?;
        Ok(())
    }

    /// A line of the circle's log.
    pub(super) async fn write_down(
        tx: &mut Tx<Db>,
        circle: CircleId,
        by: &By,
        act: &str,
        subject: Option<UserId>,
    ) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO circle_log (id, token, circle, created_at, actor, action, target)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(by.event.uuid())
        .bind(timeless(by.event.uuid()))
        .bind(circle.uuid())
        .bind(SqlTimestamp(by.at))
        .bind(by.actor.uuid())
        .bind(act)
        .bind(subject.map(UserId::uuid))
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}
