//! `kith doctor`: checks configuration, storage and dependencies, and prints one line for each check.
//!
//! # To add a check
//! Write a function that returns one or several [`CheckResult`]s, and call it in [`run_checks`].

mod servers;

use std::{
    fmt,
    io::{self, Read as _, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use kith_kernel::{Clock, Entropy, Timestamp};
use kith_storage::{
    SchemaState, StoreResult,
    sql::{Database, Durability, SqlDeadLetterStore},
};

use crate::{
    config::{ConfigErrors, LoadedConfig, Mode, secrets},
    lifecycle::ready_file::{HEALTH_PATH, local_url},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Ok,
    /// The server works, but an operator should act.
    Warning,
    /// The server does not work.
    Error,
}

/// Result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckResult {
    /// Name of the checked item.
    pub name: &'static str,
    pub severity: Severity,
    /// Observation, and the remedy if it is an error.
    pub message: String,
}

impl CheckResult {
    fn ok(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, severity: Severity::Ok, message: message.into() }
    }

    fn warning(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, severity: Severity::Warning, message: message.into() }
    }

    fn error(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, severity: Severity::Error, message: message.into() }
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Ok => "OK",
            Severity::Warning => "WARNING",
            Severity::Error => "ERROR",
        };
        write!(f, "{severity:<9}{:<14}{}", self.name, self.message)
    }
}

/// Inputs of the checks.
#[derive(Clone)]
pub struct CheckContext {
    /// Path of the SQLite file in the data folder.
    pub database: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Runs all checks. Everything that they create is removed.
pub async fn run_checks(loaded: Result<&LoadedConfig, &ConfigErrors>, context: &CheckContext) -> Vec<CheckResult> {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(errors) => return vec![CheckResult::error("configuration", errors.to_string())],
    };
    if loaded.config.server_urls().all().is_some() {
        let mut results = vec![configuration(loaded), secrets_present(loaded), port(loaded.config.listen)];
        results.extend(servers::run_checks(loaded).await);
        return results;
    }
    let folder = &loaded.config.data_dir;
    let mut results = vec![
        configuration(loaded),
        data_folder(folder, &*context.entropy),
        disk_space(folder),
        secrets_present(loaded),
        clock(context.clock.now(), &context.database),
        port(loaded.config.listen),
    ];
    results.extend(database(&context.database, &context.clock).await);
    results
}

/// Prints one line for each result.
///
/// # Errors
/// Errors of writing.
pub fn print(results: &[CheckResult], out: &mut dyn Write) -> io::Result<()> {
    for result in results {
        writeln!(out, "{result}")?;
    }
    Ok(())
}

/// Returns true if a check failed. The exit code is then 1.
#[must_use]
pub fn has_errors(results: &[CheckResult]) -> bool {
    results.iter().any(|result| result.severity == Severity::Error)
}

fn configuration(loaded: &LoadedConfig) -> CheckResult {
    let from = loaded
        .file
        .as_ref()
        .map_or_else(|| "defaults and environment variables".to_owned(), |file| file.display().to_string());
    CheckResult::ok("configuration", format!("{} from {from}", loaded.config.mode))
}

/// Creates and deletes a uniquely named file.
fn data_folder(folder: &Path, entropy: &dyn Entropy) -> CheckResult {
    const NAME: &str = "data folder";
    if !folder.exists() {
        return CheckResult::ok(NAME, format!("{} will be created at the first start", folder.display()));
    }
    let mut name = [0; 8];
    entropy.fill(&mut name);
    let probe = folder.join(format!(".doctor.{:016x}", u64::from_be_bytes(name)));
    let written = std::fs::write(&probe, b"kith").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => CheckResult::ok(NAME, format!("{} is writable", folder.display())),
        Err(error) => CheckResult::error(NAME, format!("{} is not writable: {error}", folder.display())),
    }
}

/// Free space in bytes below which the next backup or migration may not fit.
const LOW_SPACE: u64 = 1 << 30;
/// Free space in bytes below which writes are about to fail.
const CRITICAL_SPACE: u64 = 64 << 20;

fn disk_space(folder: &Path) -> CheckResult {
    const NAME: &str = "disk space";
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let Some(existing) = absolute.ancestors().find(|path| path.exists()) else {
        return CheckResult::warning(NAME, "disk not found");
    };
    let free = match rustix::fs::statvfs(existing) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => return CheckResult::warning(NAME, format!("cannot be determined: {error}")),
    };
    let message = format!("{} MiB free", free >> 20);
    match free {
        0..CRITICAL_SPACE => CheckResult::error(NAME, message),
        CRITICAL_SPACE..LOW_SPACE => CheckResult::warning(NAME, message),
        LOW_SPACE.. => CheckResult::ok(NAME, message),
    }
}

