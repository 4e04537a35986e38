//! The lock of the data folder, and the audit log in it. Embedded mode only.

use kith_testkit::block_on;

use crate::{
    client::Client,
    server::{Installation, utf8},
    user::TestUser,
};

#[test]
fn a_second_process_on_the_same_data_folder_fails_and_the_first_continues() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        for command in [&["serve"][..], &["migrate"], &["seed", "--accounts", "1", "--posts", "1"], &["events", "list"]]
        {
            let output = installation.run(command);
            assert_eq!(output.status.code(), Some(1), "{command:?}");
            let folder = installation.path("data");
            let line = format!("kith: {} is in use by another process", folder.display());
            assert_eq!(utf8(&output.stderr).trim(), line, "{command:?}");
        }
        TestUser::register(&Client::new(server.url())).await.me().await;
        server.stop().await;
        // The lock is released on exit.
        installation.start().await.stop().await;
    });
}

#[test]
fn a_changed_or_rolled_back_audit_log_is_detected() {
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let ann = TestUser::register(&Client::new(server.url())).await;
        server.stop().await;
        let file = installation.path("data/kith.db");
        let before = std::fs::read(&file).unwrap();
        assert!(installation.run(&["grant", "--role", "moderator", &ann.persona]).status.success());
        // A running server signs a checkpoint of the new record.
        installation.start().await.stop().await;
        assert!(installation.run(&["audit", "verify"]).status.success());

        let valid = std::fs::read(&file).unwrap();
        let (original, forged) = (b"role=moderator", b"role=moderated");
        let at = valid.windows(original.len()).position(|bytes| bytes == original).unwrap();
        let mut changed = valid.clone();
        changed[at..at + forged.len()].copy_from_slice(forged);
        for (bytes, error) in [(changed, "record 1 does not match its hash"), (before, "chain truncated at record 0")] {
            std::fs::write(&file, bytes).unwrap();
            let verified = installation.run(&["audit", "verify"]);
            assert_eq!(verified.status.code(), Some(1));
            assert!(utf8(&verified.stdout).contains(error), "{}", utf8(&verified.stdout));
        }
        std::fs::write(&file, valid).unwrap();
        assert!(installation.run(&["audit", "verify"]).status.success());
    });
}
