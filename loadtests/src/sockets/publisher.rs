//! Publishing connections, as a closed loop or at a fixed rate.

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
    protocol::Protocol,
    subscribers::{SharedState, Subscribers, handshake},
};

/// Number of publishing connections.
const PUBLISHERS: usize = 8;
/// Maximum number of messages that are published and not yet delivered to all subscribers.
const WINDOW: u64 = 64;

/// One publishing connection.
struct Publisher {
    stream: TcpStream,
    protocol: Protocol,
    response: Vec<u8>,
}

impl Publisher {
    async fn open(protocol: Protocol, port: u16) -> Result<Self> {
        let stream = match protocol {
            Protocol::Kith(_) | Protocol::Plain => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
                stream.set_nodelay(true)?;
                stream
            }
            Protocol::Nats => {
                let (mut stream, _) = handshake(protocol, port).await?;
                stream
                    .write_all(&super::frame::write(super::frame::BINARY, b"CONNECT {\"verbose\":false}\r\n"))
                    .await?;
                stream
            }
        };
        Ok(Self { stream, protocol, response: Vec::new() })
    }

    /// Publishes a message and waits for the response, if the protocol has one.
    async fn publish(&mut self, timestamp: u64) -> Result<()> {
        self.stream.write_all(&self.protocol.publish(timestamp)).await?;
        if self.protocol == Protocol::Nats {
            return Ok(());
        }
        self.response.clear();
        while !self.response.ends_with(b"\r\n\r\n") {
            ensure!(self.stream.read_buf(&mut self.response).await? > 0, "the server closed the connection");
        }
        ensure!(self.response.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&self.response));
        Ok(())
    }
}

/// All publishing connections. They stop on drop.
pub struct Publishers(JoinSet<Result<()>>);

impl Publishers {
    /// Publishes in a closed loop: each message is sent when all subscribers have received the one `WINDOW` before it.
    ///
    /// # Errors
    /// If a connection cannot be opened.
    pub async fn closed_loop(subscribers: &Subscribers, port: u16) -> Result<Self> {
        let window = Rc::new(Window {
            state: subscribers.state.clone(),
            subscribers: subscribers.count.into(),
            sent: Cell::new(0),
        });
        let mut all = JoinSet::new();
        for _ in 0..PUBLISHERS {
            let (mut publisher, window) = (Publisher::open(subscribers.state.protocol, port).await?, window.clone());
            all.spawn_local(async move {
                loop {
                    window.acquire().await;
                    publisher.publish(window.state.now()).await?;
                }
            });
        }
        Ok(Self(all))
    }

    /// Publishes at a fixed interval, even if the server cannot keep up. The timestamp is the time at which a message
    /// was due, so that queueing counts as delay.
    ///
    /// # Errors
    /// If a connection cannot be opened.
    pub async fn open_loop(subscribers: &Subscribers, port: u16, period: Duration) -> Result<Self> {
        let (mut all, mut senders) = (JoinSet::new(), Vec::new());
        for _ in 0..PUBLISHERS {
            let publisher = Publisher::open(subscribers.state.protocol, port).await?;
            let (sender, timestamps) = unbounded_channel();
            all.spawn_local(publish_all(publisher, timestamps));
            senders.push(sender);
        }
        all.spawn_local(tick(senders, subscribers.state.epoch, period));
        Ok(Self(all))
    }

    /// Checks that no publisher failed.
    ///
    /// # Errors
    /// The error of the first failed publisher.
    pub fn check_connected(&mut self) -> Result<()> {
        self.0.try_join_next().map_or(Ok(()), |ended| ended?)
    }
}

async fn publish_all(mut publisher: Publisher, mut timestamps: UnboundedReceiver<u64>) -> Result<()> {
    while let Some(timestamp) = timestamps.recv().await {
        publisher.publish(timestamp).await?;
    }
    Ok(())
}

async fn tick(senders: Vec<UnboundedSender<u64>>, epoch: Instant, period: Duration) -> Result<()> {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for sender in senders.iter().cycle() {
        let due = ticks.tick().await.duration_since(epoch);
        sender.send(u64::try_from(due.as_nanos())?)?;
    }
    Ok(())
}

/// Limits the number of messages in flight.
struct Window {
    state: Rc<SharedState>,
    subscribers: u64,
    sent: Cell<u64>,
}

impl Window {
    async fn acquire(&self) {
        loop {
            let sent = self.sent.get();
            // Deliveries that must have happened before the next message is sent.
            let target = (sent + 1).saturating_sub(WINDOW) * self.subscribers;
            if self.state.delivered() >= target {
                return self.sent.set(sent + 1);
            }
            self.state.target.set(target);
            self.state.target_reached.notified().await;
        }
    }
}
