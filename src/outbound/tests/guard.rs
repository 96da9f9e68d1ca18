//! Verdicts and rules, example by example.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::super::{AllowRule, OwnAddresses, Policy, Refusal, RuleError, Verdict, ranges, verdict};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn rule(text: &str) -> AllowRule {
    text.parse().unwrap()
}

fn of(address: &str, policy: &Policy) -> Verdict {
    verdict(ip(address), 443, policy)
}

#[test]
fn first_and_last_address_of_every_special_range_are_refused() {
    let policy = Policy::default();
    for network in ranges::all() {
        let (first, last) = match network {
            IpNet::V4(network) => (IpAddr::V4(network.network()), IpAddr::V4(network.broadcast())),
            IpNet::V6(network) => (IpAddr::V6(network.network()), IpAddr::V6(network.broadcast())),
        };
        for address in [first, last] {
            assert_ne!(verdict(address, 443, &policy), Verdict::Allowed, "{address} of {network}");
        }
    }
}

#[test]
fn special_addresses_are_refused() {
    let policy = Policy::default();
    for address in "
            0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.1 172.16.0.1
            172.31.255.255 192.0.0.9 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1
            198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
            255.255.255.255 168.63.129.16 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::7f00:1 ::8.8.8.8
            ::ffff:0:7f00:1 ::ffff:0:808:808 64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::a00:1
            64:ff9b:1::808:808 64:ff9b:0:0:1::1 100::1 100:0:0:1::1 2001::1 2001:1::1 2001:20::1
            2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1
            5f00::1 4000::1 fc00::1 fd12:3456::1 fe80::1 febf::1 fec0::1 feff::1 ff02::1 2606:4700::5efe:7f00:1
            2606:4700::200:5efe:a00:1
        "
    .split_whitespace()
    {
        assert_ne!(of(address, &policy), Verdict::Allowed, "{address}");
    }
}

#[test]
fn metadata_services_are_named_as_such() {
    let policy = Policy::default();
    for address in "
            169.254.169.254 169.254.170.2 169.254.170.23 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254
            fd00:ec2::23 fd20:ce::254
        "
    .split_whitespace()
    {
        assert_eq!(of(address, &policy), Verdict::Refused(Refusal::Metadata), "{address}");
    }
}

#[test]
fn public_addresses_are_allowed() {
    let policy = Policy::default();
    for address in "
            1.1.1.1 9.9.9.9 8.8.8.8 100.63.255.255 100.128.0.1 172.15.255.255 172.32.0.1 192.0.1.1
            198.17.255.255 198.20.0.1 223.255.255.255 93.184.216.34 64:ff9b::5db8:d822 2606:4700::1111
            2001:200::1 3fff:1000::1 2001:4860:4860::8888 2606:4700::5efe:808:808
        "
    .split_whitespace()
    {
        assert_eq!(of(address, &policy), Verdict::Allowed, "{address}");
    }
}

#[test]
fn rules_open_networks_but_never_what_has_no_exception() {
    let policy = Policy::default().allow(rule("10.0.0.0/8")).allow(rule("0.0.0.0/0")).allow(rule("::/0"));
    for address in ["10.1.2.3", "192.168.0.1", "127.0.0.1", "fd00::1", "::1", "8.8.8.8"] {
        assert_eq!(of(address, &policy), Verdict::Allowed, "{address}");
    }
    for address in ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1"] {
        assert_ne!(of(address, &policy), Verdict::Allowed, "{address}");
    }
}

#[test]
fn metadata_needs_a_rule_for_exactly_its_address() {
    let wide = Policy::default().allow(rule("169.254.0.0/16"));
    assert_eq!(of("169.254.169.254", &wide), Verdict::Refused(Refusal::Metadata));
    assert_eq!(of("169.254.1.1", &wide), Verdict::Allowed);
    let exact = Policy::default().allow(rule("169.254.169.254"));
    assert_eq!(of("169.254.169.254", &exact), Verdict::Allowed);
}

