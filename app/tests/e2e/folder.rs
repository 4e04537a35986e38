//! One file has one process.

use kith_testkit::block_on;

use crate::{
    client::Client,
    people::Person,
    server::{Home, said},
};

#[test]
fn a_second_process_on_the_same_folder_is_refused_and_the_first_goes_on() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        for command in [&["serve"][..], &["migrate"], &["seed", "--accounts", "1", "--posts", "1"], &["events", "list"]]
        {
            let refused = home.ask(command);
            assert_eq!(refused.status.code(), Some(1), "{command:?}");
            let folder = home.path("data");
            let line = format!("kith: another process uses {}", folder.display());
            assert_eq!(said(&refused.stderr).trim(), line, "{command:?}");
        }
        Person::register(&Client::to(server.url())).await.me().await;
        server.stop().await;
        // What is held is given back.
        home.serve().await.stop().await;
    });
}

#[test]
fn a_trail_that_was_changed_or_put_back_to_an_older_one_is_found() {
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let ann = Person::register(&Client::to(server.url())).await;
        server.stop().await;
        let file = home.path("data/kith.db");
        let before = std::fs::read(&file).unwrap();
        assert!(home.ask(&["grant", "--role", "moderator", &ann.persona]).status.success());
        // Whoever serves signs what was written.
        home.serve().await.stop().await;
        assert!(home.ask(&["audit", "verify"]).status.success());

        let whole = std::fs::read(&file).unwrap();
        let (said_then, said_now) = (b"role=moderator", b"role=moderated");
        let at = whole.windows(said_then.len()).position(|bytes| bytes == said_then).unwrap();
        let mut changed = whole.clone();
        changed[at..at + said_now.len()].copy_from_slice(said_now);
        for (bytes, fault) in [(changed, "line 1 is not what was written"), (before, "the chain ends at line 0")] {
            std::fs::write(&file, bytes).unwrap();
            let verified = home.ask(&["audit", "verify"]);
            assert_eq!(verified.status.code(), Some(1));
            assert!(said(&verified.stdout).contains(fault), "{}", said(&verified.stdout));
        }
        std::fs::write(&file, whole).unwrap();
        assert!(home.ask(&["audit", "verify"]).status.success());
    });
}
