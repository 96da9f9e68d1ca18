//! The signature of a delivery, as a receiver checks it.

use aws_lc_rs::hmac;

/// The secret of every webhook the bench creates; the key of the HMAC is this text itself.
pub(crate) const SECRET: &str = "whsec_bm92YXB1bHNlLWJlbmNoLW5vdmFwdWxzZS1iZW5jaA==";

/// Signs a body as `X-NovaPulse-Signature` does: `sha256=` and the HMAC-SHA256 in hex.
pub(crate) fn sign(key: &hmac::Key, body: &[u8]) -> String {
    let mut text = String::with_capacity(71);
    text.push_str("sha256=");
    for byte in hmac::sign(key, body).as_ref() {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

/// The key of [`SECRET`].
pub(crate) fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes())
}

/// Whether the header belongs to the body.
pub(crate) fn is_genuine(body: &[u8], given: &[u8]) -> bool {
    sign(&key(), body).as_bytes() == given
}
