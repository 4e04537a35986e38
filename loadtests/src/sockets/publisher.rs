//! The connections that tell the feed.

use std::{cell::Cell, net::Ipv4Addr, rc::Rc};

use anyhow::{Result, ensure};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::{Duration, Instant, MissedTickBehavior, interval},
};

use super::{
    crowd::{Crowd, Ears, handshake},
    dialect::Dialect,
};

/// How many tell at the same time.
const PUBLISHERS: usize = 8;
/// How many messages may be told and not yet heard by all.
const WINDOW: u64 = 64;

/// One connection that tells.
struct Publisher {
    stream: TcpStream,
    dialect: Dialect,
    answer: Vec<u8>,
}

impl Publisher {
    async fn open(dialect: Dialect, port: u16) -> Result<Self> {
        let stream = match dialect {
            Dialect::Kith(_) | Dialect::Plain => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
                stream.set_nodelay(true)?;
                stream
            }
            Dialect::Nats => {
                let (mut stream, _) = handshake(dialect, port).await?;
                stream
                    .write_all(&super::frame::write(super::frame::BINARY, b"CONNECT {\"verbose\":false}\r\n"))
                    .await?;
                stream
            }
        };
        Ok(Self { stream, dialect, answer: Vec::new() })
    }

    /// Tells, and waits for the answer where there is one.
    async fn tell(&mut self, stamp: u64) -> Result<()> {
        self.stream.write_all(&self.dialect.publish(stamp)).await?;
        if self.dialect == Dialect::Nats {
            return Ok(());
        }
        self.answer.clear();
        while !self.answer.ends_with(b"\r\n\r\n") {
            ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the server hung up");
        }
        ensure!(self.answer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&self.answer));
        Ok(())
    }
}

/// Those that tell, until this is dropped.
pub struct Publishers(JoinSet<Result<()>>);

impl Publishers {
    /// As fast as the crowd hears: each message goes out when all have heard the one `WINDOW` before it.
    ///
    /// # Errors
    /// If they cannot connect.
    pub async fn closed(crowd: &Crowd, port: u16) -> Result<Self> {
        let window = Rc::new(Window { ears: crowd.ears.clone(), many: crowd.many.into(), sent: Cell::new(0) });
        let mut all = JoinSet::new();
        for _ in 0..PUBLISHERS {
            let (mut publisher, window) = (Publisher::open(crowd.ears.dialect, port).await?, window.clone());
            all.spawn_local(async move {
                loop {
                    window.take().await;
                    publisher.tell(window.ears.now()).await?;
                }
            });
        }
        Ok(Self(all))
    }

    /// So often, whether anybody keeps up or not. The time in a message is when it should have been sent.
    ///
    /// # Errors
    /// If they cannot connect.
    pub async fn open(crowd: &Crowd, port: u16, every: Duration) -> Result<Self> {
        let (mut all, mut mouths) = (JoinSet::new(), Vec::new());
        for _ in 0..PUBLISHERS {
            let publisher = Publisher::open(crowd.ears.dialect, port).await?;
            let (mouth, stamps) = unbounded_channel();
            all.spawn_local(relay(publisher, stamps));
            mouths.push(mouth);
        }
        all.spawn_local(tick(mouths, crowd.ears.epoch, every));
        Ok(Self(all))
    }

    /// # Errors
    /// If one of them could not go on.
    pub fn all_there(&mut self) -> Result<()> {
        self.0.try_join_next().map_or(Ok(()), |ended| ended?)
    }
}

async fn relay(mut publisher: Publisher, mut stamps: UnboundedReceiver<u64>) -> Result<()> {
    while let Some(stamp) = stamps.recv().await {
        publisher.tell(stamp).await?;
    }
    Ok(())
}

async fn tick(mouths: Vec<UnboundedSender<u64>>, epoch: Instant, every: Duration) -> Result<()> {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for mouth in mouths.iter().cycle() {
        let due = ticks.tick().await.duration_since(epoch);
        mouth.send(u64::try_from(due.as_nanos())?)?;
    }
    Ok(())
}

/// How many messages may be on their way.
struct Window {
    ears: Rc<Ears>,
    many: u64,
    sent: Cell<u64>,
}

impl Window {
    async fn take(&self) {
        loop {
            let sent = self.sent.get();
            // What all must have heard before the next may go.
            let wanted = (sent + 1).saturating_sub(WINDOW) * self.many;
            if self.ears.delivered() >= wanted {
                return self.sent.set(sent + 1);
            }
            self.ears.wanted.set(wanted);
            self.ears.heard.notified().await;
        }
    }
}
