//! One attempt: what is sent, and how its end is written down.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    endpoint::Endpoint,
    headers,
    model::{Attempt, Phases},
    response::{FailureKind, Verdict, Wish, judge},
    retry::Ask,
};
use crate::{
    base::{AttemptId, DeliveryId, RawId, Timestamp},
    outbound::{Exchange, Failure, Kind, Request, Target},
};

const EVENT: HeaderName = HeaderName::from_static("x-novapulse-event");
const DELIVERY_ID: HeaderName = HeaderName::from_static("x-novapulse-delivery-id");
const SIGNATURE: HeaderName = HeaderName::from_static("x-novapulse-signature");
const SIGNATURE_NEXT: HeaderName = HeaderName::from_static("x-novapulse-signature-next");
const MESSAGE_ID: HeaderName = HeaderName::from_static("webhook-id");
const MESSAGE_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const MESSAGE_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// In answers: what the receiver wants done.
const WISH: HeaderName = HeaderName::from_static("webhook-delivery");

/// Why an attempt has no end.
const INTERRUPTED: &str = "a restart of the server interrupted it; whether the receiver got it is not known";
/// The longest text of response headers that is kept.
const RESPONSE_BYTES_MAX: usize = 8 * 1024;

/// What is sent of an event.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// The id receivers know the event by.
    pub(super) id: String,
    /// The name of its type.
    pub(super) event_type: String,
    /// The exact bytes.
    pub(super) body: bytes::Bytes,
    /// The delivery it is sent for.
    pub(super) delivery: DeliveryId,
}

/// A signed request with the text the attempt log shows for it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) shown: String,
}

/// Signs and builds the request of one attempt.
pub(super) fn prepare(endpoint: &Endpoint, target: Target, message: &Message, now: Timestamp) -> Prepared {
    let signatures = endpoint.signer.sign(&message.id, now, &message.body);
    let mut headers = endpoint.headers.clone();
    let mut shown = String::with_capacity(endpoint.shown.len() + 512);
    shown.push_str(&endpoint.shown);
    let mut add = |name: HeaderName, value: String| {
        shown.push_str(name.as_str());
        shown.push_str(": ");
        shown.push_str(&value);
        shown.push('\n');
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    add(EVENT, message.event_type.clone());
    add(DELIVERY_ID, message.delivery.to_string());
    add(SIGNATURE, signatures.novapulse);
    if let Some(next) = signatures.novapulse_next {
        add(SIGNATURE_NEXT, next);
    }
    add(MESSAGE_ID, message.id.clone());
    add(MESSAGE_TIMESTAMP, now.as_seconds().to_string());
    add(MESSAGE_SIGNATURE, signatures.standard);
    Prepared { request: Request::post(target, headers, message.body.clone()), shown }
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Success or failure.
    pub(super) verdict: Verdict,
    /// The attempt for the log; its id and number are set when it is recorded.
    pub(super) attempt: Attempt,
    /// What the receiver asked for beside its status.
    pub(super) wish: Option<Wish>,
}

fn blank(started_at: Timestamp, shown: String) -> Attempt {
    Attempt {
        id: AttemptId::from_raw(RawId { hi: 0, lo: 0 }),
        number: 0,
        started_at,
        failure: None,
        reason: String::new(),
        status: None,
        request: shown,
        response: String::new(),
        body: bytes::Bytes::new(),
        is_truncated: false,
        address: None,
        phases: Phases::default(),
    }
}

fn with_verdict(mut attempt: Attempt, mut verdict: Verdict, wish: Option<Wish>) -> Ended {
    if let Verdict::Failure { kind, reason, .. } = &mut verdict {
        reason.push_str(wish.map_or("", Wish::words));
        attempt.failure = Some(*kind);
        attempt.reason.clone_from(reason);
    }
    Ended { verdict, attempt, wish }
}

/// The end of an attempt that got an answer.
pub(super) fn answered(started_at: Timestamp, shown: String, exchange: Exchange, now: Timestamp) -> Ended {
    let retry_after = exchange.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let verdict = judge(exchange.status.as_u16(), retry_after, now);
    let wish = exchange.headers.get(WISH).and_then(|value| Wish::parse(value.to_str().ok()?));
    let attempt = Attempt {
        status: Some(exchange.status.as_u16()),
        response: shown_response(&exchange.headers),
        body: exchange.body,
        is_truncated: exchange.is_truncated,
        address: Some(exchange.peer),
        phases: phases(&exchange.phases),
        ..blank(started_at, shown)
    };
    with_verdict(attempt, verdict, wish)
}

/// The end of an attempt without a whole answer.
pub(super) fn failed(started_at: Timestamp, shown: String, failure: &Failure) -> Ended {
    let kind = match failure.kind {
        Kind::Blocked(_) | Kind::Request => FailureKind::Blocked,
        Kind::NoSuchName | Kind::Dns | Kind::Resolver => FailureKind::Dns,
        Kind::Connect | Kind::Local => FailureKind::Connect,
        Kind::Tls => FailureKind::Tls,
        Kind::Timeout => FailureKind::Timeout,
        Kind::Closed | Kind::TooLarge | Kind::Protocol => FailureKind::Protocol,
    };
    let attempt = Attempt {
        status: failure.status.map(|status| status.as_u16()),
        address: failure.peer,
        phases: phases(&failure.phases),
        ..blank(started_at, shown)
    };
    let reason = failure.public_message().to_owned();
    let ask = if kind == FailureKind::Timeout { Ask::Rest } else { Ask::Nothing };
    with_verdict(attempt, Verdict::Failure { kind, ask, reason }, None)
}

/// The end of an attempt whose URL the instance no longer allows; nothing was sent.
pub(super) fn refused(started_at: Timestamp, shown: String, reason: String) -> Ended {
    let verdict = Verdict::Failure { kind: FailureKind::Blocked, ask: Ask::Nothing, reason };
    with_verdict(blank(started_at, shown), verdict, None)
}

/// An attempt that the end of the process cut off: nobody knows what became of it.
pub(super) fn interrupted(started_at: Timestamp, shown: String) -> Attempt {
    Attempt { failure: Some(FailureKind::Interrupted), reason: INTERRUPTED.to_owned(), ..blank(started_at, shown) }
}

const fn phases(from: &crate::outbound::Phases) -> Phases {
    Phases {
        dns_us: from.dns_us,
        connect_us: from.connect_us,
        tls_us: from.tls_us,
        write_us: from.write_us,
        wait_us: from.wait_us,
        read_us: from.read_us,
        total_us: from.total_us,
        is_reused: from.is_reused,
    }
}

fn shown_response(map: &HeaderMap) -> String {
    let mut text = String::with_capacity(192);
    for (name, value) in map {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = headers::shown(name.as_str(), &value);
        if text.len() + name.as_str().len() + value.len() + 3 > RESPONSE_BYTES_MAX {
            break;
        }
        text.push_str(name.as_str());
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    }
    text
}

/// The headers in a text of the attempt log.
pub(super) fn header_lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once(": "))
}

/// The URL in the request line of an attempt.
pub(super) fn request_url(text: &str) -> &str {
    text.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, url)| url)
}
