//! Time-based codes: SHA-1, six digits, thirty seconds, one step of tolerance. Pure.

use base64::{Engine, engine::general_purpose::STANDARD};
use qrcode::{EcLevel, QrCode, render::svg};
use totp_rs::{Algorithm, Builder, Totp};

use super::Enrolment;
use crate::base::Timestamp;

/// The length RFC 4226 recommends.
pub(super) const SECRET_BYTES: usize = 20;
const DIGITS: u8 = 6;
const STEP_S: u64 = 30;
/// Steps a clock may be off.
const SKEW: u16 = 1;
const QR_PIXELS: u32 = 232;

fn builder(secret: &[u8]) -> Builder {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS)
        .with_step_duration(STEP_S)
        .with_skew(SKEW)
        .with_secret(secret)
}

/// The step that the code belongs to; `None` when it is none of this moment.
pub(super) fn matched(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let seconds = u64::try_from(now.as_seconds()).ok()?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(usize::from(DIGITS) + 1).collect();
    builder(secret).build().ok()?.check(&code, seconds)
}

/// What the app needs: the secret as text, as a URL, and as a picture of that.
pub(super) fn enrolment(secret: &[u8], issuer: &str, account: &str) -> Option<Enrolment> {
    // A colon would end the account's name inside the URL.
    let account = account.replace(':', ".");
    let totp: Totp = builder(secret).with_issuer(Some(issuer)).with_account_name(account.as_str()).build().ok()?;
    let otpauth_url = totp.to_url().ok()?;
    let code = QrCode::with_error_correction_level(&otpauth_url, EcLevel::M).ok()?;
    // White around it also on a dark page, or no camera finds it.
    let svg = code.render::<svg::Color<'_>>().min_dimensions(QR_PIXELS, QR_PIXELS).build();
    let qr_code = format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg));
    Some(Enrolment { secret: totp_rs::Secret::from(secret).to_base32(), otpauth_url, qr_code })
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::STANDARD};

    use super::{enrolment, matched};
    use crate::base::Timestamp;

    const KEY: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    #[test]
    fn the_vectors_of_rfc_4226_hold() {
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, code) in codes.into_iter().enumerate() {
            let counter = counter as u64;
            assert_eq!(matched(KEY, &format!("{code:06}"), at(counter as i64 * 30)), Some(counter));
        }
    }

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(matched(KEY, code, at(seconds)), Some(seconds as u64 / 30), "{seconds}");
        }
    }

    #[test]
    fn one_step_of_tolerance_and_nothing_else() {
        let code = "081804";
        let step = 1_111_111_109 / 30;
        for (seconds, fits) in [(-60, false), (-30, true), (0, true), (30, true), (61, false)] {
            let seen = matched(KEY, code, at(1_111_111_109 + seconds));
            assert_eq!(seen, fits.then_some(step), "{seconds}");
        }
        assert_eq!(matched(KEY, "081 804", at(1_111_111_109)), Some(step));
        for wrong in ["", "081805", "81804", "0081804", "+81804", "０81804", "081804x"] {
            assert_eq!(matched(KEY, wrong, at(1_111_111_109)), None, "{wrong}");
        }
        assert_eq!(matched(KEY, code, at(-5)), None, "no code belongs to a time before 1970");
    }

    #[test]
    fn an_enrolment_is_what_apps_expect() {
        let made = enrolment(KEY, "NovaPulse", "ada:x@example.com").unwrap();
        assert_eq!(made.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(made.otpauth_url.starts_with("otpauth://totp/NovaPulse:ada.x"), "{}", made.otpauth_url);
        assert!(made.otpauth_url.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
        assert!(made.otpauth_url.contains("issuer=NovaPulse"));
        let svg = STANDARD.decode(made.qr_code.strip_prefix("data:image/svg+xml;base64,").unwrap()).unwrap();
        assert!(String::from_utf8(svg).unwrap().contains("<svg"));
    }
}
