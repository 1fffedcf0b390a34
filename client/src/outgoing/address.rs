//! Which addresses are public. A list of what is refused, by the IANA special-purpose registries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of IPv4 that are no place on the public internet: address, prefix length (IANA IPv4 Special-Purpose Address
/// Registry, RFC 6890).
const REFUSED_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // shared by carriers; also used inside clouds
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local: cloud metadata services
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 88, 99, 0], 24),  // 6to4 relays, deprecated
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarks
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// Networks of IPv6 within 2000::/3 that are not public, or that carry an IPv4 address inside (6to4, Teredo), behind
/// which anything could stand: first 32 bits, prefix length.
const REFUSED_V6: [(u32, u32); 5] = [
    (0x2001_0000, 23), // protocol assignments, Teredo, benchmarks, ORCHID
    (0x2001_0db8, 32), // documentation
    (0x2002_0000, 16), // 6to4
    (0x3fff_0000, 20), // documentation
    (0x2620_004f, 32), // AS112 (2620:4f:8000::/48)
];

/// Whether an address is one of the public internet.
///
/// For IPv6 only 2000::/3 (global unicast) can be: that leaves out loopback, unspecified, link-local, site-local, unique
/// local, multicast, IPv4-mapped, IPv4-compatible and NAT64 addresses without naming them.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !REFUSED_V4
        .iter()
        .any(|(network, length)| covers(u32::from_be_bytes(*network), *length, bits))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let head = u32::try_from(address.to_bits() >> 96).unwrap_or_default();
    covers(0x2000_0000, 3, head)
        && !REFUSED_V6
            .iter()
            .any(|(network, length)| covers(*network, *length, head))
}

/// Whether the first `length` bits (1 to 32) of both are equal.
fn covers(network: u32, length: u32, bits: u32) -> bool {
    (network ^ bits) >> (32 - length) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inward_addresses_are_not_public() {
        let inward = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "ff0e::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "2620:4f:8000::1",
            "4000::1",
        ];
        for text in inward {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn addresses_beside_the_refused_networks_are_public() {
        let outward = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "2606:4700::1111",
        ];
        for text in outward {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
