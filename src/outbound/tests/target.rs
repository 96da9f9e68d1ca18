//! URLs that are targets, and many that are not.

use super::super::{Policy, Target, TargetError, is_reserved_header};

#[test]
fn a_target_is_canonical() {
    let policy = Policy::default();
    for (given, canonical) in [
        ("http://Example.COM", "http://example.com/"),
        ("HTTPS://example.com:443/a?b=c#frag", "https://example.com/a?b=c"),
        ("http://example.com.:8080/x", "http://example.com:8080/x"),
        ("https://bücher.example/ä?ö", "https://xn--bcher-kva.example/%C3%A4?%C3%B6"),
        ("http://0x08.8.8.8/", "http://8.8.8.8/"),
        ("http://134744072/", "http://8.8.8.8/"),
        ("http://8.8.8.8./", "http://8.8.8.8/"),
        ("https://[2606:4700:0::1111]:8443/", "https://[2606:4700::1111]:8443/"),
        ("http://a_b.example.com/../x", "http://a_b.example.com/x"),
    ] {
        assert_eq!(Target::parse(given, &policy).unwrap().as_str(), canonical, "{given}");
    }
}

#[test]
fn refused_addresses_are_refused_in_every_spelling() {
    let policy = Policy::default();
    for url in "
            http://[::1]/ http://[::ffff:127.0.0.1]/ http://[::7f00:1]/ http://[::ffff:0:7f00:1]/
            http://[64:ff9b::a9fe:a9fe]/ http://[2002:7f00:1::1]/ http://[2001::1]/ http://[fec0::1]/
            http://[5f00::1]/ http://2130706433/ http://0x7f.1/ http://0177.0.0.1/ http://127.1/
            http://localhost/ http://localhost./ http://LOCALHOST/ http://a.localhost/ http://①②⑦.0.0.1/
            http://127.0.0.1./ http://127。0。0。1/ http://0/ http://%31%32%37.0.0.1/ http://127.0.0.1:80/
            http://metadata.google.internal/ http://METADATA.google.internal./ http://10.0.0.1:8080/
            http://example.com:22/ http://example.com:6379/ http://9.9.9.9:0/
        "
    .split_whitespace()
    {
        let error = Target::parse(url, &policy).unwrap_err();
        assert!(matches!(error, TargetError::Refused(_)), "{url}: {error:?}");
        assert_eq!(error.to_string(), "address not allowed", "{url}");
    }
    for url in [
        "http://[64:ff9b::5db8:d822]/",
        "http://[2606:4700::1111]/",
        "http://[2001:200::1]/",
        "http://[3fff:1000::1]/",
        "http://9.9.9.9/",
    ] {
        Target::parse(url, &policy).unwrap();
    }
}

#[test]
fn what_needs_repair_is_not_a_target() {
    let policy = Policy::default();
    for (url, expected) in [
        ("", TargetError::Syntax),
        ("example.com", TargetError::Syntax),
        ("/relative", TargetError::Syntax),
        ("ftp://example.com/", TargetError::Scheme),
        ("file:///etc/passwd", TargetError::Scheme),
        ("gopher://example.com/", TargetError::Scheme),
        ("javascript:alert(1)", TargetError::Scheme),
        ("http:example.com", TargetError::Syntax),
        ("http:/example.com", TargetError::Syntax),
        ("http:\\\\example.com", TargetError::Syntax),
        ("http://good.com\\@169.254.169.254/", TargetError::Syntax),
        ("http://exa\tmple.com/", TargetError::Syntax),
        ("http://example.com/a b", TargetError::Syntax),
        (" http://example.com/", TargetError::Syntax),
        ("http://example.com/\r\nHost: evil", TargetError::Syntax),
        ("http://good.com@169.254.169.254/", TargetError::Credentials),
        ("http://user:pass@example.com/", TargetError::Credentials),
        ("http://@example.com/", TargetError::Credentials),
        ("http://:@example.com/", TargetError::Credentials),
        ("http://", TargetError::Host),
        ("http:///path", TargetError::Host),
        ("http://:80/", TargetError::Host),
        ("http://example..com/", TargetError::Host),
        ("http://example.com../", TargetError::Host),
        ("http://./", TargetError::Host),
        ("http://1.2.3.4.5/", TargetError::Host),
        ("http://256.0.0.1/", TargetError::Host),
        ("http://[fe80::1%25eth0]/", TargetError::Host),
        ("http://[fe80::1%eth0]/", TargetError::Host),
        ("http://[127.0.0.1]/", TargetError::Host),
        ("http://[example.com]/", TargetError::Host),
        ("http://exa%00mple.com/", TargetError::Host),
        ("http://exa%0d%0ample.com/", TargetError::Host),
        ("http://example.com:99999/", TargetError::Syntax),
        ("http://example.com:80:80/", TargetError::Syntax),
    ] {
        assert_eq!(Target::parse(url, &policy).unwrap_err(), expected, "{url:?}");
    }
    let long = format!("http://example.com/{}", "a".repeat(2048));
    assert_eq!(Target::parse(&long, &policy).unwrap_err(), TargetError::TooLong);
    let long_label = format!("http://{}.com/", "a".repeat(64));
    assert_eq!(Target::parse(&long_label, &policy).unwrap_err(), TargetError::Host);
}

#[test]
fn https_only_refuses_http() {
    let policy = Policy::default().https_only();
    assert_eq!(Target::parse("http://example.com/", &policy).unwrap_err(), TargetError::HttpsOnly);
    assert!(Target::parse("https://example.com/", &policy).unwrap().is_https());
}

#[test]
fn headers_that_steer_the_connection_are_reserved() {
    for name in ["host", "connection", "transfer-encoding", "content-length", "proxy-authorization", "te", "upgrade"] {
        assert!(is_reserved_header(&name.parse().unwrap()), "{name}");
    }
    for name in ["content-type", "webhook-id", "x-novapulse-signature", "authorization", "user-agent"] {
        assert!(!is_reserved_header(&name.parse().unwrap()), "{name}");
    }
}
