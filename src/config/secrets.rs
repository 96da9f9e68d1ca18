//! `[secrets]`: the key that seals what must not lie open in the store.

use super::{section::section, value::Secret};

section! {
    /// The key that seals webhook secrets and the like in the store.
    Secrets in "secrets" {
        /// 32 bytes in Base64 (`openssl rand -base64 32`). Made at the first start and kept as `master.key` in the data directory when unset; keep a copy apart from the backups. Up to three older keys may follow on lines of their own: they open, and no longer seal.
        master_key: Option<Secret> = None;
    }
}
