//! The tours in README.md and docs/moderation.md work when they are pasted: each of their blocks is run, in order, against the
//! real binary.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use kith_testkit::block_on;

use tokio::time::{Duration, Instant, sleep};

use crate::server::Home;

/// How long the tour may take: npm fetches a WebSocket client, which then listens for fifteen seconds.
const AT_MOST: Duration = Duration::from_mins(2);

/// What is between the marks, without the words around the blocks.
fn blocks(page: &str) -> String {
    let (_, rest) = page.split_once("<!-- tour -->").expect("the tour begins");
    let (tour, _) = rest.split_once("<!-- /tour -->").expect("the tour ends");
    let blocks = tour.split("```bash\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    blocks.collect()
}

/// The folder of the binary before those that are on the PATH.
fn path() -> std::ffi::OsString {
    let ours = Path::new(env!("CARGO_BIN_EXE_kith")).parent().unwrap().to_owned();
    let theirs = env::var_os("PATH").unwrap();
    env::join_paths([ours].into_iter().chain(env::split_paths(&theirs))).unwrap()
}

#[test]
fn the_tour_of_the_readme_works_when_it_is_pasted() {
    let said = pasted("README.md");
    let seen = ["recoveryCode", "one post", "postCreated", "QUICK_KIND_HUG", "helpfulAt", "google.rpc.BadRequest"];
    for seen in seen {
        assert!(said.contains(seen), "{seen} is not there");
    }
    assert!(!said.contains("WRONG"), "the doctor found something");
}

#[test]
fn a_queue_is_cleared_as_its_page_says() {
    let said = pasted("docs/moderation.md");
    let seen = [
        "STAFF_ROLE_MODERATOR",
        "Maria Keller",
        "CASE_STATE_DECIDED",
        "REPORT_STATE_ACTION_TAKEN",
        "somebody else has to decide on an appeal",
        "it is back",
        "appeal_decided",
    ];
    for seen in seen {
        assert!(said.contains(seen), "{seen} is not there");
    }
}

/// What the blocks of a page say when they are pasted into a shell, one after the other, beside a server.
fn pasted(page: &str) -> String {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page)).unwrap();
    block_on(async {
        let home = Home::new(&[]);
        let server = home.serve().await;
        let (out, errors) = (home.path("tour.out"), home.path("tour.errors"));
        let mut bash = Command::new("bash");
        bash.args(["-e", "-u", "-o", "pipefail", "-c", &blocks(&page)]).current_dir(home.path(""));
        bash.env("url", server.url()).env("PATH", path()).env("KITH_LISTEN", "127.0.0.1:0");
        bash.env("KITH_DATA_DIR", home.path("data"));
        bash.env("TMPDIR", home.path("")).stdin(Stdio::null());
        let bash = bash.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&errors).unwrap()).spawn();
        let mut bash = bash.expect("bash is there");
        let end = Instant::now() + AT_MOST;
        let ended = loop {
            if let Some(ended) = bash.try_wait().unwrap() {
                break Some(ended);
            }
            if Instant::now() > end {
                bash.kill().unwrap();
                break None;
            }
            sleep(Duration::from_millis(25)).await;
        };
        let said = [&out, &errors].map(|file| fs::read_to_string(file).unwrap()).concat();
        println!("{said}");
        assert!(ended.is_some_and(|status| status.success()), "{ended:?}\n{said}");
        server.stop().await;
        said
    })
}
