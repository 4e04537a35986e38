//! The audit trail, on the databases and at its second places.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{
    Clock as _, EventId, SessionId, SystemClock, SystemEntropy, Timestamp, UserId,
    audit::{Act, Broken, Checkpoint, Entry, Forged, Head, Seals},
    ports::{Audit, AuditQuery, Checkpoints},
};
use kith_storage::{
    StoreError, StoreResult,
    audit::{FileCheckpoints, Sealing, Unsound, verify},
    mongo::MongoCheckpoints,
    sql,
    sql::{Database, Engine, SqlAudit},
};
use kith_testkit::{HandClock, block_on, race, user};
use sqlx::AssertSqlSafe;

struct Bed {
    audit: Arc<dyn Audit>,
    rows: Arc<dyn Rows>,
    clock: Arc<HandClock>,
    folder: tempfile::TempDir,
    _kept: Box<dyn Any + Send + Sync>,
}

async fn sqlite() -> Bed {
    let file = kith_testkit::sqlite().await;
    let database = (*file).clone();
    let rows = OnRows { database: database.clone(), postgres: false };
    bed(Arc::new(SqlAudit::new(database)), Arc::new(rows), Box::new(file))
}

async fn postgres() -> Bed {
    let server = kith_testkit::postgres().await;
    let database = (*server).clone();
    let rows = OnRows { database: database.clone(), postgres: true };
    bed(Arc::new(SqlAudit::new(database)), Arc::new(rows), Box::new(server))
}

fn bed(audit: Arc<dyn Audit>, rows: Arc<dyn Rows>, kept: Box<dyn Any + Send + Sync>) -> Bed {
    let (clock, folder) = (Arc::new(HandClock::at(SystemClock.now())), tempfile::tempdir().unwrap());
    Bed { audit, rows, clock, folder, _kept: kept }
}

