//! The store of a NATS server, put back to what it was.

use std::{fs, path::Path};

use kith_testkit::DedicatedServer;
use tempfile::TempDir;

/// A copy of all that a server had stored while it was dead.
pub(crate) struct Store(TempDir);

impl Store {
    pub(crate) fn copy(server: &DedicatedServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&server.jetstream_dir(), folder.path());
        Self(folder)
    }

    /// Puts all of it back.
    pub(crate) fn put_back(&self, server: &DedicatedServer) {
        Self::wipe(server);
        copy(self.0.path(), &server.jetstream_dir());
    }

    /// Puts the messages of a stream back, and leaves its consumers where they have got to.
    pub(crate) fn put_back_messages(&self, server: &DedicatedServer, stream: &str) {
        let messages = Path::new("$G/streams").join(stream).join("msgs");
        fs::remove_dir_all(server.jetstream_dir().join(&messages)).unwrap();
        copy(&self.0.path().join(&messages), &server.jetstream_dir().join(&messages));
    }

    /// Leaves nothing.
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
