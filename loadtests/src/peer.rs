//! Servers that the WebSocket benchmark compares: the gateway, axum, Bun and nats-server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use kith_realtime::Format;

use crate::{
    cores,
    process::{Server, free_port},
    sockets::protocol::Protocol,
};

/// A server and its protocol.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Name in the table of results.
    pub name: String,
    pub protocol: Protocol,
    kind: Kind,
    program: PathBuf,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Takes the listen address as its argument.
    Own,
    Bun,
    Nats,
}

impl Peer {
    /// The servers of this package, in the folder of this program: the gateway in both formats, and axum.
    ///
    /// # Errors
    /// If a program does not exist.
    pub fn built_in() -> Result<Vec<Self>> {
        let folder = std::env::current_exe()?;
        let sibling = |name: &str| {
            let program = folder.with_file_name(name);
            program.is_file().then_some(program).with_context(|| format!("build {name} first"))
        };
        let mut peers = Self::gateway("kith", &sibling("gateway")?);
        peers.push(Self {
            name: "axum".to_owned(),
            protocol: Protocol::Plain,
            kind: Kind::Own,
            program: sibling("bare_ws")?,
        });
        Ok(peers)
    }

    /// Parses `bun=<program>`, `nats=<program>`, or another name and the gateway of another build.
    ///
    /// # Errors
    /// If the text has another format.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let (name, program) = text.split_once('=').context("expected <name>=<program>")?;
        let (name, program) = (name.to_owned(), PathBuf::from(program));
        Ok(match name.as_str() {
            "bun" => vec![Self { name, protocol: Protocol::Plain, kind: Kind::Bun, program }],
            "nats" => vec![Self { name, protocol: Protocol::Nats, kind: Kind::Nats, program }],
            _ => Self::gateway(&name, &program),
        })
    }

    fn gateway(name: &str, program: &Path) -> Vec<Self> {
        let peer = |format, encoding| Self {
            name: format!("{name} {encoding}"),
            protocol: Protocol::Kith(format),
            kind: Kind::Own,
            program: program.to_owned(),
        };
        vec![peer(Format::Proto, "binary"), peer(Format::Json, "JSON")]
    }

    /// Starts the server on its core. Its configuration files are written to `folder`.
    ///
    /// # Errors
    /// If it does not accept connections in time.
    pub async fn start(&self, folder: &Path) -> Result<Server> {
        let (port, mut command) = (free_port()?, cores::pinned_command(cores::SERVER, &self.program));
        match self.kind {
            Kind::Own => command.arg(format!("127.0.0.1:{port}")),
            Kind::Bun => {
                let script = folder.join("bun.js");
                fs::write(&script, include_str!("../peers/bun.js"))?;
                command.arg(script).arg(port.to_string())
            }
            Kind::Nats => {
                let file = folder.join("nats.conf");
                let websocket = format!("websocket {{ host: 127.0.0.1, port: {port}, no_tls: true }}");
                // nats-server requires a client port. It is not used.
                fs::write(&file, format!("host: 127.0.0.1\nport: -1\n{websocket}\n"))?;
                command.arg("--config").arg(file).env("GOMAXPROCS", "1")
            }
        };
        Server::start(command, port).await
    }
}
