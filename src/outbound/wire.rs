//! One HTTP/1.1 connection that is driven by whoever uses it.
//!
//! hyper splits a connection into a sender and a future that does the I/O, meant to be spawned.
//! Here both stay together and the sending task polls the I/O itself: no second task, no wake-up
//! from one to the other, and dropping an exchange closes its connection. The response and body
//! channels between the halves are polled with a waker that does nothing, because only
//! polling the I/O half, which happens in the same call, can make them ready. That is sound only outside
//! tokio's cooperative budget, hence `unconstrained`; the work per call is bounded by the read cap.

use std::{
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker, ready},
};

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::{
    body::{Body, Frame, Incoming},
    client::conn::http1::{Builder, Connection, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    task::coop::unconstrained,
    time::{Instant, Sleep},
};

use super::{
    failure::{Kind, Phase},
    message::{Limits, Phases},
    meter::{Meter, Metered, Stream},
};

/// Bytes of an answer's head, status line included.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// An open connection, idle or in one exchange.
pub(super) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    /// Dropped as soon as it ends: only that tells hyper's other half that nothing will come any more.
    connection: Option<Connection<TokioIo<Metered>, Full<Bytes>>>,
    meter: Arc<Meter>,
    /// Kept from exchange to exchange: moving a timer to a later time needs no lock, registering one does.
    timer: Pin<Box<Sleep>>,
    peer: SocketAddr,
    opened: Instant,
    _open: OpenCount,
}

/// What came back over the wire.
pub(super) struct Answer {
    pub(super) head: http::response::Parts,
    pub(super) body: Bytes,
    pub(super) is_truncated: bool,
    pub(super) is_reusable: bool,
}

/// Why nothing complete came back.
pub(super) struct Broken {
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    pub(super) detail: String,
    pub(super) status: Option<StatusCode>,
    /// Whether the connection failed before a byte of an answer, so that a reused one may have been dead all along.
    pub(super) is_unanswered: bool,
}

impl Wire {
    /// Puts HTTP/1.1 on an open stream.
    pub(super) async fn new(stream: Stream, peer: SocketAddr, open: OpenCount) -> Result<Self, hyper::Error> {
        let now = Instant::now();
        let meter = Arc::new(Meter::new(now));
        let io = TokioIo::new(Metered { stream, meter: Arc::clone(&meter) });
        let (sender, connection) = Builder::new().max_header_size(HEAD_BYTES_MAX).handshake(io).await?;
        let timer = Box::pin(tokio::time::sleep_until(now + Limits::TOTAL_MAX));
        Ok(Self { sender, connection: Some(connection), meter, timer, peer, opened: now, _open: open })
    }

    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// Sends one request and reads its answer, all before the deadline.
    pub(super) async fn exchange(
        &mut self,
        request: http::Request<Full<Bytes>>,
        limits: &Limits,
        now: Instant,
        deadline: Instant,
    ) -> Result<Answer, Broken> {
        self.meter.start(now);
        self.timer.as_mut().reset(deadline);
        unconstrained(async {
            let (head, body) = self.read_head(request).await?.into_parts();
            let body = self.read_body(body, limits).await.map_err(|broken| broken.after(head.status))?;
            let is_reusable = body.is_complete && self.settle(head.status).await;
            Ok(Answer { head, body: body.kept.freeze(), is_truncated: body.is_truncated, is_reusable })
        })
        .await
    }

    /// Writes the phases from the start of the exchange up to now.
    pub(super) fn measure(&self, phases: &mut Phases, now: Instant) {
        self.meter.measure(phases, now);
    }

    /// Whether an idle connection is still good: open, and nothing arrived that nobody asked for.
    pub(super) fn is_alive(&mut self) -> bool {
        pin!(unconstrained(std::future::poll_fn(|cx| drive(&mut self.connection, cx))))
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    }

