//! The page in a browser, against the real binary: what `app/tests/clients/page/drive.mjs` does and sees.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kith_testkit::block_on;

use crate::server::Home;

/// What a Chromium is called, where there is one.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// The one that `CHROMIUM` names, or the first on the PATH.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// A place that nobody listens at, for a server that comes back to it.
fn place() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn two_people_find_each_other_on_the_page() {
    let chromium = chromium().expect("install Chromium (apt-get install chromium), or name one by CHROMIUM");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/page");
    assert!(folder.join("node_modules").is_dir(), "the driver is not ready: `cargo xtask test` prepares it");
    block_on(async {
        let home = Home::new(&[("KITH_LISTEN", &place()), ("KITH_HTTP_DRAIN_TIMEOUT", "1s")]);
        let mut server = home.serve().await;
        let mut drive = Command::new("node");
        drive.arg("drive.mjs").current_dir(folder).env("KITH_URL", server.url()).env("CHROMIUM", chromium);
        let drive = drive.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut drive = drive.expect("install Node.js 20 or newer");
        let mut tell = drive.stdin.take().unwrap();
        for line in BufReader::new(drive.stdout.take().unwrap()).lines().map(Result::unwrap) {
            println!("{line}");
            if line == "restart" {
                server.stop().await;
                server = home.serve().await;
                writeln!(tell, "again").unwrap();
            }
        }
        assert!(drive.wait().unwrap().success(), "what does not hold is said above");
    });
}