fn secrets_present(loaded: &LoadedConfig) -> CheckResult {
    const NAME: &str = "secrets";
    if secrets::configured(&loaded.config.secrets).is_some() {
        return CheckResult::ok(NAME, "configured");
    }
    // Validation already requires them in production.
    let file = secrets::file_in(&loaded.config.data_dir);
    match (file.exists(), loaded.config.mode) {
        (_, Mode::Production) => CheckResult::error(NAME, "not configured"),
        (false, Mode::Development) => CheckResult::ok(NAME, "will be generated at the first start"),
        (true, Mode::Development) => match secrets::load(&file) {
            Ok(_) => CheckResult::ok(NAME, format!("stored in {}", file.display())),
            Err(error) => CheckResult::error(NAME, error.to_string()),
        },
    }
}

/// Plausible times in milliseconds: 2026-01-01, before every build, to 2100-01-01.
const PLAUSIBLE_TIMES: std::ops::Range<i64> = 1_767_225_600_000..4_102_444_800_000;
/// Tolerated difference between the clock and the last write, because clocks are adjusted.
const CLOCK_TOLERANCE: Duration = Duration::from_mins(1);

/// Ids and sessions contain times. If the clock went back, new ones would count as old.
fn clock(now: Timestamp, database: &Path) -> CheckResult {
    const NAME: &str = "clock";
    if !PLAUSIBLE_TIMES.contains(&now.millis()) {
        return CheckResult::error(NAME, format!("implausible time: {} ms since 1970", now.millis()));
    }
    let written = std::fs::metadata(database).and_then(|file| file.modified()).ok();
    let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let written = written.map(|since| Timestamp::from_millis(0).after(since));
    if written.is_some_and(|written| written.before(CLOCK_TOLERANCE) > now) {
        return CheckResult::error(NAME, "is behind the last write to the database");
    }
    CheckResult::ok(NAME, "is plausible and not behind the last write")
}

fn port(listen: SocketAddr) -> CheckResult {
    const NAME: &str = "port";
    match TcpListener::bind(listen) {
        Ok(_) => CheckResult::ok(NAME, format!("{listen} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_healthy(listen) => {
            CheckResult::ok(NAME, format!("{} responds: a server is running", local_url(listen)))
        }
        Err(error) => CheckResult::error(NAME, format!("cannot listen on {listen}: {error}")),
    }
}

/// Returns true if a server responds to health checks at the address.
fn is_healthy(listen: SocketAddr) -> bool {
    const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
    let url = local_url(listen);
    let Some(Ok(address)) = url.strip_prefix("http://").map(str::parse) else { return false };
    let probe = || -> io::Result<[u8; 12]> {
        let mut socket = TcpStream::connect_timeout(&address, PROBE_TIMEOUT)?;
        socket.set_read_timeout(Some(PROBE_TIMEOUT))?;
        write!(socket, "GET {HEALTH_PATH} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut status_line = [0; 12];
        socket.read_exact(&mut status_line)?;
        Ok(status_line)
    };
    probe().is_ok_and(|status_line| status_line == *b"HTTP/1.1 200")
}

async fn database(file: &Path, clock: &Arc<dyn Clock>) -> Vec<CheckResult> {
    const NAME: &str = "database";
    // Opening would create it.
    if !file.exists() {
        return vec![CheckResult::ok(NAME, format!("{} will be created at the first start", file.display()))];
    }
    let database = match Database::open(file.to_owned(), Durability::Power).await {
        Ok(database) => database,
        Err(error) => return vec![CheckResult::error(NAME, format!("failed to open {}: {error}", file.display()))],
    };
    let state = database.schema_state().await;
    let current = matches!(state, Ok(SchemaState::Current));
    let mut results = vec![CheckResult::ok(NAME, format!("{} can be opened", file.display())), schema("schema", state)];
    if current {
        results.push(dead_letters(SqlDeadLetterStore::new(database.clone(), clock.clone()).count().await));
    }
    database.close().await;
    results
}

fn schema(name: &'static str, state: StoreResult<SchemaState>) -> CheckResult {
    match state {
        Ok(SchemaState::Current) => CheckResult::ok(name, "is up to date"),
        Ok(SchemaState::Outdated(count)) => CheckResult::warning(
            name,
            format!("{count} migrations are pending; `kith migrate` or the next start applies them"),
        ),
        Ok(SchemaState::Newer(count)) => {
            CheckResult::error(name, format!("{count} migrations belong to a newer build; run that build"))
        }
        Ok(SchemaState::Dirty(version)) => {
            CheckResult::error(name, format!("migration {version} is unknown to this build or incomplete"))
        }
        Err(error) => CheckResult::error(name, error.to_string()),
    }
}

fn dead_letters(count: StoreResult<i64>) -> CheckResult {
    const NAME: &str = "events";
    match count {
        Ok(0) => CheckResult::ok(NAME, "no dead letters"),
        Ok(count) => CheckResult::error(NAME, format!("{count} dead letters; see `kith events list`")),
        Err(error) => CheckResult::error(NAME, error.to_string()),
    }
}

#[cfg(test)]
mod tests;
