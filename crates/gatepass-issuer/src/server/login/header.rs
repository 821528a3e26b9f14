//! A person whom a proxy vouches for: it logged them in, and says so in headers.
//!
//! A header counts if all of the following hold:
//!
//! 1. The TCP connection comes from a listed proxy. What stands in `X-Forwarded-For` is not
//!    asked; it says where the viewer is, and nothing else.
//! 2. There is one line of it. Two lines are what a proxy leaves that adds its own and does
//!    not take the viewer's away, and nobody can say which is which: the request is refused.
//! 3. It is UTF-8 text without control characters.
//!
//! Every listed proxy has to set the headers or take them away, on every request. The edge does
//! not: whoever is a trusted proxy of the issuer is not believed, though it be listed.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderName};
use serde_json::{Map, Value};

use super::{Tell, vouch};
use crate::person::{Person, PersonError};

/// Which headers say who somebody is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeaderConfig {
    /// The header that names the person.
    pub name: HeaderName,
    /// Claims, and the headers that hold them.
    pub claims: Vec<(Box<str>, HeaderName)>,
    /// What stands between the values of a claim. Without it a header is one value: where a
    /// group may be called `films,admins`, or `CN=films,OU=admins`, nobody becomes an admin by it.
    pub separator: Option<char>,
    /// The proxies that are believed, unless they are trusted proxies of the issuer, too: an
    /// edge passes on what viewers send.
    pub from: Vec<ipnet::IpNet>,
}

/// Reads what proxies say.
pub(crate) struct HeaderLogin {
    config: HeaderConfig,
    was_told: AtomicBool,
    tell: Tell,
}

/// Why a request of a listed proxy is refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum HeaderLoginError {
    #[error("there are several lines of {0}: a proxy has to replace what the viewer sends")]
    Several(HeaderName),
    #[error("{0} is no text")]
    NoText(HeaderName),
    #[error("{0} names nobody: {1}")]
    Person(HeaderName, PersonError),
}

impl HeaderLogin {
    pub(crate) fn new(config: HeaderConfig, tell: Tell) -> Self {
        Self { config, was_told: AtomicBool::new(false), tell }
    }

    /// The person whom the peer vouches for, if it does. `is_trusted` says whether the peer is
    /// one of the issuer's trusted proxies.
    pub(crate) fn read(
        &self,
        headers: &HeaderMap,
        peer: std::net::IpAddr,
        is_trusted: bool,
    ) -> Result<Option<Person>, HeaderLoginError> {
        let peer = peer.to_canonical();
        if is_trusted || !self.names(peer) {
            self.tell_once(headers, peer);
            return Ok(None);
        }
        let name = &self.config.name;
        let Some(subject) = only(headers, name)? else {
            return Ok(None);
        };
        let mut claims = Map::new();
        for (claim, header) in &self.config.claims {
            let Some(text) = only(headers, header)? else { continue };
            let separated = text.split(|letter| Some(letter) == self.config.separator);
            let mut texts: Vec<Value> =
                separated.map(str::trim).filter(|text| !text.is_empty()).map(Value::from).collect();
            match texts.len() {
                0 => continue,
                1 => claims.insert(claim.to_string(), texts.remove(0)),
                _ => claims.insert(claim.to_string(), texts.into()),
            };
        }
        vouch(&mut claims);
        let person = Person::new(subject.trim(), claims);
        person.map(Some).map_err(|error| HeaderLoginError::Person(name.clone(), error))
    }

    /// Whether this proxy is named as one that logs people in.
    fn names(&self, peer: std::net::IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.config.from.iter().any(|network| network.contains(&peer))
    }

    /// Somebody may be trying it, or a proxy is not listed: told once, for both would fill a log.
    fn tell_once(&self, headers: &HeaderMap, peer: std::net::IpAddr) {
        let name = &self.config.name;
        if headers.contains_key(name) && !self.was_told.swap(true, Ordering::Relaxed) {
            (self.tell)(&format!(
                "{peer} sent {name} and is no listed proxy: it is not believed (told once)"
            ));
        }
    }
}

/// The one value of a header. An empty one says nothing, as a missing one does.
fn only<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h str>, HeaderLoginError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HeaderLoginError::Several(name.clone()));
    }
    let text = std::str::from_utf8(value.as_bytes()).ok();
    let text = text.filter(|text| !text.chars().any(char::is_control));
    let text = text.ok_or_else(|| HeaderLoginError::NoText(name.clone()))?;
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

