use std::fs;

use kith_kernel::{EncodedEvent, EventId, SystemClock, SystemEntropy, ports::DeadLetterStore as _};
use tempfile::TempDir;

use super::*;
use crate::config::{ConfigSource, Environment, load};

struct Harness {
    folder: TempDir,
    loaded: LoadedConfig,
    context: CheckContext,
}

fn harness() -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let pairs = [("KITH_DATA_DIR", data.to_str().unwrap()), ("KITH_LISTEN", "127.0.0.1:0")];
    let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let loaded = load(ConfigSource { file: None, folder: folder.path(), environment: &environment }).unwrap();
    let context =
        CheckContext { database: data.join("kith.db"), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    Harness { folder, loaded, context }
}

impl Harness {
    async fn run_checks(&self) -> Vec<CheckResult> {
        run_checks(Ok(&self.loaded), &self.context).await
    }

    async fn database(&self) -> Database {
        fs::create_dir_all(&self.loaded.config.data_dir).unwrap();
        Database::open(self.context.database.clone(), Durability::None).await.unwrap()
    }
}

fn severity_of(results: &[CheckResult], name: &str) -> Severity {
    results.iter().find(|result| result.name == name).unwrap().severity
}

#[tokio::test]
async fn checks_of_a_new_installation_pass_and_create_nothing() {
    let harness = harness();
    let results = harness.run_checks().await;
    assert!(!has_errors(&results), "{results:?}");
    assert_eq!(fs::read_dir(harness.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn pending_migrations_are_a_warning() {
    let harness = harness();
    let database = harness.database().await;
    assert_eq!(severity_of(&harness.run_checks().await, "schema"), Severity::Warning);
    database.migrate().await.unwrap();
    assert_eq!(database.schema_state().await.unwrap(), SchemaState::Current);
    assert_eq!(severity_of(&harness.run_checks().await, "schema"), Severity::Ok);
}

#[tokio::test]
async fn dead_letters_are_an_error() {
    let harness = harness();
    let database = harness.database().await;
    database.migrate().await.unwrap();
    assert_eq!(severity_of(&harness.run_checks().await, "events"), Severity::Ok);
    let store = SqlDeadLetterStore::new(database, harness.context.clock.clone());
    let parcel = EncodedEvent { id: EventId::new(harness.context.clock.now(), &SystemEntropy), bytes: vec![1] };
    store.add(&parcel, "support", "poison").await.unwrap();
    let results = harness.run_checks().await;
    assert_eq!(severity_of(&results, "events"), Severity::Error);
    assert!(has_errors(&results));
}

#[tokio::test]
async fn an_invalid_database_file_is_an_error() {
    let harness = harness();
    fs::create_dir_all(&harness.loaded.config.data_dir).unwrap();
    fs::write(&harness.context.database, "this is not a database, and it is long enough to be parsed as one").unwrap();
    assert!(has_errors(&harness.run_checks().await));
}

#[test]
fn a_data_folder_that_is_a_file_is_an_error() {
    let harness = harness();
    let file = harness.folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(data_folder(&file, &SystemEntropy).severity, Severity::Error);
    assert_eq!(data_folder(harness.folder.path(), &SystemEntropy).severity, Severity::Ok);
    assert_eq!(fs::read_dir(harness.folder.path()).unwrap().count(), 1);
}

#[test]
fn a_clock_behind_the_last_write_or_implausible_is_an_error() {
    let harness = harness();
    let file = harness.folder.path().join("kith.db");
    fs::write(&file, "").unwrap();
    let now = SystemClock.now();
    assert_eq!(clock(now, &file).severity, Severity::Ok);
    assert_eq!(clock(now.before(Duration::from_hours(1)), &file).severity, Severity::Error);
    assert_eq!(clock(Timestamp::from_millis(0), &file).severity, Severity::Error);
}

#[test]
fn a_port_used_by_another_program_is_an_error() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap();
    // The other program accepts the connection and closes it without a response.
    std::thread::scope(|scope| {
        scope.spawn(|| drop(other.accept()));
        assert_eq!(port(listen).severity, Severity::Error);
    });
    drop(other);
    assert_eq!(port(listen).severity, Severity::Ok);
}

#[test]
fn secrets_readable_by_other_users_are_an_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let harness = harness();
    assert_eq!(secrets_present(&harness.loaded).severity, Severity::Ok);
    secrets::load_or_create(&harness.loaded.config.data_dir, &SystemEntropy).unwrap();
    assert_eq!(secrets_present(&harness.loaded).severity, Severity::Ok);
    let file = secrets::file_in(&harness.loaded.config.data_dir);
    fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(secrets_present(&harness.loaded).severity, Severity::Error);
}
