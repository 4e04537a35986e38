//! The store of a NATS server, put back to what it was.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;
use testkit::NatsServer;

/// A copy of all that a server had stored while it was dead.
pub(crate) struct Store(TempDir);

impl Store {
    pub(crate) fn copy(server: &NatsServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&server.folder(), folder.path());
        Self(folder)
    }

    /// Puts all of it back.
    pub(crate) fn put_back(&self, server: &NatsServer) {
        Self::wipe(server);
        copy(self.0.path(), &server.folder());
    }

    /// Puts the messages of a stream back, and leaves its consumers where they have got to.
    pub(crate) fn put_back_messages(&self, server: &NatsServer, stream: &str) {
        let messages = Path::new("$G/streams").join(stream).join("msgs");
        fs::remove_dir_all(server.folder().join(&messages)).unwrap();
        copy(&self.0.path().join(&messages), &server.folder().join(&messages));
    }

    /// Leaves nothing.
    pub(crate) fn wipe(server: &NatsServer) {
        fs::remove_dir_all(server.folder()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Sends the server a signal, and waits until it has stopped if that is what it says.
pub(crate) fn signal(server: &NatsServer, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &server.pid().to_string()]).status().unwrap();
    assert!(status.success());
    // On a busy machine it answers for a while yet.
    while name == "STOP" && !is_stopped(server.pid()) {}
}

fn is_stopped(pid: u32) -> bool {
    let told = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(told.stdout).unwrap();
    assert!(!state.trim().is_empty(), "the server is there");
    state.trim_start().starts_with('T')
}
