//! The server's end of the console.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{FILE, Line, Order, perform, short_path};
use crate::{accounts::Accounts, app::setup_token, storage::pause};

/// Longest order.
const ORDER_BYTES_MAX: u64 = 16 << 10;
/// How long a caller may take to say what it wants, and again to take the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a caller could not be let in.
const PAUSE: Duration = Duration::from_millis(100);

/// Listens in the data directory; one caller after another, the others wait.
#[derive(Debug)]
pub(in crate::app) struct Console {
    listener: UnixListener,
    data: PathBuf,
    public_url: String,
    accounts: Accounts,
}

impl Console {
    /// Listens for the owner of this process; takes the place of a socket that an earlier one left behind.
    pub(in crate::app) fn open(data: &Path, public_url: &str, accounts: Accounts) -> io::Result<Self> {
        let (path, _folder) = short_path(data)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let (data, public_url) = (data.to_path_buf(), public_url.to_owned());
        Ok(Self { listener, data, public_url, accounts })
    }

    /// Carries out orders until stopped, and removes the socket.
    pub(in crate::app) async fn run(self, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            let served = match accepted {
                Ok((stream, _)) => self.serve(stream, &stop).await,
                Err(error) => Err(error),
            };
            if let Err(error) = served {
                tracing::warn!(%error, "an order of the command line was not carried out: {error}");
                if !pause(PAUSE, &stop).await {
                    break;
                }
            }
        }
        drop(fs::remove_file(self.data.join(FILE)));
    }

    /// Takes one order; a stop waits for none that was not given yet, and for nobody to take an answer.
    async fn serve(&self, mut stream: UnixStream, stop: &CancellationToken) -> io::Result<()> {
        let peer = stream.peer_cred()?.uid();
        if !may_order(peer, rustix::process::geteuid().as_raw()) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("the user {peer} may not order anything"),
            ));
        }
        let Some(read) = until(stop, timeout(PATIENCE, read(&mut stream))).await else { return Ok(()) };
        let order = read??;
        let mut answer = Vec::new();
        for line in self.answer(order).await {
            serde_json::to_writer(&mut answer, &line)?;
            answer.push(b'\n');
        }
        let Some(written) = until(stop, timeout(PATIENCE, stream.write_all(&answer))).await else { return Ok(()) };
        written??;
        stream.shutdown().await
    }

    async fn answer(&self, order: Result<Order, String>) -> Vec<Line> {
        let refused = |error: &dyn std::error::Error| vec![Line::Refused(error.to_string())];
        match order {
            Err(error) => vec![Line::Refused(error)],
            Ok(Order::SetUpUrl {}) => match setup_token::url_in(&self.data, &self.public_url) {
                Ok(url) => vec![Line::Done { url: Some(url) }],
                Err(error) => refused(&error),
            },
            Ok(order) => match perform(&self.accounts, order).await {
                Ok(people) => people.into_iter().map(Line::Person).chain([Line::Done { url: None }]).collect(),
                Err(error) => refused(&error),
            },
        }
    }
}

/// What comes of the work, unless it has to wait when the process stops.
async fn until<T>(stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = stop.cancelled() => None,
    }
}

/// Reads an order; one that cannot be read is told in words, without what it holds.
async fn read(stream: &mut UnixStream) -> io::Result<Result<Order, String>> {
    let mut text = zeroize::Zeroizing::new(Vec::new());
    BufReader::new(stream.take(ORDER_BYTES_MAX)).read_until(b'\n', &mut text).await?;
    let unknown = |_| "this server does not know the order; it may be of another version than the command".to_owned();
    Ok(serde_json::from_slice(&text).map_err(unknown))
}

/// Whether a user may order something of a server that runs as `own`: the same one, or root.
const fn may_order(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

#[cfg(test)]
mod tests {
    use super::may_order;

    #[test]
    fn nobody_but_the_same_user_and_root_may_order() {
        assert!(may_order(1_000, 1_000) && may_order(0, 1_000) && may_order(0, 0));
        assert!(!may_order(1_001, 1_000) && !may_order(1_000, 0));
    }
}
