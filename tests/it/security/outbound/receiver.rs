//! A receiver that does to a connection whatever a test wants.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// A listener whose connections are handled by the test; gone when dropped.
pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: watch::Receiver<usize>,
    _tasks: JoinSet<()>,
}

/// One accepted connection.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    /// The number of the connection, from zero.
    pub(super) number: usize,
    requests: watch::Sender<usize>,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1 and gives each connection to the handler.
    pub(super) async fn start<F, H>(handler: F) -> Self
    where
        F: Fn(Peer) -> H + Send + 'static,
        H: Future<Output = ()> + Send + 'static,
    {
        Self::start_on("127.0.0.1:0", handler).await
    }

    /// Listens on this address and gives each connection to the handler.
    pub(super) async fn start_on<F, H>(address: &str, handler: F) -> Self
    where
        F: Fn(Peer) -> H + Send + 'static,
        H: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, requests) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let counter = Arc::clone(&connections);
        tasks.spawn(async move {
            let mut handlers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                handlers.spawn(handler(Peer { stream, number, requests: sender.clone() }));
            }
        });
        Self { address, connections, requests, _tasks: tasks }
    }

    /// Answers every request on every connection with these bytes.
    pub(super) async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut peer| {
            let answer = Arc::clone(&answer);
            async move { while peer.request().await.is_some() && peer.stream.write_all(&answer).await.is_ok() {} }
        })
        .await
    }

    /// The URL of the root path.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// How many connections were accepted.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many requests were read.
    pub(super) fn requests(&self) -> usize {
        *self.requests.borrow()
    }

    /// Waits until this many requests were read.
    pub(super) async fn wait_for_requests(&mut self, count: usize) {
        let seen = self.requests.wait_for(|seen| *seen >= count);
        tokio::time::timeout(Duration::from_secs(5), seen).await.expect("requests arrive in time").unwrap();
    }
}

impl Peer {
    /// Reads one request, head and body; `None` when the connection ends.
    pub(super) async fn request(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse::<usize>().unwrap());
                if body.len() >= length {
                    self.requests.send_modify(|seen| *seen += 1);
                    return Some(text);
                }
            }
            if self.stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Sends bytes; errors are the client's business.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Waits until the client closes.
    pub(super) async fn wait_for_close(&mut self) {
        let mut rest = Vec::new();
        // An error is a close, too.
        drop(self.stream.read_to_end(&mut rest).await);
    }
}
