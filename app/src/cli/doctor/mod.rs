//! `kith doctor`: what would keep the server from working, one line a check.
//!
//! # To add a check
//! Write a function that returns [`Finding`]s or one, and call it in [`examine`].

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
    StoreResult,
    sql::{Database, Durability, Schema, SqlDeadLetters},
};

use super::ready::{HEALTH, local_url};
use crate::config::{Faults, Loaded, Mode, secrets};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Fine,
    /// Somebody should look, and nothing is broken.
    Odd,
    /// The server would not work.
    Wrong,
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub about: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen, and where it is wrong, what to do.
    pub what: String,
}

impl Finding {
    fn fine(about: &'static str, what: impl Into<String>) -> Self {
        Self { about, health: Health::Fine, what: what.into() }
    }

    fn odd(about: &'static str, what: impl Into<String>) -> Self {
        Self { about, health: Health::Odd, what: what.into() }
    }

    fn wrong(about: &'static str, what: impl Into<String>) -> Self {
        Self { about, health: Health::Wrong, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.health {
            Health::Fine => "ok   ",
            Health::Odd => "look ",
            Health::Wrong => "WRONG",
        };
        write!(f, "{mark}  {:<14}{}", self.about, self.what)
    }
}

/// What the checks ask.
#[derive(Clone)]
pub struct Tools {
    /// The database's file in the data folder.
    pub database: PathBuf,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What names of files are made with.
    pub entropy: Arc<dyn Entropy>,
}

/// Looks at everything. Nothing is made or changed that stays.
pub async fn examine(loaded: Result<&Loaded, &Faults>, tools: &Tools) -> Vec<Finding> {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(faults) => return vec![Finding::wrong("configuration", faults.to_string())],
    };
    if loaded.config.urls().all().is_some() {
        let mut findings = vec![configuration(loaded), secrets_present(loaded), port(loaded.config.listen)];
        findings.extend(servers::examine(loaded).await);
        return findings;
    }
    let folder = &loaded.config.data_dir;
    let mut findings = vec![
        configuration(loaded),
        data_folder(folder, &*tools.entropy),
        disk_space(folder),
        secrets_present(loaded),
        clock(tools.clock.now(), &tools.database),
        port(loaded.config.listen),
    ];
    findings.extend(database(&tools.database, &tools.clock).await);
    findings
}

/// A line each.
///
/// # Errors
/// Those of writing.
pub fn print(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    for finding in findings {
        writeln!(out, "{finding}")?;
    }
    Ok(())
}

/// Whether something is wrong: then the exit code is 1.
#[must_use]
pub fn wrong(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.health == Health::Wrong)
}

fn configuration(loaded: &Loaded) -> Finding {
    let from =
        loaded.file.as_ref().map_or_else(|| "defaults and variables".to_owned(), |file| file.display().to_string());
    Finding::fine("configuration", format!("{} from {from}", loaded.config.mode))
}

/// Writes a file that nobody else has, and takes it away.
fn data_folder(folder: &Path, entropy: &dyn Entropy) -> Finding {
    const ABOUT: &str = "data folder";
    if !folder.exists() {
        return Finding::fine(ABOUT, format!("{} will be made at the first start", folder.display()));
    }
    let mut name = [0; 8];
    entropy.fill(&mut name);
    let probe = folder.join(format!(".doctor.{:016x}", u64::from_be_bytes(name)));
    let written = std::fs::write(&probe, b"kith").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) => Finding::fine(ABOUT, format!("{} can be written", folder.display())),
        Err(error) => Finding::wrong(ABOUT, format!("{} cannot be written: {error}", folder.display())),
    }
}

/// Below this, the next backup or migration may not fit.
const LITTLE: u64 = 1 << 30;
/// Below this, writes are about to fail.
const TOO_LITTLE: u64 = 64 << 20;

fn disk_space(folder: &Path) -> Finding {
    const ABOUT: &str = "disk space";
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let Some(there) = absolute.ancestors().find(|path| path.exists()) else {
        return Finding::odd(ABOUT, "there is no such disk");
    };
    let free = match rustix::fs::statvfs(there) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => return Finding::odd(ABOUT, format!("cannot be asked: {error}")),
    };
    let what = format!("{} MiB free", free >> 20);
    match free {
        0..TOO_LITTLE => Finding::wrong(ABOUT, what),
        TOO_LITTLE..LITTLE => Finding::odd(ABOUT, what),
        LITTLE.. => Finding::fine(ABOUT, what),
    }
}

