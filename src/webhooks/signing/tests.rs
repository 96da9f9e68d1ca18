//! Test vectors of Standard Webhooks, of the body-only form, and of rotation.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{
    super::secret::{Secret, SecretError, Seed},
    SecretPair, Signer,
};
use crate::base::{SeededRandom, Timestamp};

const SECRET_1: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID_1: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY_1: &[u8] = br#"{"test": 2432232314}"#;
const TIME_1: Timestamp = Timestamp::from_ms(1_614_265_330_999);

fn signer(secret: &Secret) -> Signer {
    Signer::new(&SecretPair { secret, seed: None }, None)
}

#[test]
fn symmetric_vectors_of_standard_webhooks_hold() {
    let secret = Secret::given(SECRET_1).unwrap();
    let signatures = signer(&secret).sign(ID_1, TIME_1, BODY_1);
    assert_eq!(signatures.standard, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(
        signatures.novapulse, "sha256=80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c",
        "the body-only header is keyed with the displayed string"
    );

    let secret = Secret::given("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD").unwrap();
    let signatures = signer(&secret).sign(
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        Timestamp::from_ms(1_649_367_553_000),
        br#"{"email":"test@example.com","username":"test_user"}"#,
    );
    assert_eq!(signatures.standard, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

#[test]
fn asymmetric_vector_of_standard_webhooks_holds() {
    let private =
        STANDARD.decode("6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==");
    let seed = Seed::from_bytes(private.unwrap()[..32].try_into().unwrap());
    assert_eq!(seed.public_key(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
    let secret = Secret::given(SECRET_1).unwrap();
    let signer = Signer::new(&SecretPair { secret: &secret, seed: Some(&seed) }, None);
    assert_eq!(
        signer.sign(ID_1, TIME_1, BODY_1).standard,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= \
         v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
    );
}

#[test]
fn body_only_vector_of_a_free_form_secret_holds() {
    let secret = Secret::given("It's a Secret to Everybody").unwrap();
    assert_eq!(
        signer(&secret).sign("m", TIME_1, b"Hello, World!").novapulse,
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

#[test]
fn during_an_overlap_the_list_has_both_and_the_single_header_the_old_one() {
    let (old, new) = (Secret::generate(&SeededRandom::new(1)), Secret::generate(&SeededRandom::new(2)));
    let until = TIME_1.plus_ms(1000);
    let (old_pair, new_pair) = (SecretPair { secret: &old, seed: None }, SecretPair { secret: &new, seed: None });
    let rotating = Signer::new(&new_pair, Some((&old_pair, until)));
    let (by_old, by_new) = (signer(&old).sign("m", TIME_1, b"b"), signer(&new).sign("m", TIME_1, b"b"));

    let during = rotating.sign("m", TIME_1, b"b");
    assert_eq!(during.standard, format!("{} {}", by_new.standard, by_old.standard));
    assert_eq!(during.novapulse, by_old.novapulse);
    assert_eq!(during.novapulse_next, Some(by_new.novapulse.clone()));
    assert!(rotating.verifies(&by_old.novapulse, TIME_1, b"b") && rotating.verifies(&by_new.novapulse, TIME_1, b"b"));

    let after = rotating.sign("m", until, b"b");
    assert_eq!(after.novapulse, by_new.novapulse);
    assert_eq!((after.standard.split(' ').count(), after.novapulse_next), (1, None));
    assert!(!rotating.verifies(&by_old.novapulse, until, b"b"));
}

#[test]
fn given_secrets_are_checked_for_length_and_form() {
    let encoded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![9; bytes]));
    assert_eq!(Secret::given("short"), Err(SecretError::TooShort(5)));
    assert_eq!(Secret::given(""), Err(SecretError::TooShort(0)));
    assert_eq!(Secret::given(&encoded(23)), Err(SecretError::TooShort(23)));
    assert!(Secret::given(&encoded(24)).is_ok());
    assert!(Secret::given(&encoded(75)).is_ok());
    assert_eq!(Secret::given(&encoded(76)), Err(SecretError::TooLong(76)));
    assert_eq!(Secret::given("whsec_not base64 at all, really"), Err(SecretError::NotBase64));
    assert_eq!(Secret::given(" a secret with a space before it"), Err(SecretError::Characters));
    assert_eq!(Secret::given("a secret with a line\nbreak in it"), Err(SecretError::Characters));
    assert_eq!(Secret::given(&"x".repeat(1_000_000)), Err(SecretError::TooLong(1_000_000)));
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let secret = Secret::generate(&SeededRandom::new(1));
    assert_eq!(format!("{secret:?} {:?}", Seed::generate(&SeededRandom::new(1))), "Secret(***) Seed(***)");
    assert!(Secret::given(secret.expose()).is_ok());
}

proptest! {
    #[test]
    fn asymmetric_signatures_verify_and_a_changed_body_does_not(
        seed in any::<[u8; 32]>(), body in any::<Vec<u8>>(), seconds in 0_i64..4_000_000_000,
    ) {
        let seed = Seed::from_bytes(seed);
        let secret = Secret::generate(&SeededRandom::new(3));
        let signer = Signer::new(&SecretPair { secret: &secret, seed: Some(&seed) }, None);
        let now = Timestamp::from_ms(seconds * 1000);
        let signatures = signer.sign("evt_1", now, &body);
        let encoded = signatures.standard.split(" v1a,").nth(1).unwrap();
        let public = STANDARD.decode(seed.public_key().strip_prefix("whpk_").unwrap()).unwrap();
        let mut signed = format!("evt_1.{seconds}.").into_bytes();
        signed.extend_from_slice(&body);
        let key = UnparsedPublicKey::new(&ED25519, public);
        prop_assert!(key.verify(&signed, &STANDARD.decode(encoded).unwrap()).is_ok());
        prop_assert!(signer.verifies(&signatures.novapulse, now, &body));
        let mut other = body.clone();
        other.push(0);
        prop_assert!(!signer.verifies(&signatures.novapulse, now, &other));
        prop_assert_eq!(signer.sign("evt_1", now, &body), signatures);
    }
}
