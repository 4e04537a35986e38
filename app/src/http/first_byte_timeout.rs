//! Closes a socket whose client connects and sends nothing. Hyper's header timeout starts only after it has detected
//! the HTTP version, which takes the first 24 bytes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// Length of the HTTP/2 connection preface. Every HTTP/1.1 request with a host header is longer.
const PREFACE_LEN: usize = 24;

/// Fails reads with `TimedOut` if fewer than [`PREFACE_LEN`] bytes have arrived in time.
pub(super) struct FirstByteTimeout<Io> {
    io: Io,
    /// `None` once the first bytes have arrived.
    timeout: Option<Pin<Box<Sleep>>>,
    read: usize,
}

impl<Io> FirstByteTimeout<Io> {
    pub(super) fn new(io: Io, timeout: Duration) -> Self {
        Self { io, timeout: Some(Box::pin(tokio::time::sleep(timeout))), read: 0 }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for FirstByteTimeout<Io> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        let Some(timeout) = &mut self.timeout else { return read };
        if read.is_pending() {
            ready!(timeout.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        self.read = self.read.saturating_add(buffer.filled().len().saturating_sub(before));
        if self.read >= PREFACE_LEN {
            self.timeout = None;
        }
        read
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for FirstByteTimeout<Io> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