#[async_trait]
trait Rows: Send + Sync {
    /// Writes these down beside nothing, and ends so.
    async fn write(&self, entries: &[Entry], commit: Commit) -> StoreResult<()>;
    /// As anybody with the database's password.
    async fn run(&self, statement: &'static str) -> StoreResult<()>;
    /// As somebody who knows what they do.
    async fn unguarded(&self, statements: &[&'static str]);
}

#[derive(Clone, Copy)]
enum Commit {
    Yes,
    No,
}

struct OnRows<D: Engine> {
    database: Database<D>,
    postgres: bool,
}

#[sql]
#[async_trait]
impl Rows for OnRows<Db> {
    async fn write(&self, entries: &[Entry], commit: Commit) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        tx.audit(entries).await?;
        match commit {
            Commit::Yes => tx.commit().await,
            Commit::No => tx.rollback().await,
        }
    }

    async fn run(&self, statement: &'static str) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(statement).execute(&mut *tx).await?;
        tx.commit().await
    }

    #[unhurried]
    async fn unguarded(&self, statements: &[&'static str]) {
        let mut tx = self.database.begin().await.unwrap();
        let triggers = [
            ("audit_log_is_not_changed", "audit_log"),
            ("audit_log_is_not_deleted", "audit_log"),
            ("audit_head_goes_on", "audit_head"),
        ];
        for (trigger, table) in triggers {
            let on = if self.postgres { format!(" ON {table}") } else { String::new() };
            let drop = format!("DROP TRIGGER IF EXISTS {trigger}{on}");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut *tx).await.unwrap();
        }
        for statement in statements {
            sqlx::query(*statement).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

impl Bed {
    async fn append(&self, count: usize) -> Vec<Entry> {
        let entries: Vec<Entry> = (0..count).map(|_| self.entry()).collect();
        self.audit.append(&entries).await.unwrap();
        entries
    }

    fn entry(&self) -> Entry {
        let at = self.clock.now();
        Entry {
            id: EventId::new(at, &SystemEntropy),
            at,
            actor: user(),
            session: Some(SessionId::new(at, &SystemEntropy)),
            act: Act::CaseDecided,
            subject: "case:1".to_owned(),
            detail: "decision=removed".to_owned(),
        }
    }

    fn file(&self) -> Arc<dyn Checkpoints> {
        Arc::new(FileCheckpoints::new(self.folder.path().join("audit.checkpoints")))
    }

    fn sealing(&self, place: &Arc<dyn Checkpoints>) -> Sealing {
        let (audit, clock) = (self.audit.clone(), self.clock.clone());
        Sealing { audit, places: vec![place.clone()], seals: Arc::new(seals()), clock }
    }

    async fn verified(&self) -> Result<Head, Unsound> {
        Ok(verify(&*self.audit, &[self.file()], &seals()).await?.head)
    }

    /// Twenty lines, of which the tenth and the twentieth are signed.
    async fn signed(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for _ in 0..2 {
            entries.extend(self.append(10).await);
            assert_eq!(self.sealing(&self.file()).finish().await, 1);
        }
        entries
    }
}

fn seals() -> Seals {
    Seals::new(&[[5; 32]]).unwrap()
}

fn broken(verified: Result<Head, Unsound>) -> Broken {
    match verified {
        Err(Unsound::Broken(broken)) => broken,
        other => panic!("{other:?}"),
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn what_is_appended_is_read_again_and_is_sound(bed: &Bed) {
        assert_eq!(bed.verified().await.unwrap(), Head::EMPTY);
        let mut entries = bed.append(3).await;
        let alone = Entry { session: None, detail: String::new(), ..bed.entry() };
        bed.audit.append(std::slice::from_ref(&alone)).await.unwrap();
        entries.push(alone);
        let lines = bed.audit.lines(0, 10).await.unwrap();
        assert_eq!(lines.iter().map(|line| line.position).collect::<Vec<_>>(), [1, 2, 3, 4]);
        for (line, entry) in lines.iter().zip(&entries) {
            assert_eq!((line.id, line.at, line.actor), (entry.id.uuid(), entry.at.millis(), entry.actor.uuid()));
            assert_eq!((line.session, line.act.as_str()), (entry.session.map(SessionId::uuid), entry.act.word()));
            assert_eq!((&line.subject, &line.detail), (&entry.subject, &entry.detail));
        }
        let head = bed.verified().await.unwrap();
        assert_eq!((head.position, bed.audit.head().await.unwrap()), (4, head));
        assert_eq!(bed.audit.lines(1, 2).await.unwrap(), lines[1..3]);
        bed.audit.append(&[]).await.unwrap();
        assert_eq!(bed.audit.head().await.unwrap(), head);
    }

    async fn what_is_rolled_back_was_never_written_down(bed: &Bed) {
        bed.rows.write(&[bed.entry()], Commit::No).await.unwrap();
        assert_eq!(bed.audit.head().await.unwrap(), Head::EMPTY);
        bed.rows.write(&[bed.entry(), bed.entry()], Commit::Yes).await.unwrap();
        let twice = bed.entry();
        let refused = bed.rows.write(&[twice.clone(), twice], Commit::Yes).await;
        assert!(matches!(refused, Err(StoreError::Taken(key)) if key == "id"));
        assert_eq!(bed.verified().await.unwrap().position, 2, "all or none, and without a gap");
    }

    async fn what_a_person_wrote_is_no_entry(bed: &Bed) {
        let written = Entry { detail: "they said hello".to_owned(), ..bed.entry() };
        let refused = bed.rows.write(&[bed.entry(), written], Commit::Yes).await;
        assert!(matches!(refused, Err(StoreError::Internal(_))));
        assert_eq!(bed.audit.head().await.unwrap(), Head::EMPTY);
    }

    async fn all_who_append_at_once_make_one_chain(bed: &Bed) {
        let racers = (0..64).map(|_| {
            let (rows, entries) = (bed.rows.clone(), [bed.entry(), bed.entry()]);
            async move { rows.write(&entries, Commit::Yes).await.unwrap() }
        });
        race(racers).await;
        assert_eq!(bed.verified().await.unwrap().position, 128);
    }

    async fn the_database_itself_changes_and_deletes_nothing(bed: &Bed) {
        bed.append(3).await;
        for statement in [
            "UPDATE audit_log SET detail = '' WHERE position = 2",
            "DELETE FROM audit_log WHERE position = 3",
            "DELETE FROM audit_log",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET position = 2",
            "UPDATE audit_head SET position = 5",
            "UPDATE audit_head SET hash = hash",
        ] {
            let refused = bed.rows.run(statement).await;
            assert!(matches!(refused, Err(StoreError::Internal(_))), "{statement}: {refused:?}");
        }
        assert_eq!(bed.verified().await.unwrap().position, 3);
    }

    /// By whom, about what, before which line; and which lines are found.
    type Asked<'a> = (Option<UserId>, Option<String>, Option<i64>, &'a [i64]);

    async fn lines_are_found_by_who_and_by_what_the_newest_first(bed: &Bed) {
        let ann = bed.entry();
        let about = Entry { subject: "flag:x".to_owned(), ..bed.entry() };
        let both = Entry { actor: ann.actor, subject: "flag:x".to_owned(), ..bed.entry() };
        bed.audit.append(&[ann.clone(), about, both]).await.unwrap();
        let (by, of) = (Some(ann.actor), Some("flag:x".to_owned()));
        let expected: [Asked<'_>; 6] = [
            (None, None, None, &[3, 2, 1]),
            (by, None, None, &[3, 1]),
            (None, of.clone(), None, &[3, 2]),
            (by, of.clone(), None, &[3]),
            (None, None, Some(3), &[2, 1]),
            (None, of, Some(2), &[]),
        ];
        for (actor, subject, before, positions) in expected {
            let query = AuditQuery { actor, subject, before };
            let found = bed.audit.page(&query, 10).await.unwrap();
            assert_eq!(found.iter().map(|line| line.position).collect::<Vec<_>>(), positions, "{query:?}");
        }
        assert_eq!(bed.audit.page(&AuditQuery::default(), 1).await.unwrap()[0].position, 3);
    }

    async fn a_change_behind_the_guards_is_found(bed: &Bed) {
        bed.signed().await;
        bed.rows.unguarded(&["UPDATE audit_log SET detail = 'decision=kept' WHERE position = 7"]).await;
        assert_eq!(broken(bed.verified().await), Broken::Changed(7));
    }

    async fn a_deletion_behind_the_guards_is_found(bed: &Bed) {
        bed.signed().await;
        bed.rows.unguarded(&["DELETE FROM audit_log WHERE position = 7"]).await;
        assert_eq!(broken(bed.verified().await), Broken::Missing(7));
        bed.rows.unguarded(&["DELETE FROM audit_log"]).await;
        assert_eq!(broken(bed.verified().await), Broken::Truncated { ends: 0, reached: 20 });
    }

    async fn an_insertion_behind_the_guards_is_found(bed: &Bed) {
        bed.signed().await;
        // The last of it moves up and lets one in.
        bed.rows
            .unguarded(&[
                "UPDATE audit_log SET position = 1000 + position WHERE position > 6",
                "UPDATE audit_log SET position = position - 999 WHERE position > 6",
                "INSERT INTO audit_log SELECT 7, actor, at, actor, session, act, subject, detail, hash FROM audit_log
             WHERE position = 6",
            ])
            .await;
        assert_eq!(broken(bed.verified().await), Broken::Changed(7));
    }

    async fn a_line_before_the_first_is_found(bed: &Bed) {
        bed.signed().await;
        bed.rows
            .unguarded(&[
                "INSERT INTO audit_log SELECT -3, actor, at, actor, session, act, subject, detail, hash FROM audit_log
             WHERE position = 6",
            ])
            .await;
        assert_eq!(broken(bed.verified().await), Broken::Changed(-3));
    }

    async fn two_lines_that_change_places_behind_the_guards_are_found(bed: &Bed) {
        bed.signed().await;
        bed.rows
            .unguarded(&[
                "UPDATE audit_log SET position = 1007 WHERE position = 7",
                "UPDATE audit_log SET position = 7 WHERE position = 8",
                "UPDATE audit_log SET position = 8 WHERE position = 1007",
            ])
            .await;
        assert_eq!(broken(bed.verified().await), Broken::Changed(7));
    }

    async fn a_tail_that_is_cut_off_with_its_head_is_found_by_the_checkpoint(bed: &Bed) {
        bed.signed().await;
        cut_behind_15(bed).await;
        assert_eq!(broken(bed.verified().await), Broken::Truncated { ends: 15, reached: 20 });
        let alone = verify(&*bed.audit, &[], &seals()).await.unwrap();
        assert_eq!(alone.head.position, 15, "alone it fits itself");
    }

    async fn over_a_chain_that_was_cut_off_nothing_is_signed(bed: &Bed) {
        bed.signed().await;
        cut_behind_15(bed).await;
        let file = bed.file();
        assert_eq!(bed.sealing(&file).finish().await, 0);
        bed.append(30).await;
        assert_eq!(bed.sealing(&file).finish().await, 0, "grown again, it is another one");
        assert_eq!(file.all().await.unwrap().len(), 2);
        assert_eq!(broken(bed.verified().await), Broken::Rewritten(20));
    }

    async fn a_checkpoint_is_kept_when_there_is_much_new_or_it_is_old(bed: &Bed) {
        let file = bed.file();
        let sealing = bed.sealing(&file);
        assert_eq!(sealing.look().await, 0, "there is nothing to sign");
        bed.append(1).await;
        assert_eq!(sealing.look().await, 1, "the first at once");
        bed.append(99).await;
        assert_eq!(sealing.look().await, 0);
        bed.append(1).await;
        assert_eq!(sealing.look().await, 1, "a hundred lines");
        bed.append(1).await;
        bed.clock.pass(Duration::from_mins(1).checked_sub(Duration::from_millis(1)).unwrap());
        assert_eq!(sealing.look().await, 0);
        bed.clock.pass(Duration::from_millis(1));
        assert_eq!(sealing.look().await, 1, "a minute");
        bed.clock.pass(Duration::from_hours(1));
        assert_eq!(sealing.look().await, 0, "nothing is new");
        let positions: Vec<_> = file.all().await.unwrap().iter().map(|kept| kept.head.position).collect();
        assert_eq!(positions, [1, 101, 102]);
        assert_eq!(bed.verified().await.unwrap().position, 102);
    }
}

async fn cut_behind_15(bed: &Bed) {
    bed.rows
        .unguarded(&[
            "DELETE FROM audit_log WHERE position > 15",
            "UPDATE audit_head SET position = 15, hash = (SELECT hash FROM audit_log WHERE position = 15)",
        ])
        .await;
}

mod places {
    use super::*;

    struct Bed {
        place: Arc<dyn Checkpoints>,
        _kept: Box<dyn Any + Send + Sync>,
    }

    async fn file() -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let place = FileCheckpoints::new(folder.path().join("audit.checkpoints"));
        Bed { place: Arc::new(place), _kept: Box::new(folder) }
    }

    async fn mongo() -> Bed {
        let database = kith_testkit::mongo().await;
        Bed { place: Arc::new(MongoCheckpoints::new((*database).clone())), _kept: Box::new(database) }
    }

    fn checkpoint(position: i64) -> Checkpoint {
        let hash = [u8::try_from(position).unwrap(); 32];
        seals().sign(Head { position, hash }, Timestamp::from_millis(1_700_000_000_123))
    }

    #[kith_testkit::contract(file, mongo)]
    mod contract {
        use super::*;

        async fn what_is_kept_is_there_in_its_order(bed: &Bed) {
            assert_eq!((bed.place.all().await.unwrap(), bed.place.last().await.unwrap()), (Vec::new(), None));
            for position in [1, 2, 10] {
                bed.place.keep(&checkpoint(position)).await.unwrap();
            }
            let all = bed.place.all().await.unwrap();
            assert_eq!(all, [1, 2, 10].map(checkpoint));
            assert_eq!(bed.place.last().await.unwrap(), all.last().cloned());
            assert_eq!(seals().verify(&all), Ok(()));
        }

        async fn two_nodes_may_keep_the_same_place(bed: &Bed) {
            let later = seals().sign(checkpoint(5).head, Timestamp::from_millis(1_700_000_000_999));
            for one in [checkpoint(5), later] {
                bed.place.keep(&one).await.unwrap();
            }
            assert_eq!(bed.place.last().await.unwrap().unwrap().head, checkpoint(5).head);
        }
    }

    #[test]
    fn half_a_line_is_no_line_and_is_gone_with_the_next() {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("audit.checkpoints");
            let place = FileCheckpoints::new(path.clone());
            place.keep(&checkpoint(1)).await.unwrap();
            let whole = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{whole}{{\"position\":2,\"ha")).unwrap();
            assert_eq!(place.all().await.unwrap(), [checkpoint(1)]);
            place.keep(&checkpoint(3)).await.unwrap();
            assert_eq!(place.all().await.unwrap(), [1, 3].map(checkpoint));
        });
    }

    #[test]
    fn a_whole_line_that_is_no_checkpoint_is_said() {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("audit.checkpoints");
            let place = FileCheckpoints::new(path.clone());
            place.keep(&checkpoint(1)).await.unwrap();
            let whole = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{whole}nothing\n")).unwrap();
            let failure = place.all().await.unwrap_err().to_string();
            assert!(failure.ends_with("line 2 is no checkpoint"), "{failure}");
        });
    }

    #[test]
    fn a_checkpoint_that_was_written_by_somebody_else_is_found() {
        block_on(async {
            let bed = super::sqlite().await;
            bed.signed().await;
            let strange = Seals::new(&[[6; 32]]).unwrap();
            bed.file().keep(&strange.sign(bed.audit.head().await.unwrap(), bed.clock.now())).await.unwrap();
            assert!(bed.verified().await.is_ok(), "ours vouches for it");
            bed.append(1).await;
            bed.file().keep(&strange.sign(bed.audit.head().await.unwrap(), bed.clock.now())).await.unwrap();
            let refused = bed.verified().await;
            assert!(matches!(refused, Err(Unsound::Forged { fault: Forged::Key(21), .. })), "{refused:?}");
        });
    }
}
