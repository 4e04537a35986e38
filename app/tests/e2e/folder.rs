//! One file has one process.

use testkit::block_on;

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
