//! What holds for every address and every text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use proptest::prelude::*;

use super::super::{Policy, Target, Verdict, ranges, verdict};

/// What the standard library itself calls special, as a second opinion.
fn is_special_to_std(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_special_v4(v4),
        IpAddr::V6(v6) => {
            let is_tunnel = v6.to_ipv4_mapped().is_some() || (v6.to_ipv4().is_some());
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || is_tunnel
        }
    }
}

fn is_special_v4(v4: Ipv4Addr) -> bool {
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast()
        || v4.is_unspecified()
}

/// Addresses in and around the special ranges, and anywhere.
fn any_address() -> impl Strategy<Value = IpAddr> {
    let networks: Vec<IpNet> = ranges::all().collect();
    let inside = (prop::sample::select(networks), any::<u128>()).prop_map(|(network, bits)| match network {
        IpNet::V4(network) => {
            let host = bits as u32 & u32::from(network.hostmask());
            IpAddr::V4(Ipv4Addr::from_bits(u32::from(network.network()) | host))
        }
        IpNet::V6(network) => {
            let host = bits & u128::from(network.hostmask());
            IpAddr::V6(Ipv6Addr::from_bits(u128::from(network.network()) | host))
        }
    });
    let v4 = any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    let v6 = any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)));
    prop_oneof![4 => inside, 1 => v4, 1 => v6]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn nothing_special_is_ever_allowed(address in any_address(), port in any::<u16>()) {
        let policy = Policy::default();
        if verdict(address, port, &policy) == Verdict::Allowed {
            prop_assert!(!is_special_to_std(address), "{address}");
            prop_assert!(ranges::all().all(|network| !network.contains(&address)) || ranges::NAT64.contains(&match address {
                IpAddr::V6(v6) => v6,
                IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            }), "{address}");
        }
    }

    #[test]
    fn no_dressing_of_a_refused_v4_address_is_allowed(bits in any::<u32>(), prefix in any::<u64>()) {
        let v4 = Ipv4Addr::from_bits(bits);
        let policy = Policy::default();
        let low = u128::from(bits);
        if is_special_v4(v4) {
            for dressed in [
                low,
                0xffff << 32 | low,
                0xffff << 48 | low,
                0x0064_ff9b << 96 | low,
                0x2002 << 112 | low << 80,
                u128::from(prefix) << 64 | 0x5efe << 32 | low,
                u128::from(prefix) << 64 | 0x0200_5efe << 32 | low,
            ] {
                let address = IpAddr::V6(Ipv6Addr::from_bits(dressed));
                prop_assert_ne!(verdict(address, 443, &policy), Verdict::Allowed, "{}", address);
            }
        }
    }

    #[test]
    fn a_literal_target_is_judged_like_its_address(address in any_address()) {
        let policy = Policy::default();
        let url = match address {
            IpAddr::V4(v4) => format!("http://{v4}/"),
            IpAddr::V6(v6) => format!("http://[{v6}]/"),
        };
        prop_assert_eq!(Target::parse(&url, &policy).is_ok(), verdict(address, 80, &policy) == Verdict::Allowed);
    }

    #[test]
    fn parsing_never_panics_and_is_stable(text in "(https?://)?[\\PC]{0,40}") {
        let policy = Policy::default();
        if let Ok(target) = Target::parse(&text, &policy) {
            let again = Target::parse(target.as_str(), &policy);
            prop_assert_eq!(again.as_ref().map(Target::as_str), Ok(target.as_str()));
        }
    }
}
