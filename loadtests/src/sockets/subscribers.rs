//! Subscribed connections and their shared counters.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    net::Ipv4Addr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    sync::Notify,
    task::JoinSet,
    time::{Duration, Instant, timeout},
};

use super::{frame, protocol::Protocol};

/// Buffer size of one read: the data that one connection of a thousand receives while the others are read.
const READ_BYTES: usize = 64 * 1024;
/// Number of connections that are opened concurrently.
const MAX_CONCURRENT_OPENS: usize = 100;

/// Data that all subscribers have received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Number of data frames.
    pub frames: u64,
    /// Payload bytes of these frames.
    pub bytes: u64,
}

/// State that all subscribers share. They run on one thread.
pub struct SharedState {
    pub protocol: Protocol,
    /// Origin of all timestamps.
    pub epoch: Instant,
    /// Notified when [`Self::target`] messages were delivered.
    pub target_reached: Notify,
    /// Number of deliveries that triggers [`Self::target_reached`].
    pub target: Cell<u64>,
    /// Delays from the timestamp of a message to its reading, in microseconds. `None` while delays are not recorded.
    pub delays: RefCell<Option<Vec<u32>>>,
    counters: Cell<Counters>,
    disconnected: Cell<usize>,
    buffer: RefCell<Vec<u8>>,
}

/// Subscribed connections. They close on drop.
pub struct Subscribers {
    pub state: Rc<SharedState>,
    /// Number of connections.
    pub count: u32,
    _tasks: JoinSet<()>,
}

impl Subscribers {
    /// Opens the connections and waits until all are subscribed to the feed.
    ///
    /// # Errors
    /// If a connection cannot be opened or subscribed within 30 seconds.
    pub async fn connect(protocol: Protocol, port: u16, count: u32) -> Result<Self> {
        let state = Rc::new(SharedState {
            protocol,
            epoch: Instant::now(),
            target_reached: Notify::new(),
            target: Cell::new(u64::MAX),
            delays: RefCell::default(),
            counters: Cell::default(),
            disconnected: Cell::new(0),
            buffer: RefCell::new(vec![0; READ_BYTES]),
        });
        let (mut opening, mut tasks) = (JoinSet::new(), JoinSet::new());
        for number in 1..=usize::try_from(count)? {
            opening.spawn_local(async move { timeout(Duration::from_secs(30), open(protocol, port, number)).await? });
            if opening.len() >= MAX_CONCURRENT_OPENS {
                let connection = opening.join_next().await.context("no connection is opening")???;
                tasks.spawn_local(receive(connection, state.clone()));
            }
        }
        while let Some(connection) = opening.join_next().await {
            tasks.spawn_local(receive(connection??, state.clone()));
        }
        Ok(Self { state, count, _tasks: tasks })
    }
}

impl SharedState {
    /// Number of deliveries: messages, counted once for each subscriber.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.protocol.delivered(self.counters.get())
    }

    /// Nanoseconds since [`Self::epoch`].
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Checks that no connection was closed, which would invalidate the measurement.
    ///
    /// # Errors
    /// If the server closed a connection.
    pub fn check_connected(&self) -> Result<()> {
        let disconnected = self.disconnected.get();
        ensure!(disconnected == 0, "the server closed {disconnected} connections");
        Ok(())
    }

    fn record(&self, payload: &[u8]) {
        let mut counters = self.counters.get();
        counters.frames += 1;
        counters.bytes += u64::try_from(payload.len()).unwrap_or(0);
        self.counters.set(counters);
        if let Some(delays) = self.delays.borrow_mut().as_mut() {
            let now = self.now();
            let micros = |timestamp: u64| u32::try_from(now.saturating_sub(timestamp) / 1000).unwrap_or(u32::MAX);
            delays.extend(self.protocol.timestamps(payload).map(micros));
        }
    }
}

/// A connection and the incomplete frame at the end of what was read.
struct Connection {
    stream: TcpStream,
    incomplete: Vec<u8>,
}

async fn open(protocol: Protocol, port: u16, number: usize) -> Result<Connection> {
    let (stream, mut rest) = handshake(protocol, port).await?;
    let mut connection = Connection { stream, incomplete: Vec::new() };
    connection.stream.write_all(&protocol.hello(number)).await?;
    let mut frames = Vec::new();
    loop {
        let mut left = rest.as_slice();
        while let Some((frame, after)) = frame::split(left) {
            ensure!(frame.opcode != frame::CLOSE, "closed: {}", String::from_utf8_lossy(frame.payload));
            frames.push(frame.payload.to_vec());
            left = after;
        }
        rest = left.to_vec();
        if protocol.is_subscribed(&frames) {
            connection.incomplete = rest;
            return Ok(connection);
        }
        ensure!(connection.stream.read_buf(&mut rest).await? > 0, "the server closed the connection");
    }
}

/// Opens a WebSocket. Returns the stream and the bytes that were read after the response.
///
/// # Errors
/// If the server rejects the upgrade.
pub(super) async fn handshake(protocol: Protocol, port: u16) -> Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    stream.write_all(protocol.upgrade_request().as_bytes()).await?;
    let mut response = Vec::with_capacity(512);
    loop {
        if let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") {
            ensure!(response.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&response));
            let rest = response.split_off(end + 4);
            return Ok((stream, rest));
        }
        ensure!(stream.read_buf(&mut response).await? > 0, "the server closed the connection");
    }
}

async fn receive(mut connection: Connection, state: Rc<SharedState>) {
    // The loop ends when the server closes the connection.
    while let Some(pongs) = poll_fn(|cx| connection.poll(cx, &state)).await {
        for pong in pongs {
            if connection.stream.write_all(&pong).await.is_err() {
                break;
            }
        }
    }
    state.disconnected.set(state.disconnected.get() + 1);
}

impl Connection {
    /// Counts received frames and returns responses to pings. Returns `None` if the connection was closed.
    fn poll(&mut self, cx: &mut Context<'_>, state: &SharedState) -> Poll<Option<Vec<Vec<u8>>>> {
        let mut buffer = state.buffer.borrow_mut();
        loop {
            let mut space = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.stream).poll_read(cx, &mut space) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(read) if read.is_err() || space.filled().is_empty() => return Poll::Ready(None),
                Poll::Ready(_) => {}
            }
            let pongs = self.process(space.filled(), state);
            if state.delivered() >= state.target.get() {
                state.target.set(u64::MAX);
                state.target_reached.notify_waiters();
            }
            if !pongs.is_empty() {
                return Poll::Ready(Some(pongs));
            }
        }
    }

    /// Counts the frames in the bytes that were read, and returns responses to pings.
    fn process(&mut self, read: &[u8], state: &SharedState) -> Vec<Vec<u8>> {
        let mut pongs = Vec::new();
        let mut pending = std::mem::take(&mut self.incomplete);
        let mut left = if pending.is_empty() {
            read
        } else {
            pending.extend_from_slice(read);
            pending.as_slice()
        };
        while let Some((frame, after)) = frame::split(left) {
            match frame.opcode {
                frame::PING => pongs.push(frame::write(frame::PONG, frame.payload)),
                frame::CLOSE | frame::PONG => {}
                _ => state.record(frame.payload),
            }
            left = after;
        }
        self.incomplete = left.to_vec();
        pongs
    }
}
