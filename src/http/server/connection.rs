//! One connection: HTTP/1.1 by hyper, and a watch over where it stands.
//!
//! A connection is waiting for a request, receiving its headers, being answered, or sending. Each has its own time
//! limit. The state is a pair of atomics that reading and writing update in passing; the connection's own task looks at
//! it every now and then. So a request costs no timer of its own here, and a limit is kept to within one look.
//!
//! Who is answered before the whole body has come may still be sending. A socket that is closed on unread bytes resets
//! the connection, and the answer may be lost with it: so what still comes is read and dropped for a while.

use std::{
    convert::Infallible,
    io,
    mem::MaybeUninit,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::FutureExt;
use hyper::{
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use crate::{
    base::Clock,
    http::{Edge, Options, Peer},
};

/// Hyper's buffer; the headers must fit, so the limit on them is checked before this one is met.
const BUFFER_BYTES_MIN: usize = 64 << 10;

/// How long what still comes of an unread body is taken in after the answer.
const LINGER_MS: u64 = 5_000;
/// How much of it.
const LINGER_BYTES: u64 = 64 << 20;

const LOOK_MS_MIN: u64 = 20;
const LOOK_MS_MAX: u64 = 5_000;

/// Serves requests from one connection until either side ends it.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: Peer,
    edge: Arc<Edge>,
    stop: CancellationToken,
    kill: CancellationToken,
) {
    let watch = Arc::new(Watch::new(Arc::clone(edge.clock())));
    let look = look_interval(edge.options());
    let buffer = BUFFER_BYTES_MIN.max(edge.options().header_bytes_max * 2);
    let io = TokioIo::new(Watched { stream, watch: Arc::clone(&watch), dropped: 0 });
    let service = {
        let (edge, watch) = (Arc::clone(&edge), Arc::clone(&watch));
        service_fn(move |request| {
            watch.enter(Phase::Answering);
            let (edge, watch) = (Arc::clone(&edge), Arc::clone(&watch));
            let request = request.map(|body| Received { body, has_ended: false, watch: Arc::clone(&watch) });
            async move {
                let response = edge.answer(request, peer).await;
                watch.enter(Phase::Waiting);
                Ok::<_, Infallible>(response.map(|body| Sent::new(body, watch)))
            }
        })
    };
    let connection = http1::Builder::new().max_buf_size(buffer).header_read_timeout(None).serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut looks = tokio::time::interval(look);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stop.cancelled());
    let mut killed = pin!(kill.cancelled());
    let mut is_stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended: {error}");
                }
                return;
            }
            _ = looks.tick() => {
                if let Some(reason) = watch.is_over(edge.options()) {
                    tracing::debug!("connection closed: {reason}");
                    return;
                }
            }
            () = stopped.as_mut(), if !is_stopping => {
                is_stopping = true;
                let was_out = watch.is_answer_out();
                // Hyper looks at what is left of a body only when it is polled after the answer.
                if connection.as_mut().now_or_never().is_some() {
                    return;
                }
                if was_out && watch.is_answer_out() {
                    watch.settle();
                }
                connection.as_mut().graceful_shutdown();
            }
            () = killed.as_mut(), if is_stopping => return,
        }
    }
}

/// Often enough to keep the shortest limit to within half of itself.
fn look_interval(options: &Options) -> Duration {
    let limits = [options.header_read_timeout_ms, options.keep_alive_timeout_ms, options.write_stall_timeout_ms];
    let shortest = limits.into_iter().min().unwrap_or(LOOK_MS_MAX);
    Duration::from_millis((shortest / 2).clamp(LOOK_MS_MIN, LOOK_MS_MAX))
}

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between requests, or writing an answer that is under way.
    Waiting = 0,
    /// The first byte of a request has come, not yet the last of its headers.
    Receiving = 1,
    /// With the routes; their own time limit holds.
    Answering = 2,
    /// The client takes nothing of what is ready to be sent.
    Stalled = 3,
    /// Everything is sent, and the rest of a body that nobody wants is taken in.
    Lingering = 4,
}

/// The phase and since when, shared between the connection's ends.
#[derive(Debug)]
struct Watch {
    phase: AtomicU8,
    since_ms: AtomicU64,
    /// The last request was answered before the whole of its body had come.
    is_unread: AtomicBool,
    /// The body of an answer is not yet all with hyper.
    is_sending: AtomicBool,
    clock: Arc<dyn Clock>,
}

