//! The demo page in a browser. `app/tests/clients/page/browser.mjs` drivers it and makes the assertions.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use kith_testkit::block_on;

use crate::server::Installation;

/// Names of the Chromium executable on different systems.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Finds Chromium: the environment variable `CHROMIUM`, or the first one on the `PATH`.
fn chromium() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|file| file.is_file())
}

/// Returns a free address, so that the server can restart on the same one.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn two_users_complete_the_support_flow_on_the_demo_page() {
    let chromium = chromium().expect("install Chromium (apt-get install chromium), or set CHROMIUM to its path");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/page");
    assert!(folder.join("node_modules").is_dir(), "the driver is not installed: `cargo xtask clients` installs it");
    block_on(async {
        let installation = Installation::new(&[("KITH_LISTEN", &free_address()), ("KITH_HTTP_DRAIN_TIMEOUT", "1s")]);
        let mut server = installation.start().await;
        let mut driver = Command::new("node");
        driver.arg("browser.mjs").current_dir(folder).env("KITH_URL", server.url()).env("CHROMIUM", chromium);
        let driver = driver.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut driver = driver.expect("install Node.js 20 or newer");
        let mut stdin = driver.stdin.take().unwrap();
        for line in BufReader::new(driver.stdout.take().unwrap()).lines().map(Result::unwrap) {
            println!("{line}");
            if line == "restart" {
                server.stop().await;
                server = installation.start().await;
                writeln!(stdin, "restarted").unwrap();
            }
        }
        assert!(driver.wait().unwrap().success(), "a check failed, see the output above");
    });
}
