//! Where everything is, for programs: written once calls are taken, whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// Where a server is that takes calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// What calls go to, without a slash at its end.
    pub url: String,
    /// What sockets open.
    pub realtime_url: String,
    /// What says whether the process is alive.
    pub health_url: String,
    /// Where it listens, which is not where clients reach it when there is a proxy.
    pub listen: SocketAddr,
    /// The process.
    pub pid: u32,
    /// The build.
    pub version: String,
    /// The folder of everything that is kept.
    pub data_dir: PathBuf,
}

/// The path of sockets.
pub const REALTIME: &str = "/v1/realtime";
/// The path that says whether the process is alive.
pub const HEALTH: &str = "/healthz";

impl Ready {
    /// A server at this URL, of this process and this build.
    #[must_use]
    pub fn at(url: &str, listen: SocketAddr, data_dir: PathBuf) -> Self {
        let socket = url.strip_prefix("http").map_or_else(|| url.to_owned(), |rest| format!("ws{rest}"));
        Self {
            url: url.to_owned(),
            realtime_url: format!("{socket}{REALTIME}"),
            health_url: format!("{url}{HEALTH}"),
            listen,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir,
        }
    }

    /// Writes the file: whoever looks sees all of it or none.
    ///
    /// # Errors
    /// Those of writing. There is no half of a file then.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut name = path.file_name().map_or_else(|| OsString::from("ready"), OsString::from);
        name.push(format!(".{}", self.pid));
        let draft = path.with_file_name(name);
        let written = self.draft(&draft).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // What could not be written need not be there to be taken away.
            let _ = fs::remove_file(&draft);
        }
        written
    }

    fn draft(&self, path: &Path) -> io::Result<()> {
        let mut file = File::create(path)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()
    }
}

/// What clients reach a server by that listens here, where nobody says otherwise. Who listens everywhere is reached at
/// home.
#[must_use]
pub fn local_url(listen: SocketAddr) -> String {
    let mut reached = listen;
    if listen.ip().is_unspecified() {
        let home: std::net::IpAddr = match listen {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        reached.set_ip(home);
    }
    format!("http://{reached}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_file_is_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        let ready = Ready::at("https://kith.example.org", "127.0.0.1:8080".parse().unwrap(), PathBuf::from("data"));
        ready.write(&path).unwrap();
        ready.write(&path).unwrap();
        let read: Ready = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(read, ready);
        assert_eq!(read.realtime_url, "wss://kith.example.org/v1/realtime");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(ready.write(&folder.path().join("nowhere/ready.json")).is_err());
    }

    #[test]
    fn who_listens_everywhere_is_reached_at_home() {
        assert_eq!(local_url("0.0.0.0:1".parse().unwrap()), "http://127.0.0.1:1");
        assert_eq!(local_url("[::]:1".parse().unwrap()), "http://[::1]:1");
        assert_eq!(local_url("10.0.0.1:1".parse().unwrap()), "http://10.0.0.1:1");
    }
}
