//! Every kind of server starts, pauses, resumes, dies and restarts, and ends with the process that started it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]

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

/// Kind of the server that the killed process starts.
const PARENT: &str = "KITH_SERVERS_TEST_PARENT";
/// Data folder of that server.
const FOLDER: &str = "KITH_SERVERS_TEST_FOLDER";

fn program(kind: Kind) -> PathBuf {
    let path = env::var_os(kind.program_variable());
    path.unwrap_or_else(|| panic!("{kind} not found: run `cargo xtask test`, or set {}", kind.program_variable()))
        .into()
}

/// A folder that the user of Postgres can read.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    folder
}

/// Returns true if the server responds on this port. `MongoDB`'s engine has no port.
fn responds(kind: Kind, port: u16) -> bool {
    let request: &[u8] = match kind {
        Kind::Postgres => b"\0\0\0\x25\0\x03\0\0user\0kith\0database\0postgres\0\0",
        Kind::Redis => b"PING\r\n",
        Kind::Nats => b"",
        Kind::Mongo => unreachable!("the engine has no port"),
    };
    let Ok(mut socket) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    socket.write_all(request).is_ok() && socket.read_exact(&mut [0; 4]).is_ok()
}

fn check_lifecycle(kind: Kind) {
    let folder = folder();
    let mut server = Server::start(kind, &program(kind), &folder.path().join("data")).unwrap();
    let (port, url) = (server.port(), server.url().to_owned());
    assert!(responds(kind, port));
    server.pause().unwrap();
    assert!(!responds(kind, port), "responds while paused");
    server.resume().unwrap();
    assert!(responds(kind, port), "no response after resume");
    server.kill().unwrap();
    assert!(!responds(kind, port), "responds after kill");
    server.restart().unwrap();
    assert_eq!(server.url(), url, "the URL changed");
    assert!(responds(kind, port));
    drop(server);
    assert!(!responds(kind, port), "responds after drop");
}

#[test]
fn postgres_pauses_resumes_and_restarts() {
    check_lifecycle(Kind::Postgres);
}

#[test]
fn redis_pauses_resumes_and_restarts() {
    check_lifecycle(Kind::Redis);
}

#[test]
fn nats_pauses_resumes_and_restarts() {
    check_lifecycle(Kind::Nats);
}

#[test]
fn mongodb_engine_restarts_after_a_kill() {
    let folder = folder();
    let mut server = Server::start(Kind::Mongo, &program(Kind::Mongo), &folder.path().join("data")).unwrap();
    assert!(server.url().starts_with("mongodb://"));
    server.kill().unwrap();
    server.restart().unwrap();
    assert!(server.url().starts_with("mongodb://"));
}

#[test]
fn start_error_names_the_server() {
    let folder = folder();
    let error = Server::start(Kind::Redis, &folder.path().join("nothing"), folder.path()).unwrap_err();
    assert!(format!("{error:#}").contains("Redis"), "{error:#}");
}

/// Helper process of the tests below: starts a server from a thread that ends, and waits to be killed.
#[test]
fn parent_process() {
    let (Some(name), Some(folder)) = (env::var_os(PARENT), env::var_os(FOLDER)) else { return };
    let kind = Kind::ALL.into_iter().find(|kind| *kind.to_string() == *name).unwrap();
    let server = thread::scope(|scope| {
        let thread = scope.spawn(|| Server::start(kind, &program(kind), folder.as_ref()).unwrap());
        thread.join().unwrap()
    });
    assert!(responds(kind, server.port()), "the server ended with the thread");
    writeln!(std::io::stdout(), "PORT {}", server.port()).unwrap();
    loop {
        thread::park();
    }
}

fn check_ends_with_parent(kind: Kind) {
    let folder = folder();
    let mut parent = Command::new(env::current_exe().unwrap());
    parent.args(["--exact", "parent_process", "--nocapture"]).env(PARENT, kind.to_string());
    parent.env(FOLDER, folder.path().join("data"));
    let mut parent = parent.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.split_once("PORT ").and_then(|(_, port)| port.parse().ok())).unwrap();
    assert!(responds(kind, port), "not started");
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The kernel has sent the signal; it takes effect with a delay.
    assert!((0..200).any(|_| !responds(kind, port)), "{kind} is still running");
}

#[test]
fn redis_ends_with_its_parent() {
    check_ends_with_parent(Kind::Redis);
}

#[test]
fn nats_ends_with_its_parent() {
    check_ends_with_parent(Kind::Nats);
}

#[test]
fn postgres_ends_with_its_parent_although_it_runs_as_another_user() {
    check_ends_with_parent(Kind::Postgres);
}
