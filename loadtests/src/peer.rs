//! What is measured beside each other: the gateway, and what others are known by.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use kith_realtime::Format;

use crate::{
    cores,
    process::{Server, free_port},
    sockets::dialect::Dialect,
};

/// A server and how it is spoken to.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What the table calls it.
    pub name: String,
    /// How it is spoken to.
    pub dialect: Dialect,
    kind: Kind,
    program: PathBuf,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Takes the address to listen at.
    Own,
    Bun,
    Nats,
}

impl Peer {
    /// Those that lie beside this program: the gateway in both formats, and a bare axum.
    ///
    /// # Errors
    /// If they do not: build the package.
    pub fn own() -> Result<Vec<Self>> {
        let folder = std::env::current_exe()?;
        let beside = |name: &str| {
            let program = folder.with_file_name(name);
            program.is_file().then_some(program).with_context(|| format!("build {name} first"))
        };
        let mut peers = Self::gateway("kith", &beside("gateway")?);
        peers.push(Self {
            name: "axum".to_owned(),
            dialect: Dialect::Plain,
            kind: Kind::Own,
            program: beside("bare_ws")?,
        });
        Ok(peers)
    }

    /// `bun=<program>`, `nats=<program>`, or any other name and a gateway of another build.
    ///
    /// # Errors
    /// If it is written otherwise.
    pub fn named(text: &str) -> Result<Vec<Self>> {
        let (name, program) = text.split_once('=').context("<name>=<program>")?;
        let (name, program) = (name.to_owned(), PathBuf::from(program));
        Ok(match name.as_str() {
            "bun" => vec![Self { name, dialect: Dialect::Plain, kind: Kind::Bun, program }],
            "nats" => vec![Self { name, dialect: Dialect::Nats, kind: Kind::Nats, program }],
            _ => Self::gateway(&name, &program),
        })
    }

    fn gateway(name: &str, program: &Path) -> Vec<Self> {
        let of = |format, what| Self {
            name: format!("{name} {what}"),
            dialect: Dialect::Kith(format),
            kind: Kind::Own,
            program: program.to_owned(),
        };
        vec![of(Format::Proto, "binary"), of(Format::Json, "JSON")]
    }

    /// Starts it on the server's core. What it needs to read is written into `folder`.
    ///
    /// # Errors
    /// If it does not listen.
    pub async fn start(&self, folder: &Path) -> Result<Server> {
        let (port, mut command) = (free_port()?, cores::on(cores::SERVER, &self.program));
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
                // Its other port is not used; it has to have one.
                fs::write(&file, format!("host: 127.0.0.1\nport: -1\n{websocket}\n"))?;
                command.arg("--config").arg(file).env("GOMAXPROCS", "1")
            }
        };
        Server::start(command, port).await
    }
}
