//! The byte stream under a connection, and what it saw of the current exchange.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::client::TlsStream;

use super::{failure::Phase, message::Phases};

/// All bytes read for one exchange: interim answers, chunk framing and trailers included.
const EXCHANGE_BYTES_MAX: u64 = 1024 * 1024;

/// A TCP connection, with or without TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// When bytes went and came in the current exchange. All of it is touched by one task at a time; atomics only
/// because the connection and its user hold it together.
pub(super) struct Meter {
    epoch: Instant,
    started_us: AtomicU64,
    last_write_us: AtomicU64,
    first_read_us: AtomicU64,
    bytes: AtomicU64,
}

impl Meter {
    pub(super) fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            started_us: AtomicU64::new(0),
            last_write_us: AtomicU64::new(0),
            first_read_us: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    fn now_us(&self) -> u64 {
        self.at_us(Instant::now())
    }

    fn at_us(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn start(&self, now: Instant) {
        self.started_us.store(self.at_us(now), Relaxed);
        self.last_write_us.store(0, Relaxed);
        self.first_read_us.store(0, Relaxed);
        self.bytes.store(0, Relaxed);
    }

    fn wrote(&self) {
        if self.bytes() == 0 {
            self.last_write_us.store(self.now_us(), Relaxed);
        }
    }

    /// Counts bytes of an answer; an error when the exchange has read more than any sound answer needs.
    fn read(&self, count: usize) -> io::Result<()> {
        if count > 0 && self.bytes() == 0 {
            self.first_read_us.store(self.now_us(), Relaxed);
        }
        let before = self.bytes.fetch_add(count as u64, Relaxed);
        if before.saturating_add(count as u64) > EXCHANGE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "more bytes than one exchange may read"));
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    pub(super) fn phase(&self) -> Phase {
        match (self.last_write_us.load(Relaxed), self.bytes()) {
            (_, 1..) => Phase::Read,
            (0, 0) => Phase::Write,
            (_, 0) => Phase::Wait,
        }
    }

    pub(super) fn measure(&self, phases: &mut Phases, now: Instant) {
        let started = self.started_us.load(Relaxed);
        let now = self.at_us(now);
        let wrote = match self.last_write_us.load(Relaxed) {
            0 => now,
            at => at,
        };
        let first_read = match self.first_read_us.load(Relaxed) {
            0 => now,
            at => at,
        };
        phases.write_us = micros(wrote.saturating_sub(started));
        phases.wait_us = micros(first_read.saturating_sub(wrote));
        phases.read_us = micros(now.saturating_sub(first_read));
    }
}

fn micros(us: u64) -> u32 {
    u32::try_from(us).unwrap_or(u32::MAX)
}

/// The stream with its meter.
pub(super) struct Metered {
    pub(super) stream: Stream,
    pub(super) meter: Arc<Meter>,
}

impl AsyncRead for Metered {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        })?;
        Poll::Ready(this.meter.read(buffer.filled().len().saturating_sub(before)))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        })?;
        this.meter.wrote();
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        })?;
        this.meter.wrote();
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
