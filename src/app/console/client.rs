//! The commands' end of the console.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};

use super::{Line, Order, Person, short_path};

/// How long the server may take for a line of the answer; an order may wait for others.
const PATIENCE: Duration = Duration::from_mins(1);

/// Longest line of an answer.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// What a server that runs did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// Whom it was about.
    pub people: Vec<Person>,
    /// The address that was asked for.
    pub url: Option<String>,
}

/// Why a server that runs did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The order was not carried out.
    #[error("the server that runs in {} refuses: {reason}", .data.display())]
    Refused {
        /// The data directory.
        data: PathBuf,
        /// What the server said.
        reason: String,
    },
    /// Somebody else listens there.
    #[error("whoever listens in {} is not the owner of the directory; nothing was sent", .0.display())]
    Stranger(PathBuf),
    /// The talk broke off; whether the order was carried out is not known.
    #[error("the server that runs in {} did not answer", data.display())]
    Broken {
        /// The data directory.
        data: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Gives an order to the server that uses the data directory; `None` when none does.
///
/// # Errors
/// [`ConsoleError`].
pub async fn ask(data: &Path, order: &Order) -> Result<Option<Reply>, ConsoleError> {
    let broken = |source| ConsoleError::Broken { data: data.to_path_buf(), source };
    let stream = match connect(data).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(source) => return Err(broken(source)),
    };
    // The order may hold a password.
    let owner = fs::metadata(data).map_err(broken)?.uid();
    let peer = stream.peer_cred().map_err(broken)?.uid();
    if peer != owner && peer != 0 {
        return Err(ConsoleError::Stranger(data.to_path_buf()));
    }
    let last = exchange(stream, order).await.map_err(broken)?;
    last.map(Some).map_err(|reason| ConsoleError::Refused { data: data.to_path_buf(), reason })
}

async fn connect(data: &Path) -> io::Result<UnixStream> {
    let (path, _folder) = short_path(data)?;
    UnixStream::connect(&path).await
}

/// Sends the order and reads the answer; the inner error is a refusal.
async fn exchange(stream: UnixStream, order: &Order) -> io::Result<Result<Reply, String>> {
    let mut stream = BufReader::new(stream);
    let mut text = zeroize::Zeroizing::new(serde_json::to_vec(order)?);
    text.push(b'\n');
    stream.write_all(&text).await?;
    let (mut reply, mut line) = (Reply::default(), String::new());
    loop {
        line.clear();
        timeout(PATIENCE, (&mut stream).take(LINE_BYTES_MAX).read_line(&mut line)).await??;
        match serde_json::from_str(&line)? {
            Line::Person(person) => reply.people.push(person),
            Line::Done { url } => return Ok(Ok(Reply { url, ..reply })),
            Line::Refused(reason) => return Ok(Err(reason)),
        }
    }
}