impl Watch {
    fn new(clock: Arc<dyn Clock>) -> Self {
        // A connection that never says anything counts as one that is slow to send its headers.
        let since_ms = AtomicU64::new(clock.mono_ms());
        let (is_unread, is_sending) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { phase: AtomicU8::new(Phase::Receiving as u8), since_ms, is_unread, is_sending, clock }
    }

    fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) == phase as u8
    }

    fn enter(&self, phase: Phase) {
        if phase != Phase::Answering {
            self.since_ms.store(self.clock.mono_ms(), Ordering::Relaxed);
        }
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    fn has_read(&self) {
        if self.is(Phase::Waiting) {
            self.enter(Phase::Receiving);
        }
    }

    fn has_written(&self) {
        // While an answer streams, each piece that goes out starts the wait anew.
        if self.is(Phase::Stalled) || self.is(Phase::Waiting) {
            self.enter(Phase::Waiting);
        }
    }

    fn has_flushed(&self) {
        // An empty flush says nothing, so only the end of a standstill counts.
        if self.is(Phase::Stalled) {
            self.enter(Phase::Waiting);
        }
    }

    fn is_blocked(&self) {
        if self.is(Phase::Waiting) || self.is(Phase::Receiving) {
            self.enter(Phase::Stalled);
        }
    }

    /// Whether no request is being answered: the last answer is all with hyper.
    fn is_answer_out(&self) -> bool {
        !self.is_sending.load(Ordering::Relaxed) && (self.is(Phase::Waiting) || self.is(Phase::Receiving))
    }

    /// Forgets an unread body once its answer is out and the connection is still there: polled again, hyper has taken in
    /// what it was, or would have ended the connection with the answer.
    fn settle(&self) {
        self.is_unread.store(false, Ordering::Relaxed);
    }

    /// Why the connection has to go, if it has to.
    fn is_over(&self, options: &Options) -> Option<&'static str> {
        let (limit_ms, reason) = match self.phase.load(Ordering::Relaxed) {
            0 => (options.keep_alive_timeout_ms, "idle for too long"),
            1 => (options.header_read_timeout_ms, "the headers took too long"),
            3 => (options.write_stall_timeout_ms, "the client does not read"),
            4 => (LINGER_MS, "the client goes on sending after its answer"),
            _ => return None,
        };
        let since_ms = self.since_ms.load(Ordering::Relaxed);
        (self.clock.mono_ms().saturating_sub(since_ms) > limit_ms).then_some(reason)
    }
}

/// The body of a request, telling the watch at its end whether all of it had come.
#[derive(Debug)]
struct Received {
    body: Incoming,
    has_ended: bool,
    watch: Arc<Watch>,
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.has_ended = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.watch.is_unread.store(!self.has_ended && !self.body.is_end_stream(), Ordering::Relaxed);
    }
}

/// The body of an answer, telling the watch when hyper is done with it.
#[derive(Debug)]
struct Sent<B> {
    body: B,
    watch: Arc<Watch>,
}

impl<B> Sent<B> {
    fn new(body: B, watch: Arc<Watch>) -> Self {
        watch.is_sending.store(true, Ordering::Relaxed);
        Self { body, watch }
    }
}

impl<B: Body + Unpin> Body for Sent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Sent<B> {
    fn drop(&mut self) {
        self.watch.is_sending.store(false, Ordering::Relaxed);
    }
}

/// The socket, or TLS over it, telling the watch what passes.
#[derive(Debug)]
struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
    /// Bytes taken in after the answer.
    dropped: u64,
}

impl<S> Watched<S> {
    fn observe(&self, poll: &Poll<io::Result<usize>>) {
        match poll {
            Poll::Ready(_) => self.watch.has_written(),
            Poll::Pending => self.watch.is_blocked(),
        }
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Takes in what still comes, until the client has closed or has had its share.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.watch.is(Phase::Lingering) {
            self.watch.enter(Phase::Lingering);
        }
        let mut space = [MaybeUninit::uninit(); 16 << 10];
        while self.dropped < LINGER_BYTES {
            let mut buffer = ReadBuf::uninit(&mut space);
            let is_read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)).is_ok();
            if !is_read || buffer.filled().is_empty() {
                break;
            }
            self.dropped += buffer.filled().len() as u64;
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.watch.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.observe(&poll);
        poll
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.observe(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        match &poll {
            // What TLS has taken and the client has not stands still as well.
            Poll::Pending => self.watch.is_blocked(),
            Poll::Ready(_) => self.watch.has_flushed(),
        }
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.watch.is(Phase::Lingering) {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        if self.watch.is_unread.load(Ordering::Relaxed) {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
