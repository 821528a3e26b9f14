//! The addresses a pass is good for, as CloudFront's `AWS:SourceIp` spells them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};

/// One address or one CIDR range. Bits beyond the prefix don't count.
///
/// Keeps the text it was read from, for a policy is written as its author spelled it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    text: Box<str>,
    net: IpNet,
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
    pub fn contains(&self, address: IpAddr) -> bool {
        let everyone = self.net == IpNet::V4(Ipv4Net::default());
        everyone || self.net.contains(&address.to_canonical())
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
            format!("{}/{}", self.text, self.net.prefix_len())
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let net = read(text).ok_or_else(|| NetworkError(text.chars().take(80).collect()))?;
        Ok(Self { text: text.into(), net })
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