#[test]
fn ports_of_other_services_are_refused_unless_a_rule_names_them() {
    let policy = Policy::default().allow(rule("10.0.0.0/8")).allow(rule("10.9.0.0/16 22,6379"));
    let at = |address: &str, port| verdict(ip(address), port, &policy);
    for port in [0, 1, 22, 25, 53, 81, 111, 1023, 2375, 2379, 3306, 5432, 6379, 9200, 11211, 27017] {
        assert_eq!(at("9.9.9.9", port), Verdict::Refused(Refusal::Port), "{port}");
        assert_eq!(at("10.1.0.1", port), Verdict::Refused(Refusal::Port), "{port}");
    }
    for port in [80, 443, 1024, 3000, 8080, 8443, 65535] {
        assert_eq!(at("9.9.9.9", port), Verdict::Allowed, "{port}");
    }
    assert_eq!(at("10.9.0.1", 22), Verdict::Allowed);
    assert_eq!(at("10.9.0.1", 443), Verdict::Allowed);
    let only = Policy::default().allow(rule("10.9.0.0/16 8443"));
    assert_eq!(verdict(ip("10.9.0.1"), 443, &only), Verdict::Refused(Refusal::Private));
    assert_eq!(verdict(ip("10.9.0.1"), 8443, &only), Verdict::Allowed);
}

#[test]
fn our_own_addresses_and_listeners_are_refused() {
    let own = OwnAddresses {
        interfaces: vec![ip("5.6.7.8"), ip("10.0.0.5"), ip("2606:4700::5")],
        listeners: vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080))],
    };
    let policy = Policy::default().allow(rule("10.0.0.0/8")).allow(rule("127.0.0.0/8"));
    policy.set_own(own.clone());
    assert_eq!(of("5.6.7.8", &policy), Verdict::Refused(Refusal::OwnAddress));
    assert_eq!(of("2606:4700::5", &policy), Verdict::Refused(Refusal::OwnAddress));
    assert_eq!(of("64:ff9b::506:708", &policy), Verdict::Refused(Refusal::Transition));
    assert_eq!(of("10.0.0.5", &policy), Verdict::Allowed);
    for address in ["10.0.0.5", "127.0.0.1", "127.9.9.9", "5.6.7.8"] {
        assert_eq!(verdict(ip(address), 8080, &policy), Verdict::Refused(Refusal::OwnListener), "{address}");
    }
    assert_eq!(verdict(ip("10.0.0.6"), 8080, &policy), Verdict::Allowed);

    let development = Policy::default().allow_loopback();
    development.set_own(own);
    assert_eq!(verdict(ip("127.0.0.1"), 8080, &development), Verdict::Allowed);
    assert_eq!(verdict(ip("::1"), 22, &development), Verdict::Allowed);
    assert_eq!(verdict(ip("10.0.0.5"), 8080, &development), Verdict::Refused(Refusal::OwnListener));
    assert_ne!(of("::ffff:127.0.0.1", &development), Verdict::Allowed);
}

#[test]
fn configured_nat64_prefixes_are_decoded() {
    let policy = Policy::default().nat64("2a00:1098:2b::/96".parse().unwrap()).nat64("2a00:1:2::/64".parse().unwrap());
    assert_eq!(of("2a00:1098:2b::7f00:1", &policy), Verdict::Refused(Refusal::Transition));
    assert_eq!(of("2a00:1098:2b::808:808", &policy), Verdict::Allowed);
    assert_eq!(of("2a00:1:2::808:808", &policy), Verdict::Refused(Refusal::Transition));
}

#[test]
fn a_rule_is_a_network_with_optional_ports() {
    assert_eq!(rule("10.1.2.3/8 443, 8443"), AllowRule::new("10.0.0.0/8".parse().unwrap(), [443, 8443]));
    assert_eq!("10.0.0.0/40".parse::<AllowRule>(), Err(RuleError::Network("10.0.0.0/40".into())));
    assert_eq!("example.com".parse::<AllowRule>(), Err(RuleError::Network("example.com".into())));
    assert_eq!("10.0.0.0/8 0".parse::<AllowRule>(), Err(RuleError::Port("0".into())));
    assert_eq!("10.0.0.0/8 70000".parse::<AllowRule>(), Err(RuleError::Port("70000".into())));
}
