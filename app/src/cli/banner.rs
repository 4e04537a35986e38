//! Where everything is, for people: at a start in development, on standard output.

use std::{
    io::{self, Write},
    path::Path,
};

use super::ready::Ready;
use crate::config::{Config, LogFormat, Mode};

/// Whether anybody wants to see it: machines read the log.
#[must_use]
pub fn wanted(config: &Config) -> bool {
    config.mode == Mode::Development && config.log_format() == LogFormat::Pretty
}

/// Prints it.
///
/// # Errors
/// Those of writing.
pub fn print(ready: &Ready, file: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    let folder = ready.data_dir.canonicalize().unwrap_or_else(|_| ready.data_dir.clone());
    let config = file.map_or_else(|| "defaults and variables".to_owned(), |file| file.display().to_string());
    writeln!(out, "\n  Kith {} is here, for development.\n", ready.version)?;
    let lines = [
        ("page", format!("{}/", ready.url)),
        ("calls", format!("{}  Connect, gRPC, gRPC-Web", ready.url)),
        ("sockets", ready.realtime_url.clone()),
        ("health", ready.health_url.clone()),
        ("data", folder.display().to_string()),
        ("configuration", config),
    ];
    for (name, place) in lines {
        writeln!(out, "  {name:<14}{place}")?;
    }
    writeln!(out, "\n  Ctrl-C stops it; a second one, at once.\n")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn everything_is_named() {
        let ready = Ready::at("http://127.0.0.1:1", "127.0.0.1:1".parse().unwrap(), PathBuf::from("/nowhere/data"));
        let mut out = Vec::new();
        print(&ready, Some(Path::new("kith.toml")), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in ["http://127.0.0.1:1/", "ws://127.0.0.1:1/v1/realtime", "/healthz", "/nowhere/data", "kith.toml"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
