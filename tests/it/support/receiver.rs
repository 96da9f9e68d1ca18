//! A place webhooks can be sent to: keeps what arrives and answers as told.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;

use super::wait_until;

/// How long a test waits for something to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request that arrived.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path with its query.
    pub path: String,
    /// Header names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The exact body.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What the receiver answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Never answers at all.
    pub is_silent: bool,
}

impl Reply {
    /// An answer with this status and no body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), is_silent: false }
    }

    /// No answer; the connection stays open.
    pub fn silence() -> Self {
        Self { is_silent: true, ..Self::status(200) }
    }
}

type Answer = Box<dyn FnMut(&Received) -> Reply + Send>;

struct Shared {
    received: Mutex<Vec<Received>>,
    reply: Mutex<Answer>,
}

/// A webhook sink on loopback.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    /// Accepts everything with 200.
    pub fn start() -> Self {
        Self::answering(|_| Reply::status(200))
    }

    /// Answers each request as the function says.
    pub fn answering(reply: impl FnMut(&Received) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { received: Mutex::new(Vec::new()), reply: Mutex::new(Box::new(reply)) });
        let accepting = Arc::clone(&shared);
        // The threads end with the test process; each only waits for its peer.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, shared }
    }

    /// Its URL with this path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers differently from now on.
    pub fn set_reply(&self, reply: impl FnMut(&Received) -> Reply + Send + 'static) {
        *self.shared.reply.lock().unwrap() = Box::new(reply);
    }

    /// Everything that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until this many requests have arrived.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        wait_until(&format!("{count} requests have arrived"), PATIENCE, || {
            self.shared.received.lock().unwrap().len() >= count
        });
        self.received()
    }
}

fn serve(stream: TcpStream, shared: &Shared) {
    stream.set_nodelay(true).unwrap();
    let mut connection = BufReader::new(stream);
    while let Some(received) = read_request(&mut connection) {
        let reply = (shared.reply.lock().unwrap())(&received);
        shared.received.lock().unwrap().push(received);
        if reply.is_silent {
            let mut end = Vec::new();
            // Returns when the other side gives up.
            drop(connection.read_to_end(&mut end));
            return;
        }
        let mut head = format!("HTTP/1.1 {} Answer\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let answer = format!("{head}\r\n{}", reply.body);
        if connection.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(connection: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    connection.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        connection.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut received = Received { path, headers, body: Vec::new() };
    let length: usize = received.header("content-length").unwrap_or("0").parse().ok()?;
    received.body = vec![0; length];
    connection.read_exact(&mut received.body).ok()?;
    Some(received)
}
