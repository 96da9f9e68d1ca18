//! Just enough HTTP/1.1: requests rendered once and patched in place, answers read to their length.
//!
//! The client must cost little, because it shares the processor with what it measures. It parses the
//! status line and `content-length` and nothing else; an answer without a length is an error.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream as BlockingStream},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const READ_TIMEOUT: Duration = Duration::from_secs(30);
const LONGEST_ANSWER: usize = 8 << 20;

/// Placeholder for a request's sequence number; always inside a JSON string.
pub(crate) const SEQUENCE: &str = "@@@@@@@@@@@@";
/// Placeholder for the microseconds since 1970 at which the request is sent; inside a JSON string.
pub(crate) const SENT_AT: &str = "%%%%%%%%%%%%%%%%";
/// One character of padding that is replaced by pseudo-random hex digits.
const PAD: u8 = b'~';

/// A rendered request with the places that change from one sending to the next.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    sequences: Vec<usize>,
    times: Vec<usize>,
    pads: Vec<(usize, usize)>,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str, host: SocketAddr, bearer: &str, body: &str) -> Self {
        let authorization =
            if bearer.is_empty() { String::new() } else { format!("authorization: Bearer {bearer}\r\n") };
        Self::render(method, path, host, &authorization, body)
    }

    /// A POST that comes through a proxy from another address.
    pub(crate) fn forwarded(client: Ipv4Addr, path: &str, host: SocketAddr, body: &str) -> Self {
        Self::render("POST", path, host, &format!("x-forwarded-for: {client}\r\n"), body)
    }

    fn render(method: &str, path: &str, host: SocketAddr, header: &str, body: &str) -> Self {
        let bytes = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{header}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes();
        let pads = runs(&bytes, PAD);
        Self { sequences: places(&bytes, SEQUENCE), times: places(&bytes, SENT_AT), pads, bytes }
    }

    /// Writes consecutive sequence numbers starting at `first`, fresh padding and the time.
    pub(crate) fn patch(&mut self, first: u64, sent_at: u64) -> &[u8] {
        for (index, place) in self.sequences.iter().enumerate() {
            write_digits(&mut self.bytes, *place, SEQUENCE.len(), first + index as u64);
        }
        for place in &self.times {
            write_digits(&mut self.bytes, *place, SENT_AT.len(), sent_at);
        }
        let mut state = first.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        for (start, end) in &self.pads {
            if let Some(pad) = self.bytes.get_mut(*start..*end) {
                fill_hex(pad, &mut state);
            }
        }
        &self.bytes
    }
}

fn places(bytes: &[u8], marker: &str) -> Vec<usize> {
    let marker = marker.as_bytes();
    bytes.windows(marker.len()).enumerate().filter(|(_, window)| *window == marker).map(|(place, _)| place).collect()
}

fn runs(bytes: &[u8], of: u8) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (place, byte) in bytes.iter().enumerate() {
        if *byte == of {
            match found.last_mut() {
                Some(run) if run.1 == place => run.1 = place + 1,
                _ => found.push((place, place + 1)),
            }
        }
    }
    found
}

fn write_digits(bytes: &mut [u8], place: usize, width: usize, mut value: u64) {
    for digit in bytes.iter_mut().skip(place).take(width).rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn fill_hex(pad: &mut [u8], state: &mut u64) {
    for chunk in pad.chunks_mut(16) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        let mut bits = *state;
        for byte in chunk {
            let digit = (bits & 15) as u8;
            *byte = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            bits >>= 4;
        }
    }
}

/// Padding of the given length for a request body.
pub(crate) fn pad(len: usize) -> String {
    char::from(PAD).to_string().repeat(len)
}

/// Microseconds since 1970; comparable between the processes of one machine.
pub(crate) fn now_micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

/// Where one message ends.
pub(crate) struct Message {
    pub(crate) head: usize,
    pub(crate) total: usize,
}

/// Finds the end of a message with a length; `None` while more bytes are needed.
pub(crate) fn measure(bytes: &[u8]) -> Result<Option<Message>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = end + 4;
    let length = match header(bytes.get(..head).unwrap_or_default(), b"content-length") {
        Some(value) => std::str::from_utf8(value)?.trim().parse::<usize>().context("content-length")?,
        None if bytes.starts_with(b"HTTP/1.1 204") || bytes.starts_with(b"GET ") => 0,
        None => bail!(
            "a message without content-length: {}",
            String::from_utf8_lossy(bytes.get(..head.min(400)).unwrap_or_default())
        ),
    };
    Ok((bytes.len() >= head + length).then_some(Message { head, total: head + length }))
}

/// The value of a header, matched without regard to case.
pub(crate) fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (key, value) = line.split_at_checked(name.len())?;
        if !key.eq_ignore_ascii_case(name) || value.first() != Some(&b':') {
            return None;
        }
        Some(value.get(1..)?.trim_ascii())
    })
}

/// The position of `needle` in `bytes`.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

fn status(bytes: &[u8]) -> Result<u16> {
    let text = bytes.get(9..12).context("a short status line")?;
    Ok(std::str::from_utf8(text)?.parse()?)
}

/// A kept-alive connection on a tokio runtime, one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: vec![0; 16 << 10] })
    }

    /// Sends one request and reads its answer: the status and the body.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            if filled == self.input.len() {
                if filled >= LONGEST_ANSWER {
                    bail!("an answer of more than {LONGEST_ANSWER} bytes");
                }
                self.input.resize(filled * 2, 0);
            }
            let read = self.stream.read(self.input.get_mut(filled..).unwrap_or_default()).await?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            filled += read;
            let bytes = self.input.get(..filled).unwrap_or_default();
            if let Some(message) = measure(bytes)? {
                let status = status(bytes)?;
                return Ok((status, self.input.get(message.head..message.total).unwrap_or_default()));
            }
        }
    }
}

/// A kept-alive blocking connection, for pacing threads and for set-up calls.
pub(crate) struct BlockingConnection {
    stream: BlockingStream,
    input: Vec<u8>,
}

impl BlockingConnection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = BlockingStream::connect_timeout(&address, Duration::from_secs(5)).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        stream.set_write_timeout(Some(READ_TIMEOUT))?;
        Ok(Self { stream, input: vec![0; 16 << 10] })
    }

    pub(crate) fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request)?;
        let mut filled = 0;
        loop {
            if filled == self.input.len() {
                if filled >= LONGEST_ANSWER {
                    bail!("an answer of more than {LONGEST_ANSWER} bytes");
                }
                self.input.resize(filled * 2, 0);
            }
            let read = self.stream.read(self.input.get_mut(filled..).unwrap_or_default())?;
            if read == 0 {
                bail!("the server closed the connection");
            }
            filled += read;
            let bytes = self.input.get(..filled).unwrap_or_default();
            if let Some(message) = measure(bytes)? {
                let status = status(bytes)?;
                return Ok((status, self.input.get(message.head..message.total).unwrap_or_default()));
            }
        }
    }
}
