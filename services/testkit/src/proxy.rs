//! A way to a server that a test can break: its clients connect here, and it forwards to where the server is.
//!
//! | call | what clients of the server see |
//! | --- | --- |
//! | [`Proxy::cut`] | every connection is reset; new ones are good |
//! | [`Proxy::blackhole`] | nothing passes either way, on old connections and on new ones |
//! | [`Proxy::delay`] | everything passes, later |
//! | [`Proxy::heal`] | everything passes; what a black hole held passes first, as TCP would send it again |

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// Where a server is.
#[derive(Debug, Clone)]
pub enum Target {
    /// On a port.
    Tcp(SocketAddr),
    /// On a socket in the file system.
    Unix(PathBuf),
}

/// How the way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Slow(Duration),
    Closed,
}

/// What all connections obey.
#[derive(Debug, Clone)]
struct Orders {
    way: watch::Receiver<Way>,
    cuts: watch::Receiver<u64>,
}

/// A way to one server. It ends with the test.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    target: watch::Sender<Target>,
    way: watch::Sender<Way>,
    cuts: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// To this server, on a free port of this machine.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn to(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("it listens somewhere").port();
        let (target, aim) = watch::channel(target);
        let (way, obeyed) = watch::channel(Way::Open);
        let (cuts, counted) = watch::channel(0);
        let accepting = tokio::spawn(accept(listener, aim, Orders { way: obeyed, cuts: counted }));
        Self { port, target, way, cuts, accepting }
    }

    /// Where clients connect.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// New connections go there from now on.
    pub fn aim(&self, target: Target) {
        self.target.send_replace(target);
    }

    /// Resets every connection, and goes on accepting.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts = cuts.wrapping_add(1));
    }

    /// Lets nothing pass, either way. Connections stay, and new ones are taken.
    pub fn blackhole(&self) {
        self.way.send_replace(Way::Closed);
    }

    /// Lets everything pass so much later.
    pub fn delay(&self, by: Duration) {
        self.way.send_replace(Way::Slow(by));
    }

    /// Lets everything pass.
    pub fn heal(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, aim: watch::Receiver<Target>, orders: Orders) {
    // One that cannot be taken is its client's to try again.
    loop {
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, aim.clone(), orders.clone()));
        }
    }
}

/// One connection, from its first byte to its end.
async fn serve(client: TcpStream, aim: watch::Receiver<Target>, mut orders: Orders) {
    // The cuts before its time are not its own.
    orders.cuts.mark_unchanged();
    // Whatever ends it early ends it with a reset, at once.
    let _ = client.set_zero_linger();
    let _ = client.set_nodelay(true);
    let way = orders.way.clone();
    let carried = async {
        passable(&mut way.clone()).await?;
        let target = aim.borrow().clone();
        match target {
            Target::Tcp(address) => {
                let server = TcpStream::connect(address).await?;
                server.set_zero_linger()?;
                server.set_nodelay(true)?;
                carry(client, server, way).await
            }
            Target::Unix(path) => carry(client, UnixStream::connect(path).await?, way).await,
        }
    };
    tokio::select! {
        // How it ended, both ends know.
        _ = carried => {}
        _ = orders.cuts.changed() => {}
    }
}

async fn carry<C, S>(client: C, server: S, way: watch::Receiver<Way>) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let ((from_client, to_client), (from_server, to_server)) = (tokio::io::split(client), tokio::io::split(server));
    tokio::try_join!(pump(from_client, to_server, way.clone()), pump(from_server, to_client, way))?;
    Ok(())
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut way: watch::Receiver<Way>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        passable(&mut way).await?;
        let read = from.read(&mut bytes).await?;
        // It may have closed while nothing came.
        passable(&mut way).await?;
        let slow = *way.borrow();
        if let Way::Slow(by) = slow {
            sleep(by).await;
        }
        match bytes.get(..read) {
            Some([]) | None => return to.shutdown().await,
            Some(some) => to.write_all(some).await?,
        }
    }
}

/// Waits until the way is not closed.
async fn passable(way: &mut watch::Receiver<Way>) -> io::Result<()> {
    way.wait_for(|way| *way != Way::Closed).await.map(|_| ()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    const MOMENT: Duration = Duration::from_millis(200);

    /// Says back whatever it hears.
    async fn echo() -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = socket.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        Target::Tcp(address)
    }

    async fn dial(proxy: &Proxy) -> TcpStream {
        TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
    }

    async fn hears(socket: &mut TcpStream) -> io::Result<u8> {
        socket.write_all(b"x").await?;
        socket.read_u8().await
    }

    #[tokio::test]
    async fn what_is_said_passes_and_so_does_the_end() {
        let proxy = Proxy::to(echo().await).await;
        let mut socket = dial(&proxy).await;
        assert_eq!(hears(&mut socket).await.unwrap(), b'x');
        socket.shutdown().await.unwrap();
        assert_eq!(socket.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_cut_resets_what_is_open_and_spares_what_comes() {
        let proxy = Proxy::to(echo().await).await;
        let mut socket = dial(&proxy).await;
        hears(&mut socket).await.unwrap();
        proxy.cut();
        assert_eq!(socket.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(hears(&mut dial(&proxy).await).await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn nothing_passes_a_black_hole_until_it_heals() {
        let proxy = Proxy::to(echo().await).await;
        let mut old = dial(&proxy).await;
        hears(&mut old).await.unwrap();
        proxy.blackhole();
        let mut new = dial(&proxy).await;
        assert!(timeout(MOMENT, hears(&mut old)).await.is_err());
        assert!(timeout(MOMENT, hears(&mut new)).await.is_err());
        proxy.heal();
        assert_eq!((old.read_u8().await.unwrap(), new.read_u8().await.unwrap()), (b'x', b'x'));
    }

    #[tokio::test]
    async fn a_delay_delays() {
        let proxy = Proxy::to(echo().await).await;
        let mut socket = dial(&proxy).await;
        proxy.delay(MOMENT);
        let begin = Instant::now();
        hears(&mut socket).await.unwrap();
        assert!(begin.elapsed() >= 2 * MOMENT, "there and back");
    }

    #[tokio::test]
    async fn a_socket_in_the_file_system_is_a_server_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("echo.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let proxy = Proxy::to(echo().await).await;
        proxy.aim(Target::Unix(path));
        let mut socket = dial(&proxy).await;
        let (mut server, _) = listener.accept().await.unwrap();
        socket.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
    }
}