fn secrets_present(loaded: &Loaded) -> Finding {
    const ABOUT: &str = "secrets";
    if secrets::complete(&loaded.config.secrets).is_some() {
        return Finding::fine(ABOUT, "in the configuration");
    }
    // In production they would have been missed already.
    let file = secrets::file_in(&loaded.config.data_dir);
    match (file.exists(), loaded.config.mode) {
        (_, Mode::Production) => Finding::wrong(ABOUT, "not in the configuration"),
        (false, Mode::Development) => Finding::fine(ABOUT, "will be made at the first start"),
        (true, Mode::Development) => match secrets::load(&file) {
            Ok(_) => Finding::fine(ABOUT, format!("in {}", file.display())),
            Err(error) => Finding::wrong(ABOUT, error.to_string()),
        },
    }
}

/// 2026-01-01 and 2100-01-01: no build is older, and none will be run for so long.
const SANE: std::ops::Range<i64> = 1_767_225_600_000..4_102_444_800_000;
/// How far the clock may be behind the last write: clocks are set now and then.
const BEHIND: Duration = Duration::from_mins(1);

/// Ids and sessions hold times. A clock that has gone back would make new ones old.
fn clock(now: Timestamp, database: &Path) -> Finding {
    const ABOUT: &str = "clock";
    if !SANE.contains(&now.millis()) {
        return Finding::wrong(ABOUT, format!("says {} ms since 1970, which cannot be", now.millis()));
    }
    let written = std::fs::metadata(database).and_then(|file| file.modified()).ok();
    let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let written = written.map(|since| Timestamp::from_millis(0).after(since));
    if written.is_some_and(|written| written.before(BEHIND) > now) {
        return Finding::wrong(ABOUT, "is before the last write to the database");
    }
    Finding::fine(ABOUT, "is after the last write, and in this century")
}

fn port(listen: SocketAddr) -> Finding {
    const ABOUT: &str = "port";
    match TcpListener::bind(listen) {
        Ok(_) => Finding::fine(ABOUT, format!("{listen} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && answers(listen) => {
            Finding::fine(ABOUT, format!("{} answers: a server runs here", local_url(listen)))
        }
        Err(error) => Finding::wrong(ABOUT, format!("{listen} cannot be listened on: {error}")),
    }
}

/// Whether somebody there says that they are well.
fn answers(listen: SocketAddr) -> bool {
    const PATIENCE: Duration = Duration::from_secs(2);
    let home = local_url(listen);
    let Some(Ok(address)) = home.strip_prefix("http://").map(str::parse) else { return false };
    let asked = || -> io::Result<[u8; 12]> {
        let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        write!(socket, "GET {HEALTH} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut beginning = [0; 12];
        socket.read_exact(&mut beginning)?;
        Ok(beginning)
    };
    asked().is_ok_and(|beginning| beginning == *b"HTTP/1.1 200")
}

async fn database(file: &Path, clock: &Arc<dyn Clock>) -> Vec<Finding> {
    const ABOUT: &str = "database";
    // To open it would make it.
    if !file.exists() {
        return vec![Finding::fine(ABOUT, format!("{} will be made at the first start", file.display()))];
    }
    let database = match Database::open(file.to_owned(), Durability::Power).await {
        Ok(database) => database,
        Err(error) => return vec![Finding::wrong(ABOUT, format!("{} does not open: {error}", file.display()))],
    };
    let found = database.schema().await;
    let current = matches!(found, Ok(Schema::Current));
    let mut findings = vec![Finding::fine(ABOUT, format!("{} opens", file.display())), schema("schema", found)];
    if current {
        findings.push(given_up(SqlDeadLetters::new(database.clone(), clock.clone()).count().await));
    }
    database.close().await;
    findings
}

fn schema(about: &'static str, found: StoreResult<Schema>) -> Finding {
    match found {
        Ok(Schema::Current) => Finding::fine(about, "is this build's"),
        Ok(Schema::Behind(count)) => {
            Finding::odd(about, format!("{count} migrations wait; `kith migrate` or the next start applies them"))
        }
        Ok(Schema::Ahead(count)) => {
            Finding::wrong(about, format!("{count} migrations are a newer build's; run that one"))
        }
        Ok(Schema::Broken(version)) => {
            Finding::wrong(about, format!("migration {version} is not this build's, or stopped half-way"))
        }
        Err(error) => Finding::wrong(about, error.to_string()),
    }
}

fn given_up(count: StoreResult<i64>) -> Finding {
    const ABOUT: &str = "events";
    match count {
        Ok(0) => Finding::fine(ABOUT, "none was given up"),
        Ok(count) => Finding::wrong(ABOUT, format!("{count} were given up; see `kith events list`")),
        Err(error) => Finding::wrong(ABOUT, error.to_string()),
    }
}

#[cfg(test)]
mod tests;
