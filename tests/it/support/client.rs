//! A small blocking HTTP client: one keep-alive connection, JSON, and a raw mode for requests no client would send.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::Value;

/// How long any one answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An HTTP client for one server, with or without a credential.
pub struct Client {
    address: SocketAddr,
    authorization: Option<String>,
    connection: Option<BufReader<TcpStream>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The cookies that are set, as they were sent.
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_str()).collect()
    }

    /// The same as a browser sends them back.
    pub fn cookies(&self) -> String {
        let cookies = self.set_cookies().into_iter().map(|line| line.split(';').next().unwrap());
        cookies.collect::<Vec<_>>().join("; ")
    }

    /// The body as JSON, after checking the status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The code of a problem, after checking status and shape.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text());
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{body}");
        assert!(body["title"].is_string() && body["instance"].is_string(), "{body}");
        body["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned()
    }
}

impl Client {
    /// A client without a credential.
    pub fn anonymous(address: SocketAddr) -> Self {
        Self { address, authorization: None, connection: None }
    }

    /// A client with an API key.
    pub fn with_key(address: SocketAddr, key: &str) -> Self {
        Self { authorization: Some(format!("Bearer {key}")), ..Self::anonymous(address) }
    }

    /// Sends a GET.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// Sends a POST with a JSON body.
    pub fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Some(body.to_string().as_bytes()))
    }

    /// Sends a PUT without a body.
    pub fn put(&mut self, path: &str) -> Answer {
        self.send("PUT", path, &[], None)
    }

    /// Sends a POST without a body.
    pub fn post_empty(&mut self, path: &str) -> Answer {
        self.send("POST", path, &[], None)
    }

    /// Sends a PATCH with a JSON body.
    pub fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[], Some(body.to_string().as_bytes()))
    }

    /// Sends a DELETE.
    pub fn delete(&mut self, path: &str) -> Answer {
        self.send("DELETE", path, &[], None)
    }

    /// Sends any request; a body is JSON unless the headers say otherwise.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let is_given = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if !is_given("host") {
            write!(head, "host: {}\r\n", self.address).unwrap();
        }
        if let Some(authorization) = self.authorization.as_ref().filter(|_| !is_given("authorization")) {
            write!(head, "authorization: {authorization}\r\n").unwrap();
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if let Some(body) = body {
            if !is_given("content-type") {
                head.push_str("content-type: application/json\r\n");
            }
            write!(head, "content-length: {}\r\n", body.len()).unwrap();
        }
        head.push_str("\r\n");
        let mut request = head.into_bytes();
        request.extend_from_slice(body.unwrap_or_default());
        let is_head = method == "HEAD";
        // A kept connection may have been closed by the server meanwhile; a fresh one is tried once.
        if let Some(connection) = self.connection.take()
            && let Some(answer) = self.exchange(connection, &request, is_head)
        {
            return answer;
        }
        let fresh = self.connect();
        self.exchange(fresh, &request, is_head).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Sends a request with a JSON body on a connection of its own; `None` when no whole answer came.
    pub fn try_send(&self, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut connection = BufReader::new(stream);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        connection.get_mut().write_all(&[head.as_bytes(), body].concat()).ok()?;
        read_answer(&mut connection, false)
    }

    /// Sends bytes as they are on a connection of their own and reads what comes back until the server closes or
    /// falls silent for `patience`.
    pub fn raw(&self, bytes: &[u8], patience: Duration) -> String {
        let mut connection = self.connect();
        // The server may refuse and close before everything is sent.
        drop(connection.get_mut().write_all(bytes));
        connection.get_ref().set_read_timeout(Some(patience)).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count) = connection.read(&mut buffer) {
            if count == 0 {
                break;
            }
            answer.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A plain connection, for tests that hold one open.
    pub fn connect(&self) -> BufReader<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        BufReader::new(stream)
    }

    fn exchange(&mut self, mut connection: BufReader<TcpStream>, request: &[u8], is_head: bool) -> Option<Answer> {
        // A refusal may come before the body is sent, so a failed write is no answer yet.
        drop(connection.get_mut().write_all(request));
        let answer = read_answer(&mut connection, is_head)?;
        if answer.header("connection") != Some("close") {
            self.connection = Some(connection);
        }
        Some(answer)
    }
}

/// Reads one answer; `None` when the connection ended first.
pub fn read_answer(connection: &mut impl BufRead, is_head: bool) -> Option<Answer> {
    let mut line = String::new();
    if connection.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        connection.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, bytes: Vec::new() };
    // A stream of events has no end to wait for.
    let is_stream = answer.header("content-type") == Some("text/event-stream");
    if is_stream {
        answer.headers.push(("connection".to_owned(), "close".to_owned()));
    }
    if is_head || is_stream || status == 304 || status == 204 {
        return Some(answer);
    }
    if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            line.clear();
            connection.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            connection.read_exact(&mut chunk).ok()?;
            if size == 0 {
                return Some(answer);
            }
            answer.bytes.extend_from_slice(&chunk[..size]);
        }
    }
    let length: usize = answer.header("content-length").unwrap_or("0").parse().ok()?;
    answer.bytes = vec![0; length];
    connection.read_exact(&mut answer.bytes).ok()?;
    Some(answer)
}