    async fn read_head(&mut self, request: http::Request<Full<Bytes>>) -> Result<Response<Incoming>, Broken> {
        let Self { sender, connection, meter, timer, .. } = self;
        let mut response = pin!(sender.send_request(request));
        std::future::poll_fn(|cx| {
            // When it has ended, the response below says why.
            let _has_ended = drive(connection, cx).is_ready();
            match response.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => Poll::Ready(result.map_err(|error| Broken::from_hyper(&error, meter))),
                Poll::Pending => {
                    ready!(timer.as_mut().poll(cx));
                    Poll::Ready(Err(Broken::late(meter)))
                }
            }
        })
        .await
    }

    async fn read_body(&mut self, mut body: Incoming, limits: &Limits) -> Result<BodyRead, Broken> {
        let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let mut read = BodyRead {
            kept: BytesMut::with_capacity(expected.min(limits.keep_bytes)),
            is_truncated: false,
            is_complete: false,
        };
        let mut left = limits.read_bytes;
        while !body.is_end_stream() {
            let Some(frame) = self.next_frame(&mut body).await? else { break };
            let Ok(data) = frame.into_data() else { continue };
            let keep = data.len().min(limits.keep_bytes.saturating_sub(read.kept.len()));
            read.kept.extend_from_slice(data.get(..keep).unwrap_or_default());
            read.is_truncated |= keep < data.len();
            left = left.saturating_sub(data.len());
            if left == 0 && !body.is_end_stream() {
                read.is_truncated = true;
                return Ok(read);
            }
        }
        read.is_complete = true;
        Ok(read)
    }

    async fn next_frame(&mut self, body: &mut Incoming) -> Result<Option<Frame<Bytes>>, Broken> {
        let Self { connection, meter, timer, .. } = self;
        let mut poll_body = || Pin::new(&mut *body).poll_frame(&mut Context::from_waker(Waker::noop()));
        std::future::poll_fn(|cx| {
            let mut frame = poll_body();
            if frame.is_pending() {
                let _has_ended = drive(connection, cx).is_ready();
                frame = poll_body();
            }
            match frame {
                Poll::Ready(Some(Ok(frame))) => Poll::Ready(Ok(Some(frame))),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Err(Broken::from_hyper(&error, meter))),
                Poll::Ready(None) => Poll::Ready(Ok(None)),
                Poll::Pending => {
                    ready!(timer.as_mut().poll(cx));
                    Poll::Ready(Err(Broken::late(meter)))
                }
            }
        })
        .await
    }

    /// Lets the connection finish the exchange; says whether it can serve another.
    async fn settle(&mut self, status: StatusCode) -> bool {
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return false;
        }
        if !self.sender.is_ready() {
            std::future::poll_fn(|cx| Poll::Ready(drive(&mut self.connection, cx).is_ready())).await;
        }
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// Lets the I/O go on; ready when the connection has ended.
fn drive(connection: &mut Option<Connection<TokioIo<Metered>, Full<Bytes>>>, cx: &mut Context<'_>) -> Poll<()> {
    if let Some(running) = connection {
        // An error also reaches the response or the body, which is where it is reported.
        drop(ready!(Pin::new(running).poll(cx)));
        *connection = None;
    }
    Poll::Ready(())
}

struct BodyRead {
    kept: BytesMut,
    is_truncated: bool,
    is_complete: bool,
}

impl Broken {
    fn from_hyper(error: &hyper::Error, meter: &Meter) -> Self {
        let source = std::error::Error::source(error);
        let io_kind = source.and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
        let kind = if error.is_parse_too_large() || io_kind == Some(io::ErrorKind::FileTooLarge) {
            Kind::TooLarge
        } else if error.is_parse() {
            Kind::Protocol
        } else {
            Kind::Closed
        };
        let detail = match source {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        // A request that hyper cancelled never left, whatever arrived unasked on the idle connection.
        let is_unanswered = error.is_canceled() || meter.bytes() == 0;
        Self { kind, phase: meter.phase(), detail, status: None, is_unanswered }
    }

    fn late(meter: &Meter) -> Self {
        let detail = "the total deadline passed".to_owned();
        Self { kind: Kind::Timeout, phase: meter.phase(), detail, status: None, is_unanswered: false }
    }

    fn after(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self.phase = Phase::Read;
        self
    }
}

/// Counts an open connection for as long as it lives.
pub(super) struct OpenCount(Arc<AtomicUsize>);

impl OpenCount {
    /// Takes a place; `None` when `max` are taken.
    pub(super) fn take(count: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let place = Self(Arc::clone(count));
        (place.0.fetch_add(1, Relaxed) < max).then_some(place)
    }
}

impl Drop for OpenCount {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
