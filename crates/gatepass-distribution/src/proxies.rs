//! The proxies whose word counts: what they say of a viewer is believed, and nobody else's.
//!
//! `X-Forwarded-For` is read from the right, as far as the proxies are listed, for whatever
//! stands further left the viewer could have written.

use std::net::IpAddr;

use gatepass::Scheme;
use ipnet::IpNet;

/// The networks of listed proxies.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Lists networks. An empty list believes nobody.
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Says whether an address is a listed proxy's.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Says whether an address of this network is a listed proxy's.
    pub fn meet(&self, network: &IpNet) -> bool {
        self.0.iter().any(|own| own.contains(network) || network.contains(own))
    }

    /// These, and others: of one list, each is believed wherever it stands in a line.
    #[must_use]
    pub fn and(&self, others: &[IpNet]) -> Self {
        Self([&*self.0, others].concat())
    }

    /// The viewer's address, by the lines of `X-Forwarded-For` that came from `peer`.
    ///
    /// Steps from proxy to proxy; an entry that is no address ends the walk at the last proxy.
    pub fn address_behind<'l, L>(&self, peer: IpAddr, lines: L) -> IpAddr
    where
        L: DoubleEndedIterator<Item = &'l [u8]>,
    {
        let mut believed = peer.to_canonical();
        if !self.contain(believed) {
            return believed;
        }
        // A line that is no text is no address either, and ends the walk.
        let lines = lines.rev().map(|line| str::from_utf8(line).unwrap_or("unreadable"));
        for entry in lines.flat_map(|line| line.rsplit(',')) {
            match entry.trim().parse::<IpAddr>() {
                Ok(address) => believed = address.to_canonical(),
                Err(_) => break,
            }
            if !self.contain(believed) {
                break;
            }
        }
        believed
    }

    /// The viewer's scheme, by the lines of `X-Forwarded-Proto`: the last word counts.
    pub fn scheme<'l>(lines: impl Iterator<Item = &'l [u8]>) -> Option<Scheme> {
        let line = str::from_utf8(lines.last()?).ok()?;
        let word = line.rsplit(',').next()?.trim();
        [Scheme::Https, Scheme::Http]
            .into_iter()
            .find(|scheme| word.eq_ignore_ascii_case(scheme.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&[u8]]) -> String {
        let networks = ["10.0.0.0/8", "127.0.0.1/32"].map(|network| network.parse().unwrap());
        let proxies = Proxies::new(networks.to_vec());
        proxies.address_behind(peer.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn believes_listed_proxies_from_the_right_and_nobody_else() {
        assert_eq!(address("192.0.2.1", &[b"203.0.113.9"]), "192.0.2.1");
        assert_eq!(address("10.0.0.1", &[b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("::ffff:10.0.0.1", &[b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &[b"6.6.6.6, 203.0.113.9, 10.1.1.1"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &[b"6.6.6.6", b"203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &[b"6.6.6.6, unknown"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[b"6.6.6.6", b"203.0.113.9, \xe9"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(address("127.0.0.1", &[b"::ffff:203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn networks_meet_whichever_is_the_wider() {
        let one = |text: &str| Proxies::new(vec![text.parse().unwrap()]);
        let meet = |one_of: &str, other: &str| one(one_of).meet(&other.parse().unwrap());
        assert!(meet("10.0.0.5/32", "10.0.0.0/24") && meet("10.0.0.0/24", "10.0.0.5/32"));
        assert!(meet("10.0.0.0/24", "10.0.0.9/24"));
        assert!(!meet("10.0.0.0/24", "10.0.1.0/24") && !meet("::/0", "10.0.0.0/8"));
        assert!(!Proxies::default().meet(&"10.0.0.0/8".parse().unwrap()));
    }

    #[test]
    fn the_last_word_on_the_scheme_counts() {
        let scheme = |lines: &[&[u8]]| Proxies::scheme(lines.iter().copied());
        assert_eq!(scheme(&[b"http", b"http, HTTPS"]), Some(Scheme::Https));
        assert_eq!(scheme(&[b"https", b"http"]), Some(Scheme::Http));
        assert_eq!(scheme(&[b"https", b"gopher"]), None);
        assert_eq!(scheme(&[]), None);
    }
}
