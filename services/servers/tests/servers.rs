//! Each kind of server comes, stands still, dies, comes back, and never outlives whoever started it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where a step does")]

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use kith_servers::{Kind, Server};

/// Which server is started in the process that is killed.
const PARENT: &str = "KITH_SERVERS_TEST_PARENT";
/// In which folder.
const FOLDER: &str = "KITH_SERVERS_TEST_FOLDER";

fn program(kind: Kind) -> PathBuf {
    let said = env::var_os(kind.program_variable());
    said.unwrap_or_else(|| panic!("no {kind}: run `cargo xtask test`, or set {}", kind.program_variable())).into()
}

/// A folder that Postgres' own user can look into.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    folder
}

/// What each says first, to whoever says this; MongoDB has a socket in a file instead of a port.
fn speaks(kind: Kind, port: u16) -> bool {
    let question: &[u8] = match kind {
        Kind::Postgres => b"\0\0\0\x25\0\x03\0\0user\0kith\0database\0postgres\0\0",
        Kind::Redis => b"PING\r\n",
        Kind::Nats => b"",
        Kind::Mongo => unreachable!("it has no port"),
    };
    let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    socket.write_all(question).is_ok() && socket.read_exact(&mut [0; 4]).is_ok()
}

fn comes_and_goes(kind: Kind) {
    let folder = folder();
    let mut server = Server::start(kind, &program(kind), &folder.path().join("kept")).unwrap();
    let (port, url) = (server.port(), server.url().to_owned());
    assert!(speaks(kind, port));
    server.pause().unwrap();
    assert!(!speaks(kind, port), "it stands still");
    server.resume().unwrap();
    assert!(speaks(kind, port), "it goes on");
    server.kill().unwrap();
    assert!(!speaks(kind, port), "it is dead");
    server.restart().unwrap();
    assert_eq!(server.url(), url, "it comes back where it was");
    assert!(speaks(kind, port));
    drop(server);
    assert!(!speaks(kind, port), "it ends with its owner");
}

#[test]
fn postgres_comes_and_goes() {
    comes_and_goes(Kind::Postgres);
}

#[test]
fn redis_comes_and_goes() {
    comes_and_goes(Kind::Redis);
}

#[test]
fn nats_comes_and_goes() {
    comes_and_goes(Kind::Nats);
}

#[test]
fn the_engine_of_mongodb_comes_dies_and_comes_back() {
    let folder = folder();
    let mut server = Server::start(Kind::Mongo, &program(Kind::Mongo), &folder.path().join("kept")).unwrap();
    assert!(server.url().starts_with("mongodb://"));
    server.kill().unwrap();
    server.restart().unwrap();
    assert!(server.url().starts_with("mongodb://"));
}

#[test]
fn what_cannot_be_started_says_which_it_is() {
    let folder = folder();
    let error = Server::start(Kind::Redis, &folder.path().join("nothing"), folder.path()).unwrap_err();
    assert!(format!("{error:#}").contains("Redis"), "{error:#}");
}

/// Not a test of its own: the process in which a server is started, from a thread that ends.
#[test]
fn a_parent_that_is_killed() {
    let (Some(said), Some(folder)) = (env::var_os(PARENT), env::var_os(FOLDER)) else { return };
    let kind = Kind::ALL.into_iter().find(|kind| *kind.to_string() == *said).unwrap();
    let server = thread::scope(|scope| {
        let started = scope.spawn(|| Server::start(kind, &program(kind), folder.as_ref()).unwrap());
        started.join().unwrap()
    });
    assert!(speaks(kind, server.port()), "it outlives the thread");
    writeln!(std::io::stdout(), "PORT {}", server.port()).unwrap();
    loop {
        thread::park();
    }
}

fn ends_with(kind: Kind) {
    let folder = folder();
    let mut parent = Command::new(env::current_exe().unwrap());
    parent.args(["--exact", "a_parent_that_is_killed", "--nocapture"]).env(PARENT, kind.to_string());
    parent.env(FOLDER, folder.path().join("kept"));
    let mut parent = parent.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = said.find_map(|line| line.split_once("PORT ").and_then(|(_, port)| port.parse().ok())).unwrap();
    assert!(speaks(kind, port), "it is there");
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The kernel has told it; that it obeys takes a moment.
    assert!((0..200).any(|_| !speaks(kind, port)), "{kind} is an orphan");
}

#[test]
fn redis_is_no_orphan() {
    ends_with(Kind::Redis);
}

#[test]
fn nats_is_no_orphan() {
    ends_with(Kind::Nats);
}

#[test]
fn postgres_is_no_orphan_although_it_runs_as_another_user() {
    ends_with(Kind::Postgres);
}
