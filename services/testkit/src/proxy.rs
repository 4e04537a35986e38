//! A stretch of network that a test can break: TCP between somebody and a server, passed on as it is, late, or not at
//! all.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// What the network does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weather {
    /// How often everything was cut: a connection lives until this grows.
    cuts: u64,
    /// Whether nobody hears anybody, and nobody is told.
    stalled: bool,
    /// Whether whoever comes is sent away.
    refuses: bool,
    /// How long each piece takes, in each direction.
    delay: Duration,
}

const FAIR: Weather = Weather { cuts: 0, stalled: false, refuses: false, delay: Duration::ZERO };

/// A proxy before a server. It ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    weather: Arc<watch::Sender<Weather>>,
    door: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of this machine, and passes on to this address: `host:port`. Nobody has to listen there
    /// yet; who connects meanwhile is cut off.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn before(server: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it listens somewhere");
        let weather = Arc::new(watch::Sender::new(FAIR));
        let door = tokio::spawn(open(listener, server.into(), Arc::clone(&weather)));
        Self { address, weather, door }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets every connection, and whoever comes next, until [`heal`](Self::heal): a server that is gone.
    pub fn cut(&self) {
        self.weather.send_modify(|it| (it.cuts, it.refuses) = (it.cuts.saturating_add(1), true));
    }

    /// Resets every connection once. Who comes next is served: a network that hiccups, or a server that was quick to
    /// come back.
    pub fn reset(&self) {
        self.weather.send_modify(|it| it.cuts = it.cuts.saturating_add(1));
    }

    /// Swallows everything in both directions, of new connections too. They are taken, and nobody answers: a server that
    /// hangs, or a network that loses every packet. What was swallowed never arrives, so a connection that was written
    /// to ends when it heals; one on which nobody said anything goes on.
    pub fn stall(&self) {
        self.weather.send_modify(|it| it.stalled = true);
    }

    /// Lets each piece arrive so much later, in each direction.
    pub fn delay(&self, by: Duration) {
        self.weather.send_modify(|it| it.delay = by);
    }

    /// Passes everything on at once, from now on.
    pub fn heal(&self) {
        self.weather.send_modify(|it| *it = Weather { cuts: it.cuts, ..FAIR });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.door.abort();
        self.reset();
    }
}

async fn open(listener: TcpListener, server: String, weather: Arc<watch::Sender<Weather>>) {
    while let Ok((near, _)) = listener.accept().await {
        let seen = weather.subscribe();
        let born = seen.borrow().cuts;
        if seen.borrow().refuses {
            reset(&near);
            continue;
        }
        tokio::spawn(serve(near, server.clone(), born, seen));
    }
}

/// One connection, until both sides have ended it or it is cut.
async fn serve(mut near: TcpStream, server: String, born: u64, weather: watch::Receiver<Weather>) {
    let (mut fair, mut cut) = (weather.clone(), weather.clone());
    let opened = async {
        // What somebody says meanwhile lies in the socket.
        fair.wait_for(|it| !it.stalled).await.ok()?;
        TcpStream::connect(server).await.ok()
    };
    let server = tokio::select! {
        server = opened => server,
        _ = cut.wait_for(|it| it.cuts > born) => None,
    };
    let Some(mut server) = server else { return reset(&near) };
    // Without it small pieces wait for each other. It fails on one that has ended.
    let _ = (near.set_nodelay(true), server.set_nodelay(true));
    let ended = tokio::select! {
        ended = pass_both(&mut near, &mut server, &weather) => ended,
        _ = cut.wait_for(|it| it.cuts > born) => Err(io::ErrorKind::ConnectionReset.into()),
    };
    if ended.is_err() {
        reset(&near);
        reset(&server);
    }
}

async fn pass_both(near: &mut TcpStream, far: &mut TcpStream, weather: &watch::Receiver<Weather>) -> io::Result<()> {
    let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
    let (there, back) = (pass(near_in, far_out, weather.clone()), pass(far_in, near_out, weather.clone()));
    tokio::try_join!(there, back).map(drop)
}

/// Passes on what one side says until it ends. It fails when something was swallowed: no stream goes on without it.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut weather: watch::Receiver<Weather>) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut piece).await?;
        let delay = weather.borrow().delay;
        // It is what a test asked for: nothing here waits for something to happen.
        sleep(delay).await;
        if weather.borrow().stalled {
            swallow(&mut from, &mut weather).await?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let Some(said) = piece.get(..length).filter(|said| !said.is_empty()) else { return to.shutdown().await };
        to.write_all(said).await?;
    }
}

/// Reads until the network works again, so that nobody notices by a full socket.
async fn swallow(from: &mut ReadHalf<'_>, weather: &mut watch::Receiver<Weather>) -> io::Result<()> {
    let mut piece = vec![0; 16 * 1024];
    let mut open = true;
    loop {
        tokio::select! {
            _ = weather.wait_for(|it| !it.stalled) => return Ok(()),
            read = from.read(&mut piece), if open => open = read? > 0,
        }
    }
}

/// Whoever is at the other end reads "connection reset" as soon as this is closed.
fn reset(connection: &TcpStream) {
    // One that has ended already needs none.
    let _ = connection.set_zero_linger();
}
