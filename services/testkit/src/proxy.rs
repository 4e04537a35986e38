//! TCP proxy that injects network faults between a server and its clients.
//!
//! | call | effect |
//! | --- | --- |
//! | [`FaultProxy::reset_connections`] | resets every connection; new ones work |
//! | [`FaultProxy::blackhole`] | forwards nothing in either direction, on old and new connections |
//! | [`FaultProxy::delay`] | forwards everything with a delay |
//! | [`FaultProxy::restore`] | forwards everything, first the bytes held back by a black hole, as TCP retransmits them |

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// Address of a server.
#[derive(Debug, Clone)]
pub enum Target {
    Tcp(SocketAddr),
    /// Unix domain socket.
    Unix(PathBuf),
}

/// State of the link between clients and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Open,
    Delayed(Duration),
    Blackhole,
}

/// Instructions to all connections.
#[derive(Debug, Clone)]
struct ProxyControl {
    link: watch::Receiver<LinkState>,
    resets: watch::Receiver<u64>,
}

/// Proxy to one server. Stops on drop.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    target: watch::Sender<Target>,
    link: watch::Sender<LinkState>,
    resets: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy to `target` on a free local port.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn to(target: Target) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("failed to bind a port");
        let port = listener.local_addr().expect("the listener has no address").port();
        let (target, current_target) = watch::channel(target);
        let (link, link_receiver) = watch::channel(LinkState::Open);
        let (resets, reset_receiver) = watch::channel(0);
        let control = ProxyControl { link: link_receiver, resets: reset_receiver };
        let accepting = tokio::spawn(accept(listener, current_target, control));
        Self { port, target, link, resets, accepting }
    }

    /// Local port for clients.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Forwards new connections to another target.
    pub fn retarget(&self, target: Target) {
        self.target.send_replace(target);
    }

    /// Resets every connection and continues to accept new ones.
    pub fn reset_connections(&self) {
        self.resets.send_modify(|resets| *resets = resets.wrapping_add(1));
    }

    /// Stops forwarding in both directions. Connections stay open and new ones are accepted.
    pub fn blackhole(&self) {
        self.link.send_replace(LinkState::Blackhole);
    }

    /// Delays each forwarded chunk by the given time.
    pub fn delay(&self, by: Duration) {
        self.link.send_replace(LinkState::Delayed(by));
    }

    /// Ends a black hole or a delay.
    pub fn restore(&self) {
        self.link.send_replace(LinkState::Open);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset_connections();
    }
}

async fn accept(listener: TcpListener, target: watch::Receiver<Target>, control: ProxyControl) {
    // Errors are ignored: the client retries.
    loop {
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, target.clone(), control.clone()));
        }
    }
}

/// Serves one connection until it ends or is reset.
async fn serve(client: TcpStream, target: watch::Receiver<Target>, mut control: ProxyControl) {
    // Resets before this connection do not apply to it.
    control.resets.mark_unchanged();
    // Zero linger: an early close sends a reset immediately.
    let _ = client.set_zero_linger();
    let _ = client.set_nodelay(true);
    let link = control.link.clone();
    let forwarded = async {
        wait_until_open(&mut link.clone()).await?;
        let target = target.borrow().clone();
        match target {
            Target::Tcp(address) => {
                let server = TcpStream::connect(address).await?;
                server.set_zero_linger()?;
                server.set_nodelay(true)?;
                forward(client, server, link).await
            }
            Target::Unix(path) => forward(client, UnixStream::connect(path).await?, link).await,
        }
    };
    tokio::select! {
        // The result is ignored: both ends observe the close.
        _ = forwarded => {}
        _ = control.resets.changed() => {}
    }
}

async fn forward<C, S>(client: C, server: S, link: watch::Receiver<LinkState>) -> io::Result<()>
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let ((from_client, to_client), (from_server, to_server)) = (tokio::io::split(client), tokio::io::split(server));
    tokio::try_join!(pump(from_client, to_server, link.clone()), pump(from_server, to_client, link))?;
    Ok(())
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut link: watch::Receiver<LinkState>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        wait_until_open(&mut link).await?;
        let read = from.read(&mut bytes).await?;
        // The link may have closed while the read was waiting.
        wait_until_open(&mut link).await?;
        let state = *link.borrow();
        if let LinkState::Delayed(by) = state {
            sleep(by).await;
        }
        match bytes.get(..read) {
            Some([]) | None => return to.shutdown().await,
            Some(some) => to.write_all(some).await?,
        }
    }
}

async fn wait_until_open(link: &mut watch::Receiver<LinkState>) -> io::Result<()> {
    link.wait_for(|state| *state != LinkState::Blackhole).await.map(|_| ()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    const DELAY: Duration = Duration::from_millis(200);

    /// Server that echoes every byte.
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

    async fn dial(proxy: &FaultProxy) -> TcpStream {
        TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
    }

    async fn echoed(socket: &mut TcpStream) -> io::Result<u8> {
        socket.write_all(b"x").await?;
        socket.read_u8().await
    }

    #[tokio::test]
    async fn bytes_and_the_end_of_the_stream_are_forwarded() {
        let proxy = FaultProxy::to(echo().await).await;
        let mut socket = dial(&proxy).await;
        assert_eq!(echoed(&mut socket).await.unwrap(), b'x');
        socket.shutdown().await.unwrap();
        assert_eq!(socket.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_reset_closes_open_connections_and_new_ones_work() {
        let proxy = FaultProxy::to(echo().await).await;
        let mut socket = dial(&proxy).await;
        echoed(&mut socket).await.unwrap();
        proxy.reset_connections();
        assert_eq!(socket.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(echoed(&mut dial(&proxy).await).await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn a_black_hole_holds_everything_back_until_it_is_restored() {
        let proxy = FaultProxy::to(echo().await).await;
        let mut old = dial(&proxy).await;
        echoed(&mut old).await.unwrap();
        proxy.blackhole();
        let mut new = dial(&proxy).await;
        assert!(timeout(DELAY, echoed(&mut old)).await.is_err());
        assert!(timeout(DELAY, echoed(&mut new)).await.is_err());
        proxy.restore();
        assert_eq!((old.read_u8().await.unwrap(), new.read_u8().await.unwrap()), (b'x', b'x'));
    }

    #[tokio::test]
    async fn a_delay_applies_in_both_directions() {
        let proxy = FaultProxy::to(echo().await).await;
        let mut socket = dial(&proxy).await;
        proxy.delay(DELAY);
        let begin = Instant::now();
        echoed(&mut socket).await.unwrap();
        assert!(begin.elapsed() >= 2 * DELAY, "delayed in each direction");
    }

    #[tokio::test]
    async fn a_unix_socket_is_a_valid_target() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("echo.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let proxy = FaultProxy::to(echo().await).await;
        proxy.retarget(Target::Unix(path));
        let mut socket = dial(&proxy).await;
        let (mut server, _) = listener.accept().await.unwrap();
        socket.write_all(b"x").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'x');
    }
}
