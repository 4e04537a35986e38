//! Addresses of a server for other programs, written to a file once the server is ready.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// Addresses and identity of a running server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Base URL of the API, without a trailing slash.
    pub url: String,
    /// URL of the WebSocket endpoint.
    pub realtime_url: String,
    /// URL of the liveness check.
    pub health_url: String,
    /// Listen address. It differs from the host of `url` behind a proxy.
    pub listen: SocketAddr,
    /// Process id.
    pub pid: u32,
    pub version: String,
    pub data_dir: PathBuf,
}

pub const REALTIME_PATH: &str = "/v1/realtime";
pub const HEALTH_PATH: &str = "/healthz";

impl ServerInfo {
    /// Describes this process and build.
    #[must_use]
    pub fn new(url: &str, listen: SocketAddr, data_dir: PathBuf) -> Self {
        let socket = url.strip_prefix("http").map_or_else(|| url.to_owned(), |rest| format!("ws{rest}"));
        Self {
            url: url.to_owned(),
            realtime_url: format!("{socket}{REALTIME_PATH}"),
            health_url: format!("{url}{HEALTH_PATH}"),
            listen,
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir,
        }
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// Errors of writing. No partial file remains.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut name = path.file_name().map_or_else(|| OsString::from("ready"), OsString::from);
        name.push(format!(".{}", self.pid));
        let draft = path.with_file_name(name);
        let written = self.draft(&draft).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // The draft may not exist.
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

/// Default URL of a server with this listen address. The unspecified address is replaced by the loopback address.
#[must_use]
pub fn local_url(listen: SocketAddr) -> String {
    let mut address = listen;
    if listen.ip().is_unspecified() {
        let loopback: std::net::IpAddr = match listen {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_file_is_replaced_atomically() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ready.json");
        let server =
            ServerInfo::new("https://kith.example.org", "127.0.0.1:8080".parse().unwrap(), PathBuf::from("data"));
        server.write(&path).unwrap();
        server.write(&path).unwrap();
        let read: ServerInfo = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(read, server);
        assert_eq!(read.realtime_url, "wss://kith.example.org/v1/realtime");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(server.write(&folder.path().join("nowhere/ready.json")).is_err());
    }

    #[test]
    fn the_unspecified_address_maps_to_loopback() {
        assert_eq!(local_url("0.0.0.0:1".parse().unwrap()), "http://127.0.0.1:1");
        assert_eq!(local_url("[::]:1".parse().unwrap()), "http://[::1]:1");
        assert_eq!(local_url("10.0.0.1:1".parse().unwrap()), "http://10.0.0.1:1");
    }
}
