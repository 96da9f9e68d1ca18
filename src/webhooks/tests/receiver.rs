//! A receiver on loopback that keeps what it gets and answers as told.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use super::PATIENCE;

/// A request that arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered: a status and further header lines; `None` never answers.
pub(super) type Reply = Option<(u16, &'static str)>;

struct Shared {
    received: Mutex<Vec<Received>>,
    reply: Mutex<Reply>,
    arrived: Notify,
}

pub(super) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    pub(super) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { received: Mutex::default(), reply: Mutex::new(reply), arrived: Notify::new() });
        let accepting = Arc::clone(&shared);
        // Ends with the test's runtime.
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&accepting)));
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(super) fn set(&self, reply: Reply) {
        *self.shared.reply.lock().unwrap() = reply;
    }

    pub(super) fn count(&self) -> usize {
        self.shared.received.lock().unwrap().len()
    }

    /// Waits until this many requests have arrived.
    pub(super) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                if self.count() >= count {
                    return self.shared.received.lock().unwrap().clone();
                }
                arrived.await;
            }
        };
        let received = tokio::time::timeout(PATIENCE, waiting).await;
        received.unwrap_or_else(|late| panic!("{late}: {} of {count} requests arrived", self.count()))
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    while let Some(received) = read(&mut stream, &mut buffer).await {
        let reply = *shared.reply.lock().unwrap();
        shared.received.lock().unwrap().push(received);
        shared.arrived.notify_waiters();
        let Some((status, headers)) = reply else {
            // Holds the connection open until the other side gives up.
            while stream.read_buf(&mut buffer).await.is_ok_and(|count| count > 0) {}
            return;
        };
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 2\r\n{headers}\r\nok");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let head_end = loop {
        if let Some(place) = buffer.windows(4).position(|part| part == b"\r\n\r\n") {
            break place + 4;
        }
        stream.read_buf(buffer).await.ok().filter(|count| *count > 0)?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse::<usize>().ok()?;
    while buffer.len() < head_end + length {
        stream.read_buf(buffer).await.ok().filter(|count| *count > 0)?;
    }
    let body = buffer[head_end..head_end + length].to_vec();
    buffer.drain(..head_end + length);
    Some(Received { headers, body })
}
