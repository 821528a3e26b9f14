//! The addresses a pass is good for, as CloudFront's `AWS:SourceIp` spells them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// One address or one CIDR range. Bits beyond the prefix don't count.
///
/// Keeps the text it was read from, for a policy is written as its author spelled it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    text: Box<str>,
    range: Range,
}

/// The addresses that, under the mask, are the first one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Range {
    Everyone,
    V4 { first: u32, mask: u32 },
    V6 { first: u128, mask: u128 },
}

/// Text that is no address and no CIDR range.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not an IP address or a CIDR range such as 203.0.113.0/24")]
pub struct NetworkError(Box<str>);

impl Network {
    /// Says whether a viewer at `address` is inside.
    ///
    /// An IPv4 address that arrives as IPv6 (`::ffff:192.0.2.7`) counts as IPv4.
    /// `0.0.0.0/0` covers IPv6 viewers too: older AWS helpers write it to mean "anyone".
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        let everyone = self.range == Range::Everyone;
        everyone
            || match address {
                IpAddr::V4(address) => self.contains_v4(address),
                IpAddr::V6(address) => match address.to_ipv4_mapped() {
                    Some(address) => self.contains_v4(address),
                    None => self.contains_v6(address),
                },
            }
    }

    fn contains_v4(&self, address: Ipv4Addr) -> bool {
        matches!(self.range, Range::V4 { first, mask } if address.to_bits() & mask == first)
    }

    fn contains_v6(&self, address: Ipv6Addr) -> bool {
        matches!(self.range, Range::V6 { first, mask } if address.to_bits() & mask == first)
    }

    /// Says whether this is spelled as IPv6, which CloudFront refuses.
    pub fn is_ipv6(&self) -> bool {
        self.text.contains(':')
    }

    /// The text for a policy. AWS's signers write one IPv4 address as a range of one.
    pub(crate) fn policy_text(&self) -> String {
        if self.text.contains('/') {
            self.text.to_string()
        } else {
            let prefix = if matches!(self.range, Range::V6 { .. }) { 128 } else { 32 };
            format!("{}/{prefix}", self.text)
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let net = read(text).ok_or_else(|| NetworkError(text.chars().take(80).collect()))?;
        Ok(Self { text: text.into(), range: net.into() })
    }
}

impl From<IpNet> for Range {
    fn from(net: IpNet) -> Self {
        match net {
            IpNet::V4(net) if net == Ipv4Net::default() => Self::Everyone,
            IpNet::V4(net) => {
                Self::V4 { first: net.network().to_bits(), mask: net.netmask().to_bits() }
            }
            IpNet::V6(net) => {
                Self::V6 { first: net.network().to_bits(), mask: net.netmask().to_bits() }
            }
        }
    }
}

/// Reads without leading zeros, in which some readers see octal numbers.
fn read(text: &str) -> Option<IpNet> {
    let Some((address, prefix)) = text.split_once('/') else {
        return Some(IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical()));
    };
    let is_plain = prefix == "0"
        || (!prefix.starts_with('0') && prefix.bytes().all(|byte| byte.is_ascii_digit()));
    let prefix: u8 = prefix.parse().ok().filter(|_| is_plain)?;
    let net = IpNet::new(address.parse().ok()?, prefix).ok()?;
    Some(match (net.addr().to_canonical(), prefix.checked_sub(96)) {
        (IpAddr::V4(mapped), Some(prefix)) if net.addr().is_ipv6() => {
            Ipv4Net::new(mapped, prefix).ok()?.into()
        }
        _ => net,
    })
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_unwraps_and_knows_everyone() {
        for (network, address, inside) in [
            ("203.0.113.77/24", "203.0.113.1", true),
            ("203.0.113.77/24", "203.0.114.1", false),
            ("203.0.113.77", "203.0.113.77", true),
            ("203.0.113.77", "203.0.113.78", false),
            ("203.0.113.77", "::ffff:203.0.113.77", true),
            ("0.0.0.0/0", "2001:db8::1", true),
            ("10.0.0.0/8", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "10.0.0.1", false),
            ("::ffff:10.0.0.0/104", "10.9.9.9", true),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), inside, "{network} {address}");
        }
    }

    #[test]
    fn refuses_what_only_resembles_a_network() {
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "010.0.0.1",
            "10.0.0.1 ",
            "a/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text:?}");
        }
    }
}
