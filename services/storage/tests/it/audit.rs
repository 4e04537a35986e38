//! Audit log and checkpoints on all databases.

use std::{any::Any, sync::Arc, time::Duration};

use async_trait::async_trait;
use kith_kernel::{
    Clock as _, EventId, SessionId, SystemClock, SystemEntropy, Timestamp, UserId,
    audit::{AuditAction, AuditEntry, ChainError, ChainHead, Checkpoint, CheckpointKeys, InvalidCheckpoint},
    ports::{AuditLog, AuditQuery, CheckpointStore},
};
use kith_storage::{
    StoreError, StoreResult,
    audit::{AuditVerifyError, CheckpointSigner, FileCheckpointStore, verify},
    mongo::MongoCheckpointStore,
    sql,
    sql::{Database, Engine, SqlAuditLog},
};
use kith_testkit::{ManualClock, block_on, run_concurrently, user};
use sqlx::AssertSqlSafe;

struct Harness {
    audit_log: Arc<dyn AuditLog>,
    raw: Arc<dyn RawAccess>,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
    _storage: Box<dyn Any + Send + Sync>,
}

async fn sqlite() -> Harness {
    let file = kith_testkit::sqlite_database().await;
    let database = (*file).clone();
    let raw = Raw { database: database.clone(), postgres: false };
    harness(Arc::new(SqlAuditLog::new(database)), Arc::new(raw), Box::new(file))
}

async fn postgres() -> Harness {
    let server = kith_testkit::postgres_database().await;
    let database = (*server).clone();
    let raw = Raw { database: database.clone(), postgres: true };
    harness(Arc::new(SqlAuditLog::new(database)), Arc::new(raw), Box::new(server))
}

fn harness(audit_log: Arc<dyn AuditLog>, raw: Arc<dyn RawAccess>, storage: Box<dyn Any + Send + Sync>) -> Harness {
    let (clock, folder) = (Arc::new(ManualClock::at(SystemClock.now())), tempfile::tempdir().unwrap());
    Harness { audit_log, raw, clock, folder, _storage: storage }
}

