//! A certificate chain and its key in two PEM files: read, checked for who may read the key, and for fitting together.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustls::{
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

/// Larger than any chain in use; a file beyond it is something else.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where the pair is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Why a pair is not usable.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file is far larger than what it should hold.
    #[error("{} is larger than a certificate or a key", .0.display())]
    TooLarge(PathBuf),
    /// Others than the owner can read the key.
    #[error("{} can be read by others (mode {mode:o}): make it `chmod 600`", path.display())]
    Exposed {
        /// The key's file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds nothing of what it should.
    #[error("{} holds no {what} in PEM form", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// The certificate is no certificate, the key of a kind that is not supported, or they belong to different pairs.
    #[error("{} and {} cannot be used together", certificate.display(), key.display())]
    Pair {
        /// The chain's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
    /// A pair that did not come from files is not usable.
    #[error("the certificate and its key cannot be used")]
    Issued(#[source] Unusable),
    /// The cryptography provider does not offer TLS 1.2 and 1.3.
    #[error("the cryptography provider does not fit")]
    Provider(#[source] rustls::Error),
}

/// What is wrong with a pair.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is no certificate.
    #[error("there is no certificate in PEM form")]
    Certificate,
    /// There is no key.
    #[error("there is no private key in PEM form")]
    Key,
    /// They do not fit, or are of a kind that is not supported.
    #[error("they do not fit together")]
    Pair(#[from] rustls::Error),
}

/// A chain and its key from PEM text.
pub(super) fn parse(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, Unusable> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>().ok();
    let chain = chain.filter(|chain| !chain.is_empty()).ok_or(Unusable::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Unusable::Key)?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}

/// The answer to a challenge. It has an extension that is critical and unknown to whoever would check the pair.
pub(super) fn parse_answer(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, Unusable> {
    let certificate = CertificateDer::from_pem_slice(chain).map_err(|_| Unusable::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| Unusable::Key)?;
    Ok(CertifiedKey::new(vec![certificate], provider.key_provider.load_private_key(key)?))
}

/// What tells a changed file from the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        Some(Self {
            device: data.dev(),
            inode: data.ino(),
            size: data.size(),
            changed: (data.ctime(), data.ctime_nsec()),
            modified: (data.mtime(), data.mtime_nsec()),
        })
    }
}

impl Files {
    /// How both files are now; `None` for one that is not there.
    pub(super) fn stamps(&self) -> [Option<Stamp>; 2] {
        [Stamp::of(&self.certificate), Stamp::of(&self.key)]
    }

    /// Reads the pair.
    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
        let (chain, _) = read(&self.certificate)?;
        let (key, data) = read(&self.key)?;
        if is_exposed(data.mode(), data.uid(), rustix::process::geteuid().as_raw()) {
            return Err(Error::Exposed { path: self.key.clone(), mode: data.mode() & 0o777 });
        }
        parse(&chain, &key, provider).map_err(|unusable| match unusable {
            Unusable::Certificate => Error::Pem { path: self.certificate.clone(), what: "certificate" },
            Unusable::Key => Error::Pem { path: self.key.clone(), what: "private key" },
            Unusable::Pair(source) => {
                Error::Pair { certificate: self.certificate.clone(), key: self.key.clone(), source }
            }
        })
    }
}

fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), Error> {
    let failed = |source| Error::Read { path: path.to_path_buf(), source };
    let data = fs::metadata(path).map_err(failed)?;
    if data.len() > FILE_BYTES_MAX {
        return Err(Error::TooLarge(path.to_path_buf()));
    }
    Ok((Zeroizing::new(fs::read(path).map_err(failed)?), data))
}

/// Whether somebody may read the key who should not.
///
/// A group may when root owns the file and we are not root: so systemd hands credentials over (the group's bits are
/// the mask of an access list), and so certificates are shared with services by a group.
fn is_exposed(mode: u32, owner: u32, user: u32) -> bool {
    let is_handed_over = owner == 0 && user != 0;
    let forbidden = if is_handed_over { 0o037 } else { 0o077 };
    mode & forbidden != 0
}

#[cfg(test)]
mod tests {
    use super::is_exposed;

    #[test]
    fn keys_are_for_their_owner_or_handed_over_by_root() {
        for (mode, owner, user, is) in [
            (0o100_600, 1000, 1000, false),
            (0o100_400, 0, 0, false),
            (0o100_640, 1000, 1000, true),
            (0o100_644, 0, 1000, true),
            (0o100_440, 0, 1000, false),
            (0o100_440, 0, 0, true),
            (0o100_660, 0, 1000, true),
            (0o100_604, 1000, 1000, true),
        ] {
            assert_eq!(is_exposed(mode, owner, user), is, "{mode:o} {owner} {user}");
        }
    }
}
