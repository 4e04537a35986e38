//! The connections that listen.

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

use super::{dialect::Dialect, frame};

/// What one read may take: what one connection of a thousand gathers while the others are read.
const READ: usize = 64 * 1024;
/// How many are opened at the same time.
const AT_ONCE: usize = 100;

/// What was heard so far, by all together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames with data.
    pub frames: u64,
    /// Bytes in them.
    pub bytes: u64,
}

/// What all listeners share. They are on one thread.
pub struct Ears {
    /// How the server is spoken to.
    pub dialect: Dialect,
    /// When time began.
    pub epoch: Instant,
    /// Told when [`Self::wanted`] messages were heard.
    pub heard: Notify,
    /// See [`Self::heard`].
    pub wanted: Cell<u64>,
    /// From the time in a message to its reading, in microseconds, if anybody wants to know.
    pub delays: RefCell<Option<Vec<u32>>>,
    tally: Cell<Tally>,
    lost: Cell<usize>,
    buffer: RefCell<Vec<u8>>,
}

/// Connections that listen until this is dropped.
pub struct Crowd {
    /// What they heard.
    pub ears: Rc<Ears>,
    /// How many there are.
    pub many: u32,
    _listeners: JoinSet<()>,
}

impl Crowd {
    /// Opens so many connections and waits until each hears the feed.
    ///
    /// # Errors
    /// If one of them does not.
    pub async fn gather(dialect: Dialect, port: u16, many: u32) -> Result<Self> {
        let ears = Rc::new(Ears {
            dialect,
            epoch: Instant::now(),
            heard: Notify::new(),
            wanted: Cell::new(u64::MAX),
            delays: RefCell::default(),
            tally: Cell::default(),
            lost: Cell::new(0),
            buffer: RefCell::new(vec![0; READ]),
        });
        let (mut opening, mut listeners) = (JoinSet::new(), JoinSet::new());
        for number in 1..=usize::try_from(many)? {
            opening.spawn_local(async move { timeout(Duration::from_secs(30), open(dialect, port, number)).await? });
            if opening.len() >= AT_ONCE {
                let opened = opening.join_next().await.context("they are opening")???;
                listeners.spawn_local(listen(opened, ears.clone()));
            }
        }
        while let Some(opened) = opening.join_next().await {
            listeners.spawn_local(listen(opened??, ears.clone()));
        }
        Ok(Self { ears, many, _listeners: listeners })
    }
}

impl Ears {
    /// How many messages were heard, each counted for each who heard it.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.dialect.delivered(self.tally.get())
    }

    /// Nanoseconds since time began.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// # Errors
    /// If a connection was cut: what was measured since is not what it seems.
    pub fn all_there(&self) -> Result<()> {
        let lost = self.lost.get();
        ensure!(lost == 0, "the server cut {lost} of the connections");
        Ok(())
    }

    fn hear(&self, payload: &[u8]) {
        let mut tally = self.tally.get();
        tally.frames += 1;
        tally.bytes += u64::try_from(payload.len()).unwrap_or(0);
        self.tally.set(tally);
        if let Some(delays) = self.delays.borrow_mut().as_mut() {
            let now = self.now();
            let micros = |stamp: u64| u32::try_from(now.saturating_sub(stamp) / 1000).unwrap_or(u32::MAX);
            delays.extend(self.dialect.stamps(payload).map(micros));
        }
    }
}

/// A connection, and the part of a frame that was read with what is done already.
struct Opened {
    stream: TcpStream,
    rest: Vec<u8>,
}

async fn open(dialect: Dialect, port: u16, number: usize) -> Result<Opened> {
    let (stream, mut rest) = handshake(dialect, port).await?;
    let mut opened = Opened { stream, rest: Vec::new() };
    opened.stream.write_all(&dialect.hello(number)).await?;
    let mut frames = Vec::new();
    loop {
        let mut left = rest.as_slice();
        while let Some((frame, after)) = frame::split(left) {
            ensure!(frame.opcode != frame::CLOSE, "closed: {}", String::from_utf8_lossy(frame.payload));
            frames.push(frame.payload.to_vec());
            left = after;
        }
        rest = left.to_vec();
        if dialect.listens(&frames) {
            opened.rest = rest;
            return Ok(opened);
        }
        ensure!(opened.stream.read_buf(&mut rest).await? > 0, "the server hung up");
    }
}

/// An open WebSocket, and what came after the answer.
///
/// # Errors
/// If the server does not open it.
pub(super) async fn handshake(dialect: Dialect, port: u16) -> Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    stream.write_all(dialect.opening().as_bytes()).await?;
    let mut answer = Vec::with_capacity(512);
    loop {
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            ensure!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
            let rest = answer.split_off(end + 4);
            return Ok((stream, rest));
        }
        ensure!(stream.read_buf(&mut answer).await? > 0, "the server hung up");
    }
}

async fn listen(mut opened: Opened, ears: Rc<Ears>) {
    // It ends when the server hangs up.
    while let Some(pings) = poll_fn(|cx| opened.poll(cx, &ears)).await {
        for ping in pings {
            if opened.stream.write_all(&ping).await.is_err() {
                break;
            }
        }
    }
    ears.lost.set(ears.lost.get() + 1);
}

impl Opened {
    /// Counts what there is, and gives the answers to pings, when there are some; `None` if it is over.
    fn poll(&mut self, cx: &mut Context<'_>, ears: &Ears) -> Poll<Option<Vec<Vec<u8>>>> {
        let mut buffer = ears.buffer.borrow_mut();
        loop {
            let mut space = ReadBuf::new(&mut buffer);
            match Pin::new(&mut self.stream).poll_read(cx, &mut space) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(read) if read.is_err() || space.filled().is_empty() => return Poll::Ready(None),
                Poll::Ready(_) => {}
            }
            let pongs = self.take(space.filled(), ears);
            if ears.delivered() >= ears.wanted.get() {
                ears.wanted.set(u64::MAX);
                ears.heard.notify_waiters();
            }
            if !pongs.is_empty() {
                return Poll::Ready(Some(pongs));
            }
        }
    }

    /// Counts what was read.
    fn take(&mut self, read: &[u8], ears: &Ears) -> Vec<Vec<u8>> {
        let mut pongs = Vec::new();
        let mut kept = std::mem::take(&mut self.rest);
        let mut left = if kept.is_empty() {
            read
        } else {
            kept.extend_from_slice(read);
            kept.as_slice()
        };
        while let Some((frame, after)) = frame::split(left) {
            match frame.opcode {
                frame::PING => pongs.push(frame::write(frame::PONG, frame.payload)),
                frame::CLOSE | frame::PONG => {}
                _ => ears.hear(frame.payload),
            }
            left = after;
        }
        self.rest = left.to_vec();
        pongs
    }
}