#[async_trait]
trait RawAccess: Send + Sync {
    /// Appends entries in a transaction of their own.
    async fn write(&self, entries: &[AuditEntry], commit: Commit) -> StoreResult<()>;
    /// Runs a statement with the permissions of the application.
    async fn execute(&self, statement: &'static str) -> StoreResult<()>;
    /// Runs statements after dropping the triggers that protect the audit log.
    async fn tamper(&self, statements: &[&'static str]);
}

#[derive(Clone, Copy)]
enum Commit {
    Yes,
    No,
}

struct Raw<D: Engine> {
    database: Database<D>,
    postgres: bool,
}

#[sql]
#[async_trait]
impl RawAccess for Raw<Db> {
    async fn write(&self, entries: &[AuditEntry], commit: Commit) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        tx.append_audit(entries).await?;
        match commit {
            Commit::Yes => tx.commit().await,
            Commit::No => tx.rollback().await,
        }
    }

    async fn execute(&self, statement: &'static str) -> StoreResult<()> {
        let mut tx = self.database.begin().await?;
        sqlx::query(statement).execute(&mut *tx).await?;
        tx.commit().await
    }

    #[no_timeout]
    async fn tamper(&self, statements: &[&'static str]) {
        let mut tx = self.database.begin().await.unwrap();
        let triggers = [
            ("audit_log_no_change", "audit_log"),
            ("audit_log_no_update", "audit_log"),
            ("audit_log_no_delete", "audit_log"),
            ("audit_head_only_advances", "audit_head"),
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

impl Harness {
    async fn append(&self, count: usize) -> Vec<AuditEntry> {
        let entries: Vec<AuditEntry> = (0..count).map(|_| self.entry()).collect();
        self.audit_log.append(&entries).await.unwrap();
        entries
    }

    fn entry(&self) -> AuditEntry {
        let at = self.clock.now();
        AuditEntry {
            id: EventId::new(at, &SystemEntropy),
            at,
            actor: user(),
            session: Some(SessionId::new(at, &SystemEntropy)),
            action: AuditAction::CaseDecided,
            subject: "case:1".to_owned(),
            detail: "decision=removed".to_owned(),
        }
    }

    fn checkpoint_file(&self) -> Arc<dyn CheckpointStore> {
        Arc::new(FileCheckpointStore::new(self.folder.path().join("audit.checkpoints")))
    }

    fn signer(&self, store: &Arc<dyn CheckpointStore>) -> CheckpointSigner {
        let (audit_log, clock) = (self.audit_log.clone(), self.clock.clone());
        CheckpointSigner { audit_log, stores: vec![store.clone()], keys: Arc::new(keys()), clock }
    }

    async fn verify(&self) -> Result<ChainHead, AuditVerifyError> {
        Ok(verify(&*self.audit_log, &[self.checkpoint_file()], &keys()).await?.head)
    }

    /// Appends 20 records, with checkpoints of the 10th and the 20th.
    async fn append_signed(&self) -> Vec<AuditEntry> {
        let mut entries = Vec::new();
        for _ in 0..2 {
            entries.extend(self.append(10).await);
            assert_eq!(self.signer(&self.checkpoint_file()).sign_head().await, 1);
        }
        entries
    }
}

fn keys() -> CheckpointKeys {
    CheckpointKeys::new(&[[5; 32]]).unwrap()
}

fn chain_error(result: Result<ChainHead, AuditVerifyError>) -> ChainError {
    match result {
        Err(AuditVerifyError::Chain(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn appended_entries_are_returned_and_form_a_valid_chain(harness: &Harness) {
        assert_eq!(harness.verify().await.unwrap(), ChainHead::EMPTY);
        let mut entries = harness.append(3).await;
        let minimal = AuditEntry { session: None, detail: String::new(), ..harness.entry() };
        harness.audit_log.append(std::slice::from_ref(&minimal)).await.unwrap();
        entries.push(minimal);
        let records = harness.audit_log.records_after(0, 10).await.unwrap();
        assert_eq!(records.iter().map(|record| record.position).collect::<Vec<_>>(), [1, 2, 3, 4]);
        for (record, entry) in records.iter().zip(&entries) {
            assert_eq!((record.id, record.at, record.actor), (entry.id.uuid(), entry.at.millis(), entry.actor.uuid()));
            assert_eq!(
                (record.session, record.action.as_str()),
                (entry.session.map(SessionId::uuid), entry.action.as_str())
            );
            assert_eq!((&record.subject, &record.detail), (&entry.subject, &entry.detail));
        }
        let head = harness.verify().await.unwrap();
        assert_eq!((head.position, harness.audit_log.head().await.unwrap()), (4, head));
        assert_eq!(harness.audit_log.records_after(1, 2).await.unwrap(), records[1..3]);
        harness.audit_log.append(&[]).await.unwrap();
        assert_eq!(harness.audit_log.head().await.unwrap(), head);
    }

    async fn entries_of_a_rolled_back_transaction_are_discarded(harness: &Harness) {
        harness.raw.write(&[harness.entry()], Commit::No).await.unwrap();
        assert_eq!(harness.audit_log.head().await.unwrap(), ChainHead::EMPTY);
        harness.raw.write(&[harness.entry(), harness.entry()], Commit::Yes).await.unwrap();
        let duplicate = harness.entry();
        let result = harness.raw.write(&[duplicate.clone(), duplicate], Commit::Yes).await;
        assert!(matches!(result, Err(StoreError::UniqueViolation(key)) if key == "id"));
        assert_eq!(harness.verify().await.unwrap().position, 2, "a failed transaction leaves no record and no gap");
    }

    async fn entries_with_free_text_are_rejected(harness: &Harness) {
        let free_text = AuditEntry { detail: "they said hello".to_owned(), ..harness.entry() };
        let result = harness.raw.write(&[harness.entry(), free_text], Commit::Yes).await;
        assert!(matches!(result, Err(StoreError::Internal(_))));
        assert_eq!(harness.audit_log.head().await.unwrap(), ChainHead::EMPTY);
    }

    async fn concurrent_appends_form_one_chain(harness: &Harness) {
        let appends = (0..64).map(|_| {
            let (raw, entries) = (harness.raw.clone(), [harness.entry(), harness.entry()]);
            async move { raw.write(&entries, Commit::Yes).await.unwrap() }
        });
        run_concurrently(appends).await;
        assert_eq!(harness.verify().await.unwrap().position, 128);
    }

    async fn the_database_rejects_changes_and_deletions_of_records(harness: &Harness) {
        harness.append(3).await;
        for statement in [
            "UPDATE audit_log SET detail = '' WHERE position = 2",
            "DELETE FROM audit_log WHERE position = 3",
            "DELETE FROM audit_log",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET position = 2",
            "UPDATE audit_head SET position = 5",
            "UPDATE audit_head SET hash = hash",
        ] {
            let result = harness.raw.execute(statement).await;
            assert!(matches!(result, Err(StoreError::Internal(_))), "{statement}: {result:?}");
        }
        assert_eq!(harness.verify().await.unwrap().position, 3);
    }

    /// Actor, subject, upper bound of the position, and the expected positions.
    type QueryCase<'a> = (Option<UserId>, Option<String>, Option<i64>, &'a [i64]);

    async fn records_are_listed_by_actor_and_subject_newest_first(harness: &Harness) {
        let ann = harness.entry();
        let about = AuditEntry { subject: "flag:x".to_owned(), ..harness.entry() };
        let both = AuditEntry { actor: ann.actor, subject: "flag:x".to_owned(), ..harness.entry() };
        harness.audit_log.append(&[ann.clone(), about, both]).await.unwrap();
        let (actor, subject) = (Some(ann.actor), Some("flag:x".to_owned()));
        let expected: [QueryCase<'_>; 6] = [
            (None, None, None, &[3, 2, 1]),
            (actor, None, None, &[3, 1]),
            (None, subject.clone(), None, &[3, 2]),
            (actor, subject.clone(), None, &[3]),
            (None, None, Some(3), &[2, 1]),
            (None, subject, Some(2), &[]),
        ];
        for (actor, subject, before, positions) in expected {
            let query = AuditQuery { actor, subject, before };
            let found = harness.audit_log.list(&query, 10).await.unwrap();
            assert_eq!(found.iter().map(|record| record.position).collect::<Vec<_>>(), positions, "{query:?}");
        }
        assert_eq!(harness.audit_log.list(&AuditQuery::default(), 1).await.unwrap()[0].position, 3);
    }

    async fn a_changed_record_is_detected(harness: &Harness) {
        harness.append_signed().await;
        harness.raw.tamper(&["UPDATE audit_log SET detail = 'decision=kept' WHERE position = 7"]).await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Changed(7));
    }

    async fn a_deleted_record_is_detected(harness: &Harness) {
        harness.append_signed().await;
        harness.raw.tamper(&["DELETE FROM audit_log WHERE position = 7"]).await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Missing(7));
        harness.raw.tamper(&["DELETE FROM audit_log"]).await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Truncated { ends: 0, reached: 20 });
    }

    async fn an_inserted_record_is_detected(harness: &Harness) {
        harness.append_signed().await;
        // Moves the later records up by one position and inserts a record in the gap.
        harness.raw.tamper(&[
                "UPDATE audit_log SET position = 1000 + position WHERE position > 6",
                "UPDATE audit_log SET position = position - 999 WHERE position > 6",
                "INSERT INTO audit_log
             SELECT 7, actor, created_at, actor, session, action, subject, detail, hash FROM audit_log WHERE position = 6",
            ])
            .await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Changed(7));
    }

    async fn a_record_before_the_first_is_detected(harness: &Harness) {
        harness.append_signed().await;
        harness.raw.tamper(&[
                "INSERT INTO audit_log
             SELECT -3, actor, created_at, actor, session, action, subject, detail, hash FROM audit_log WHERE position = 6",
            ])
            .await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Changed(-3));
    }

    async fn two_swapped_records_are_detected(harness: &Harness) {
        harness.append_signed().await;
        harness
            .raw
            .tamper(&[
                "UPDATE audit_log SET position = 1007 WHERE position = 7",
                "UPDATE audit_log SET position = 7 WHERE position = 8",
                "UPDATE audit_log SET position = 8 WHERE position = 1007",
            ])
            .await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Changed(7));
    }

    async fn a_truncation_with_a_matching_head_is_detected_by_checkpoints(harness: &Harness) {
        harness.append_signed().await;
        truncate_after_15(harness).await;
        assert_eq!(chain_error(harness.verify().await), ChainError::Truncated { ends: 15, reached: 20 });
        let unsigned = verify(&*harness.audit_log, &[], &keys()).await.unwrap();
        assert_eq!(unsigned.head.position, 15, "without checkpoints the truncated chain is valid");
    }

    async fn a_truncated_chain_is_not_signed(harness: &Harness) {
        harness.append_signed().await;
        truncate_after_15(harness).await;
        let store = harness.checkpoint_file();
        assert_eq!(harness.signer(&store).sign_head().await, 0);
        harness.append(30).await;
        assert_eq!(harness.signer(&store).sign_head().await, 0, "new records do not make the chain valid");
        assert_eq!(store.list().await.unwrap().len(), 2);
        assert_eq!(chain_error(harness.verify().await), ChainError::Rewritten(20));
    }

    async fn a_checkpoint_is_due_after_100_records_or_one_minute(harness: &Harness) {
        let store = harness.checkpoint_file();
        let signer = harness.signer(&store);
        assert_eq!(signer.sign_if_due().await, 0, "the log is empty");
        harness.append(1).await;
        assert_eq!(signer.sign_if_due().await, 1, "the first record is signed immediately");
        harness.append(99).await;
        assert_eq!(signer.sign_if_due().await, 0);
        harness.append(1).await;
        assert_eq!(signer.sign_if_due().await, 1, "100 new records");
        harness.append(1).await;
        harness.clock.advance(Duration::from_mins(1).checked_sub(Duration::from_millis(1)).unwrap());
        assert_eq!(signer.sign_if_due().await, 0);
        harness.clock.advance(Duration::from_millis(1));
        assert_eq!(signer.sign_if_due().await, 1, "one minute");
        harness.clock.advance(Duration::from_hours(1));
        assert_eq!(signer.sign_if_due().await, 0, "no new records");
        let positions: Vec<_> = store.list().await.unwrap().iter().map(|checkpoint| checkpoint.head.position).collect();
        assert_eq!(positions, [1, 101, 102]);
        assert_eq!(harness.verify().await.unwrap().position, 102);
    }
}

async fn truncate_after_15(harness: &Harness) {
    harness
        .raw
        .tamper(&[
            "DELETE FROM audit_log WHERE position > 15",
            "UPDATE audit_head SET position = 15, hash = (SELECT hash FROM audit_log WHERE position = 15)",
        ])
        .await;
}

mod checkpoint_stores {
    use super::*;

    struct Harness {
        store: Arc<dyn CheckpointStore>,
        _storage: Box<dyn Any + Send + Sync>,
    }

    async fn file() -> Harness {
        let folder = tempfile::tempdir().unwrap();
        let store = FileCheckpointStore::new(folder.path().join("audit.checkpoints"));
        Harness { store: Arc::new(store), _storage: Box::new(folder) }
    }

    async fn mongo() -> Harness {
        let database = kith_testkit::mongo_database().await;
        Harness { store: Arc::new(MongoCheckpointStore::new((*database).clone())), _storage: Box::new(database) }
    }

    fn checkpoint(position: i64) -> Checkpoint {
        let hash = [u8::try_from(position).unwrap(); 32];
        keys().sign(ChainHead { position, hash }, Timestamp::from_millis(1_700_000_000_123))
    }

    #[kith_testkit::contract(file, mongo)]
    mod contract {
        use super::*;

        async fn checkpoints_are_listed_in_order(harness: &Harness) {
            assert_eq!(
                (harness.store.list().await.unwrap(), harness.store.latest().await.unwrap()),
                (Vec::new(), None)
            );
            for position in [1, 2, 10] {
                harness.store.append(&checkpoint(position)).await.unwrap();
            }
            let all = harness.store.list().await.unwrap();
            assert_eq!(all, [1, 2, 10].map(checkpoint));
            assert_eq!(harness.store.latest().await.unwrap(), all.last().cloned());
            assert_eq!(keys().verify(&all), Ok(()));
        }

        async fn two_nodes_can_append_the_same_position(harness: &Harness) {
            let later = keys().sign(checkpoint(5).head, Timestamp::from_millis(1_700_000_000_999));
            for checkpoint in [checkpoint(5), later] {
                harness.store.append(&checkpoint).await.unwrap();
            }
            assert_eq!(harness.store.latest().await.unwrap().unwrap().head, checkpoint(5).head);
        }
    }

    #[test]
    fn a_partial_line_is_ignored_and_overwritten_by_the_next_append() {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("audit.checkpoints");
            let store = FileCheckpointStore::new(path.clone());
            store.append(&checkpoint(1)).await.unwrap();
            let complete = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{complete}{{\"position\":2,\"ha")).unwrap();
            assert_eq!(store.list().await.unwrap(), [checkpoint(1)]);
            store.append(&checkpoint(3)).await.unwrap();
            assert_eq!(store.list().await.unwrap(), [1, 3].map(checkpoint));
        });
    }

