use std::fs;

use kith_kernel::{EventId, Parcel, SystemClock, SystemEntropy, ports::DeadLetters as _};
use tempfile::TempDir;

use super::*;
use crate::config::{Environment, Request, load};

struct Bed {
    folder: TempDir,
    loaded: Loaded,
    tools: Tools,
}

fn bed() -> Bed {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let pairs = [("KITH_DATA_DIR", data.to_str().unwrap()), ("KITH_LISTEN", "127.0.0.1:0")];
    let environment: Environment = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let loaded = load(Request { file: None, folder: folder.path(), environment: &environment }).unwrap();
    let tools =
        Tools { database: data.join("kith.db"), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) };
    Bed { folder, loaded, tools }
}

impl Bed {
    async fn examine(&self) -> Vec<Finding> {
        examine(Ok(&self.loaded), &self.tools).await
    }

    async fn database(&self) -> Database {
        fs::create_dir_all(&self.loaded.config.data_dir).unwrap();
        Database::open(self.tools.database.clone(), Durability::None).await.unwrap()
    }
}

fn of(findings: &[Finding], about: &str) -> Health {
    findings.iter().find(|finding| finding.about == about).unwrap().health
}

#[tokio::test]
async fn a_first_start_has_nothing_wrong_and_nothing_is_made() {
    let bed = bed();
    let findings = bed.examine().await;
    assert!(!wrong(&findings), "{findings:?}");
    assert_eq!(fs::read_dir(bed.folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_schema_that_is_behind_is_odd_and_one_that_is_ahead_is_wrong() {
    let bed = bed();
    let database = bed.database().await;
    assert_eq!(of(&bed.examine().await, "schema"), Health::Odd);
    database.migrate().await.unwrap();
    assert_eq!(database.schema().await.unwrap(), Schema::Current);
    assert_eq!(of(&bed.examine().await, "schema"), Health::Fine);
}

#[tokio::test]
async fn what_was_given_up_is_wrong_until_somebody_has_looked() {
    let bed = bed();
    let database = bed.database().await;
    database.migrate().await.unwrap();
    assert_eq!(of(&bed.examine().await, "events"), Health::Fine);
    let letters = SqlDeadLetters::new(database, bed.tools.clock.clone());
    let parcel = Parcel { id: EventId::new(bed.tools.clock.now(), &SystemEntropy), bytes: vec![1] };
    letters.bury(&parcel, "support", "poison").await.unwrap();
    let findings = bed.examine().await;
    assert_eq!(of(&findings, "events"), Health::Wrong);
    assert!(wrong(&findings));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_wrong() {
    let bed = bed();
    fs::create_dir_all(&bed.loaded.config.data_dir).unwrap();
    fs::write(&bed.tools.database, "this is not a database, and is long enough to be looked at as one").unwrap();
    assert!(wrong(&bed.examine().await));
}

#[test]
fn a_folder_that_is_a_file_is_wrong() {
    let bed = bed();
    let file = bed.folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(data_folder(&file, &SystemEntropy).health, Health::Wrong);
    assert_eq!(data_folder(bed.folder.path(), &SystemEntropy).health, Health::Fine);
    assert_eq!(fs::read_dir(bed.folder.path()).unwrap().count(), 1);
}

#[test]
fn a_clock_before_the_last_write_or_out_of_this_century_is_wrong() {
    let bed = bed();
    let file = bed.folder.path().join("kith.db");
    fs::write(&file, "").unwrap();
    let now = SystemClock.now();
    assert_eq!(clock(now, &file).health, Health::Fine);
    assert_eq!(clock(now.before(Duration::from_hours(1)), &file).health, Health::Wrong);
    assert_eq!(clock(Timestamp::from_millis(0), &file).health, Health::Wrong);
}

#[test]
fn a_port_that_somebody_else_has_is_wrong() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap();
    // Who accepts and says nothing is no server of ours; who hangs up is none, either.
    std::thread::scope(|scope| {
        scope.spawn(|| drop(other.accept()));
        assert_eq!(port(listen).health, Health::Wrong);
    });
    drop(other);
    assert_eq!(port(listen).health, Health::Fine);
}

#[test]
fn secrets_that_others_may_read_are_wrong() {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = bed();
    assert_eq!(secrets_present(&bed.loaded).health, Health::Fine);
    secrets::load_or_create(&bed.loaded.config.data_dir, &SystemEntropy).unwrap();
    assert_eq!(secrets_present(&bed.loaded).health, Health::Fine);
    let file = secrets::file_in(&bed.loaded.config.data_dir);
    fs::set_permissions(file, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(secrets_present(&bed.loaded).health, Health::Wrong);
}
