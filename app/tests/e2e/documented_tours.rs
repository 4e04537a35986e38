//! Runs the shell blocks of the tours in README.md and docs/moderation.md, in order, against a server.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
};

use kith_testkit::block_on;

use tokio::time::{Duration, Instant, sleep};

use crate::server::Installation;

/// Maximum duration of a tour. npm downloads a WebSocket client, which then listens for fifteen seconds.
const TOUR_TIMEOUT: Duration = Duration::from_mins(2);

/// Returns the shell blocks between the tour markers of a document.
fn blocks(text: &str) -> String {
    let (_, rest) = text.split_once("<!-- tour -->").expect("missing start marker");
    let (tour, _) = rest.split_once("<!-- /tour -->").expect("missing end marker");
    let blocks = tour.split("```bash\n").skip(1).map(|block| block.split("```").next().unwrap_or_default());
    blocks.collect()
}

/// `PATH` with the folder of the binary in front.
fn path() -> std::ffi::OsString {
    let binary_dir = Path::new(env!("CARGO_BIN_EXE_kith")).parent().unwrap().to_owned();
    let inherited = env::var_os("PATH").unwrap();
    env::join_paths([binary_dir].into_iter().chain(env::split_paths(&inherited))).unwrap()
}

#[test]
fn the_readme_tour_runs_successfully() {
    let output = run_tour("README.md");
    let expected = ["recoveryCode", "one post", "postCreated", "QUICK_KIND_HUG", "helpfulAt", "google.rpc.BadRequest"];
    for text in expected {
        assert!(output.contains(text), "missing {text}");
    }
    assert!(!output.lines().any(|line| line.starts_with("ERROR ")), "kith doctor reported an error");
}

#[test]
fn the_moderation_tour_runs_successfully() {
    let output = run_tour("docs/moderation.md");
    let expected = [
        "STAFF_ROLE_MODERATOR",
        "Maria Keller",
        "CASE_STATE_DECIDED",
        "REPORT_STATE_ACTION_TAKEN",
        "the original decider cannot decide the appeal",
        "the post is visible again",
        "appeal_decided",
    ];
    for text in expected {
        assert!(output.contains(text), "missing {text}");
    }
}

/// Runs the blocks of a document in one shell while a server is running, and returns the output.
fn run_tour(document: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document)).unwrap();
    block_on(async {
        let installation = Installation::new(&[]);
        let server = installation.start().await;
        let (out, errors) = (installation.path("tour.out"), installation.path("tour.errors"));
        let mut bash = Command::new("bash");
        bash.args(["-e", "-u", "-o", "pipefail", "-c", &blocks(&text)]).current_dir(installation.path(""));
        bash.env("url", server.url()).env("PATH", path()).env("KITH_LISTEN", "127.0.0.1:0");
        bash.env("KITH_DATA_DIR", installation.path("data"));
        bash.env("TMPDIR", installation.path("")).stdin(Stdio::null());
        let bash = bash.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&errors).unwrap()).spawn();
        let mut bash = bash.expect("bash is required");
        let end = Instant::now() + TOUR_TIMEOUT;
        let status = loop {
            if let Some(status) = bash.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() > end {
                bash.kill().unwrap();
                break None;
            }
            sleep(Duration::from_millis(25)).await;
        };
        let output = [&out, &errors].map(|file| fs::read_to_string(file).unwrap()).concat();
        println!("{output}");
        assert!(status.is_some_and(|status| status.success()), "{status:?}\n{output}");
        server.stop().await;
        output
    })
}
