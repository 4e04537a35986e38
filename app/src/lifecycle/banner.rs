//! Addresses of a development server, printed to standard output at the start.

use std::{
    io::{self, Write},
    path::Path,
};

use super::ready_file::ServerInfo;
use crate::config::{Config, LogFormat, Mode};

/// Returns true in development with human-readable logs.
#[must_use]
pub(super) fn is_enabled(config: &Config) -> bool {
    config.mode == Mode::Development && config.log_format() == LogFormat::Pretty
}

/// Prints the banner.
///
/// # Errors
/// Errors of writing.
pub(super) fn print(server: &ServerInfo, file: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    let folder = server.data_dir.canonicalize().unwrap_or_else(|_| server.data_dir.clone());
    let config =
        file.map_or_else(|| "defaults and environment variables".to_owned(), |file| file.display().to_string());
    writeln!(out, "\n  Kith {} is here, for development.\n", server.version)?;
    let lines = [
        ("page", format!("{}/", server.url)),
        ("api", format!("{}  Connect, gRPC, gRPC-Web", server.url)),
        ("websocket", server.realtime_url.clone()),
        ("health", server.health_url.clone()),
        ("data", folder.display().to_string()),
        ("configuration", config),
    ];
    for (name, value) in lines {
        writeln!(out, "  {name:<14}{value}")?;
    }
    writeln!(out, "\n  Press Ctrl-C to stop gracefully, twice to stop immediately.\n")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_banner_lists_all_addresses() {
        let server =
            ServerInfo::new("http://127.0.0.1:1", "127.0.0.1:1".parse().unwrap(), PathBuf::from("/nowhere/data"));
        let mut out = Vec::new();
        print(&server, Some(Path::new("kith.toml")), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in ["http://127.0.0.1:1/", "ws://127.0.0.1:1/v1/realtime", "/healthz", "/nowhere/data", "kith.toml"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