    #[test]
    fn a_malformed_line_is_an_error() {
        block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("audit.checkpoints");
            let store = FileCheckpointStore::new(path.clone());
            store.append(&checkpoint(1)).await.unwrap();
            let complete = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{complete}nothing\n")).unwrap();
            let error = store.list().await.unwrap_err().to_string();
            assert!(error.ends_with("line 2 is not a valid checkpoint"), "{error}");
        });
    }

    #[test]
    fn a_checkpoint_with_a_foreign_key_is_detected() {
        block_on(async {
            let harness = super::sqlite().await;
            harness.append_signed().await;
            let foreign = CheckpointKeys::new(&[[6; 32]]).unwrap();
            harness
                .checkpoint_file()
                .append(&foreign.sign(harness.audit_log.head().await.unwrap(), harness.clock.now()))
                .await
                .unwrap();
            assert!(harness.verify().await.is_ok(), "covered by the previous checkpoint");
            harness.append(1).await;
            harness
                .checkpoint_file()
                .append(&foreign.sign(harness.audit_log.head().await.unwrap(), harness.clock.now()))
                .await
                .unwrap();
            let result = harness.verify().await;
            assert!(
                matches!(result, Err(AuditVerifyError::InvalidCheckpoint { error: InvalidCheckpoint::Key(21), .. })),
                "{result:?}"
            );
        });
    }
}
