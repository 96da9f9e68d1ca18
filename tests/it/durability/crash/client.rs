//! A small blocking HTTP/1.1 client that knows whether a request can have reached the server.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(20);
const LONGEST_ANSWER: usize = 16 << 20;

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Sent {
    /// The server answered.
    Answer { status: u16, body: Vec<u8> },
    /// No connection was made, so nothing was asked.
    Never,
    /// The connection broke or timed out after bytes may have left: anything may have happened.
    Lost,
}

/// One kept-alive connection with a credential.
pub(crate) struct Client {
    address: SocketAddr,
    key: String,
    stream: Option<TcpStream>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, key: &str) -> Self {
        Self { address, key: key.to_owned(), stream: None }
    }

    /// Sends one request below `/api/v1` and reads its answer.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &str, idempotency_key: Option<&str>) -> Sent {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => match TcpStream::connect_timeout(&self.address, Duration::from_secs(2)) {
                Ok(stream) => stream,
                Err(_) => return Sent::Never,
            },
        };
        let idempotency = idempotency_key.map_or_else(String::new, |key| format!("idempotency-key: {key}\r\n"));
        let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n{idempotency}{kind}content-length: {}\r\n\r\n{body}",
            self.address,
            self.key,
            body.len()
        );
        let prepared = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(TIMEOUT)))
            .and_then(|()| stream.set_write_timeout(Some(TIMEOUT)));
        if prepared.and_then(|()| stream.write_all(request.as_bytes())).is_err() {
            return Sent::Lost;
        }
        let Some((status, body, is_kept)) = read_answer(&mut stream) else { return Sent::Lost };
        if is_kept {
            self.stream = Some(stream);
        }
        Sent::Answer { status, body }
    }
}

fn read_answer(stream: &mut TcpStream) -> Option<(u16, Vec<u8>, bool)> {
    let mut input = Vec::with_capacity(4096);
    let mut chunk = [0; 16 << 10];
    loop {
        if let Some((status, head, length, is_kept)) = measure(&input)
            && input.len() >= head + length
        {
            return Some((status, input[head..head + length].to_vec(), is_kept));
        }
        let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
        input.extend_from_slice(&chunk[..read]);
        if input.len() > LONGEST_ANSWER {
            return None;
        }
    }
}

fn measure(input: &[u8]) -> Option<(u16, usize, usize, bool)> {
    let head = input.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&input[..head]).ok()?.to_ascii_lowercase();
    let status = text.get(9..12)?.parse().ok()?;
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let length = value("content-length:").map_or(Some(0), |length| length.parse().ok())?;
    Some((status, head, length, value("connection:") != Some("close")))
}