impl std::fmt::Debug for HeaderLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeaderLogin").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::HeaderValue;

    use super::*;

    fn login() -> (HeaderLogin, Arc<Mutex<Vec<String>>>) {
        let name = HeaderName::from_static;
        let config = HeaderConfig {
            name: name("x-auth-request-user"),
            claims: vec![
                ("groups".into(), name("x-auth-request-groups")),
                ("email".into(), name("x-auth-request-email")),
            ],
            separator: Some(','),
            from: vec!["192.0.2.0/30".parse().unwrap()],
        };
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let tell = move |line: &str| heard.lock().unwrap().push(line.to_owned());
        (HeaderLogin::new(config, Arc::new(tell)), told)
    }

    fn headers(lines: &[(&str, &[u8])]) -> HeaderMap {
        let line = |(name, value): &(&str, &[u8])| {
            let name = format!("x-auth-request-{name}").parse::<HeaderName>().unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        };
        let mut map = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            map.append(name, value);
        }
        map
    }

    const STRANGER: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));

    const PEER: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn a_listed_proxy_says_who_somebody_is() {
        let (login, _) = login();
        let lines =
            headers(&[("user", b"ada"), ("groups", b"a, b,,c"), ("email", b"ada@example.com")]);
        let ada = login.read(&lines, PEER, false).unwrap().unwrap();
        assert_eq!(ada.subject(), "ada");
        assert_eq!(ada.texts("groups").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(ada.claim("email"), Some(&Value::from("ada@example.com")));
        assert_eq!(ada.claim("email_verified"), Some(&Value::Bool(true)));
        let read = |lines: &[(&str, &[u8])]| login.read(&headers(lines), PEER, false);
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("user", b" ")]), Ok(None));
        assert_eq!(read(&[("groups", b"a")]), Ok(None));
        assert!(
            read(&[("user", b"ada"), ("groups", b"")]).unwrap().unwrap().claim("groups").is_none()
        );
    }

    #[test]
    fn a_group_with_a_comma_in_its_name_makes_nobody_an_admin() {
        let (mut login, _) = login();
        let groups = |login: &HeaderLogin, text: &[u8]| {
            let lines = headers(&[("user", b"ada"), ("groups", text)]);
            let ada = login.read(&lines, PEER, false).unwrap().unwrap();
            ada.texts("groups").map(str::to_owned).collect::<Vec<_>>()
        };
        login.config.separator = None;
        assert_eq!(groups(&login, b"CN=films,OU=admins"), ["CN=films,OU=admins"]);
        login.config.separator = Some('|');
        assert_eq!(groups(&login, b"CN=films,OU=admins | b"), ["CN=films,OU=admins", "b"]);
    }

    #[test]
    fn anybody_else_is_not_believed_and_that_is_told_once() {
        let (login, told) = login();
        let lines = headers(&[("user", b"ada")]);
        assert_eq!(login.read(&headers(&[]), STRANGER, false), Ok(None));
        assert!(told.lock().unwrap().is_empty());
        for _ in 0..3 {
            assert_eq!(login.read(&lines, STRANGER, false), Ok(None));
        }
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("192.0.2.9") && !told[0].contains("ada"), "{told:?}");
    }

    #[test]
    fn proxies_that_are_listed_for_this_count_alone() {
        let (login, _) = login();
        let lines = headers(&[("user", b"ada")]);
        assert!(login.read(&lines, PEER, false).unwrap().is_some());
        assert!(login.read(&lines, "::ffff:192.0.2.1".parse().unwrap(), false).unwrap().is_some());
        assert_eq!(login.read(&lines, "192.0.2.4".parse().unwrap(), false), Ok(None));
    }

    #[test]
    fn a_trusted_proxy_is_not_believed_though_it_is_listed() {
        let (login, told) = login();
        assert_eq!(login.read(&headers(&[("user", b"ada")]), PEER, true), Ok(None));
        assert_eq!(told.lock().unwrap().len(), 1);
    }

    #[test]
    fn several_lines_are_refused_whatever_they_say() {
        let (login, _) = login();
        let read = |lines: &[(&str, &[u8])]| login.read(&headers(lines), PEER, false).unwrap_err();
        let user = || HeaderName::from_static("x-auth-request-user");
        assert_eq!(read(&[("user", b"ada"), ("user", b"ada")]), HeaderLoginError::Several(user()));
        assert_eq!(read(&[("user", b""), ("user", b"ada")]), HeaderLoginError::Several(user()));
        let groups = HeaderName::from_static("x-auth-request-groups");
        let twice = read(&[("user", b"ada"), ("groups", b"a"), ("groups", b"b")]);
        assert_eq!(twice, HeaderLoginError::Several(groups));
        assert_eq!(read(&[("user", b"\xff")]), HeaderLoginError::NoText(user()));
        assert_eq!(read(&[("user", b"a\tb")]), HeaderLoginError::NoText(user()));
        let long = HeaderLoginError::Person(user(), PersonError::LongSubject(256));
        assert_eq!(read(&[("user", &[b'a'; 256])]), long);
    }
}
