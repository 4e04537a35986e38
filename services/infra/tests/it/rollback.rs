//! Copies of the store of a NATS server, to simulate a rollback.

use std::{fs, path::Path};

use kith_testkit::DedicatedServer;
use tempfile::TempDir;

/// Copy of the store of a stopped server.
pub(crate) struct StoreCopy(TempDir);

impl StoreCopy {
    pub(crate) fn copy(server: &DedicatedServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&server.jetstream_dir(), folder.path());
        Self(folder)
    }

    /// Restores the whole store.
    pub(crate) fn restore(&self, server: &DedicatedServer) {
        Self::wipe(server);
        copy(self.0.path(), &server.jetstream_dir());
    }

    /// Restores the messages of a stream, but not the positions of its consumers.
    pub(crate) fn restore_messages(&self, server: &DedicatedServer, stream: &str) {
        let messages = Path::new("$G/streams").join(stream).join("msgs");
        fs::remove_dir_all(server.jetstream_dir().join(&messages)).unwrap();
        copy(&self.0.path().join(&messages), &server.jetstream_dir().join(&messages));
    }

    /// Deletes the store of a server.
    pub(crate) fn wipe(server: &DedicatedServer) {
        fs::remove_dir_all(server.jetstream_dir()).unwrap();
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
