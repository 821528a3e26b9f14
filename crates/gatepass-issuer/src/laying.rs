//! Where cookies are laid: host-only, or on the most precise domain that does.
//!
//! A cookie with `Domain=example.com` reaches every host beneath, and each of them can open
//! with it whatever the pass covers. So:
//!
//! 1. If the issuer's own host is the resource's, the cookie has no `Domain`.
//! 2. Else it has the most precise one that covers both hosts, if that is no wider than the
//!    resource's host itself.
//! 3. What is wider is refused unless the operator insists, and linted then.
//!
//! # Invariants
//!
//! A [`Place`] is one from which a browser takes the cookies when the issuer sets them, and
//! sends them where the resource is.

use std::fmt;
use std::net::IpAddr;

use gatepass::{
    CookieNaming, CookiePath, PublicKeyId, Resource, SameSite, Scheme, SetCookie, ViewerUrl,
};

use crate::handout::Laid;

/// How an operator wants cookies to be laid. The defaults are the most precise.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a configuration is written out field by field")]
pub struct CookieWishes {
    /// How they are named.
    pub naming: CookieNaming,
    /// Their `Domain`, without a dot before it.
    pub domain: Option<Box<str>>,
    /// Their `Path`; that of the resource if left out.
    pub path: Option<CookiePath>,
    /// Their `SameSite`; `Lax` if left out, which pages of the same site do with.
    pub same_site: Option<SameSite>,
    /// Whether each site that embeds ours has its own (`Partitioned`).
    pub is_partitioned: bool,
    /// Whether a domain may be wider than need be.
    pub is_forced: bool,
}

/// The host that sets the cookies: where browsers find the issuer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Site {
    host: Box<str>,
}

/// Why cookies can't be laid, and the way forward.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayingError {
    /// The issuer's URL is none, or its cookies would be lost.
    #[error(
        "{0:?} can't set cookies that are Secure: expected https:// and a host (http:// only for localhost)"
    )]
    Url(Box<str>),
    /// No browser takes a cookie for a domain that the host does not lie beneath.
    #[error(
        "Domain={domain} is refused by browsers when {host} sets it: name {host} or a parent of it"
    )]
    NotOurs {
        /// The domain.
        domain: Box<str>,
        /// Who sets it.
        host: Box<str>,
    },
    /// The cookie would never be sent to the resource.
    #[error(
        "Domain={domain} does not reach {resource}: leave domain out, or name a parent of both hosts"
    )]
    Elsewhere {
        /// The domain.
        domain: Box<str>,
        /// The resource.
        resource: Box<str>,
    },
    /// Two hosts have nothing in common.
    #[error(
        "no cookie that {host} sets reaches {resource}: let the edge pass the issuer's paths on from there (url = \"https://that-host/_gatepass\"), or sign URLs"
    )]
    NothingInCommon {
        /// Who sets it.
        host: Box<str>,
        /// The resource.
        resource: Box<str>,
    },
    /// Hosts would receive the pass that don't serve the resource.
    #[error(
        "Domain={domain} hands the pass for {resource} to every host beneath {domain}, which is more than need be: let the edge pass the issuer's paths on from the resource's own host (url = \"https://that-host/_gatepass\") and leave domain out; or, if all those hosts are yours, say cookies.force = true"
    )]
    TooWide {
        /// The domain.
        domain: Box<str>,
        /// The resource.
        resource: Box<str>,
    },
    /// Chips need crossing.
    #[error("partitioned cookies are for pages of other sites: say same-site = \"none\" as well")]
    Partitioned,
}

/// Where cookies are laid, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    naming: CookieNaming,
    domain: Option<Box<str>>,
    path: CookiePath,
    same_site: SameSite,
    is_partitioned: bool,
}

impl Site {
    /// The site of the issuer's public URL.
    pub fn of(url: &str) -> Result<Self, LayingError> {
        let wrong = || LayingError::Url(url.chars().take(200).collect());
        let parsed = ViewerUrl::parse(url).map_err(|_| wrong())?;
        let host = name_of(parsed.host());
        let is_loopback = host == "localhost"
            || host.ends_with(".localhost")
            || address_of(&host).is_some_and(|address| address.is_loopback());
        let is_host =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte));
        if !is_host || host.is_empty() || (parsed.scheme() == Scheme::Http && !is_loopback) {
            return Err(wrong());
        }
        Ok(Self { host: host.into() })
    }

    /// The host, in lower case and without its port, for which cookies don't care.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where the cookies of a pass for `resource` are laid.
    pub fn place(&self, resource: &Resource, wishes: &CookieWishes) -> Result<Place, LayingError> {
        let same_site = wishes.same_site.unwrap_or(SameSite::Lax);
        if wishes.is_partitioned && same_site != SameSite::None {
            return Err(LayingError::Partitioned);
        }
        Ok(Place {
            naming: wishes.naming,
            domain: self.domain(resource, wishes)?,
            path: wishes.path.clone().unwrap_or_else(|| CookiePath::of(resource)),
            same_site,
            is_partitioned: wishes.is_partitioned,
        })
    }

    fn domain(
        &self,
        resource: &Resource,
        wishes: &CookieWishes,
    ) -> Result<Option<Box<str>>, LayingError> {
        let reach = Reach::of(resource);
        let precise = self.precise(&reach);
        let text = || Box::from(resource.as_str());
        let (domain, is_precise) = match (&wishes.domain, precise) {
            (Some(named), precise) => {
                let domain = Box::from(named.to_ascii_lowercase().trim_start_matches('.'));
                let is_precise = precise == Precise::Domain { domain: &domain, is_wider: false };
                (domain, is_precise)
            }
            (None, Precise::HostOnly) => return Ok(None),
            (None, Precise::Domain { domain, is_wider }) => (domain.into(), !is_wider),
            (None, Precise::Nothing) => {
                return Err(LayingError::NothingInCommon {
                    host: self.host.clone(),
                    resource: text(),
                });
            }
        };
        if address_of(&self.host).is_some()
            || !lies_beneath(&self.host, &domain)
            || !domain.contains('.')
        {
            return Err(LayingError::NotOurs { domain, host: self.host.clone() });
        }
        if !reach.lies_beneath(&domain) {
            return Err(LayingError::Elsewhere { domain, resource: text() });
        }
        if !is_precise && !wishes.is_forced {
            return Err(LayingError::TooWide { domain, resource: text() });
        }
        Ok(Some(domain))
    }

    /// The most precise domain by which cookies of this host reach so far.
    fn precise<'r>(&self, reach: &'r Reach) -> Precise<'r> {
        let name = match reach {
            Reach::Anywhere => return Precise::HostOnly,
            Reach::Host(host) if **host == *self.host => return Precise::HostOnly,
            Reach::Host(name) | Reach::Beneath(name) => &**name,
        };
        let is_address = address_of(&self.host).or(address_of(name)).is_some();
        let mut parents = std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1));
        match parents.find(|parent| lies_beneath(&self.host, parent)) {
            // A single label belongs to a registry, and no browser takes it.
            Some(domain) if !is_address && domain.contains('.') => {
                Precise::Domain { domain, is_wider: domain != name }
            }
            _ => Precise::Nothing,
        }
    }
}

/// What is needed for cookies to get there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Precise<'r> {
    HostOnly,
    Domain {
        domain: &'r str,
        /// Whether it is wider than the resource's own host.
        is_wider: bool,
    },
    Nothing,
}

/// The hosts that a resource covers.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Reach {
    Host(Box<str>),
    /// All hosts beneath one name.
    Beneath(Box<str>),
    Anywhere,
}

impl Reach {
    fn of(resource: &Resource) -> Self {
        let text = resource.as_str();
        let host = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = name_of(host.split('/').next().unwrap_or_default());
        match host.rfind(['*', '?']) {
            None => Self::Host(host.into()),
            // `*example.com` also covers another's `notexample.com`: only whole labels count.
            Some(last) => match host[last + 1..].split_once('.') {
                Some((_, fixed)) if !fixed.is_empty() => Self::Beneath(fixed.into()),
                _ => Self::Anywhere,
            },
        }
    }

    fn lies_beneath(&self, domain: &str) -> bool {
        match self {
            Self::Host(name) | Self::Beneath(name) => lies_beneath(name, domain),
            Self::Anywhere => true,
        }
    }
}

impl Place {
    /// Says whether cookies laid here take the place of those laid there.
    pub fn is_same(&self, other: &Self) -> bool {
        self.naming == other.naming && self.domain == other.domain && self.path == other.path
    }

    /// Says whether the cookies of both go along with some request, and have the same names.
    pub fn meets(&self, other: &Self) -> bool {
        let (one, two) = (self.path.as_str(), other.path.as_str());
        self.naming == other.naming && (leads_to(one, two) || leads_to(two, one))
    }

    /// How they are named.
    pub const fn naming(&self) -> CookieNaming {
        self.naming
    }

    /// The attributes of their lines.
    pub fn attributes(&self) -> SetCookie {
        let attributes = SetCookie::default().path(self.path.clone()).same_site(self.same_site);
        let attributes = if self.is_partitioned { attributes.partitioned() } else { attributes };
        match &self.domain {
            // A domain that is none was refused before.
            Some(domain) => attributes.clone().domain(domain).unwrap_or(attributes),
            None => attributes,
        }
    }

    /// What is needed to take them away again.
    pub fn laid(&self, key: &PublicKeyId) -> Laid {
        Laid {
            named_after: (self.naming == CookieNaming::PerKey).then(|| key.as_str().into()),
            domain: self.domain.clone(),
            path: self.path.as_str().into(),
            crosses_sites: self.same_site == SameSite::None,
            is_partitioned: self.is_partitioned,
        }
    }

    /// Whether both have the same attributes besides.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.same_site == other.same_site && self.is_partitioned == other.is_partitioned
    }
}

/// Where it is, such as `Path=/films on Domain=example.com`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path={}", self.path.as_str())?;
        match &self.domain {
            Some(domain) => write!(f, " on Domain={domain}"),
            None => Ok(()),
        }
    }
}

/// A host in lower case, without port.
fn name_of(host: &str) -> String {
    let port =
        host.rfind(':').filter(|at| host[at + 1..].bytes().all(|byte| byte.is_ascii_digit()));
    let is_bare_v6 = host.parse::<IpAddr>().is_ok();
    let name = port.filter(|_| !is_bare_v6).map_or(host, |at| &host[..at]);
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn lies_beneath(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A cookie's path matches itself and what lies beneath (RFC 6265, section 5.1.4).
fn leads_to(path: &str, target: &str) -> bool {
    let rest = target.strip_prefix(path);
    rest.is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: CookieWishes = CookieWishes {
        naming: CookieNaming::Plain,
        domain: None,
        path: None,
        same_site: None,
        is_partitioned: false,
        is_forced: false,
    };

    fn place(issuer: &str, resource: &str, wishes: &CookieWishes) -> Result<String, LayingError> {
        let site = Site::of(issuer).unwrap();
        let place = site.place(&Resource::new(resource), wishes)?;
        Ok(place.attributes().lines(&cookies()).swap_remove(0).split_once("; ").unwrap().1.into())
    }

    fn cookies() -> gatepass::SignedCookies {
        let window = gatepass::Window::until(gatepass::EpochTime::new(1).unwrap());
        let policy = gatepass::Policy::new([Resource::new("https://m.test/")], window);
        gatepass::Unsigned::shortest(&policy, gatepass::HashAlgorithm::Sha1)
            .unwrap()
            .signed("K1".parse().unwrap(), b"x")
            .cookies()
    }

    #[test]
    fn cookies_reach_the_resource_and_as_little_else_as_can_be() {
        let ordinary = "Secure; HttpOnly; SameSite=Lax";
        for (issuer, resource, expected) in [
            (
                "https://media.example.com/_gatepass",
                "https://media.example.com/films/*",
                "Path=/films",
            ),
            ("https://media.example.com:8443", "https://MEDIA.example.com/*", "Path=/"),
            ("http://127.0.0.1:8090", "http://127.0.0.1:8080/a/*", "Path=/a"),
            ("http://[::1]:8090", "http://[::1]:8080/a/*", "Path=/a"),
            ("http://localhost:8090", "*", "Path=/"),
            (
                "https://login.media.example.com",
                "https://media.example.com/films/*",
                "Domain=media.example.com; Path=/films",
            ),
            (
                "https://login.example.com",
                "https://*.example.com/films/*",
                "Domain=example.com; Path=/films",
            ),
            (
                "https://a.cdn.example.com",
                "https://d?.cdn.example.com/films/*",
                "Domain=cdn.example.com; Path=/films",
            ),
        ] {
            assert_eq!(place(issuer, resource, &NONE).unwrap(), format!("{expected}; {ordinary}"));
        }
    }

    #[test]
    fn a_domain_that_reaches_more_is_refused_unless_forced() {
        let wide = |issuer: &str, resource: &str, domain: Option<&str>| {
            let wishes = CookieWishes { domain: domain.map(Box::from), ..NONE };
            let refused = place(issuer, resource, &wishes).unwrap_err();
            let LayingError::TooWide { domain, .. } = &refused else { panic!("{refused}") };
            let forced = place(issuer, resource, &CookieWishes { is_forced: true, ..wishes });
            assert!(forced.unwrap().contains(&format!("Domain={domain}; ")));
            domain.clone()
        };
        let (login, media) = ("https://login.example.com", "https://media.example.com/films/*");
        assert_eq!(&*wide(login, media, None), "example.com");
        assert_eq!(&*wide(login, media, Some("example.com")), "example.com");
        assert_eq!(&*wide("https://example.com", media, None), "example.com");
        assert_eq!(&*wide("https://media.example.com", media, Some("example.com")), "example.com");
        let own = wide("https://media.example.com", media, Some("media.example.com"));
        assert_eq!(&*own, "media.example.com", "host-only would do");
        let all = "https://*.media.example.com/*";
        assert_eq!(
            &*wide("https://login.media.example.com", all, Some("example.com")),
            "example.com"
        );
    }

    #[test]
    fn what_no_browser_would_take_or_send_is_refused_even_if_forced() {
        for (issuer, resource, domain) in [
            ("https://login.example.org", "https://media.example.com/*", None),
            ("https://login.example.org", "https://media.example.com/*", Some("example.com")),
            ("https://login.example.com", "https://media.example.com/*", Some("media.example.com")),
            ("https://login.example.com", "https://media.example.com/*", Some("com")),
            ("https://login.example.com", "https://media.test/*", Some("example.com")),
            ("https://media.example.com", "https://notexample.com/*", None),
            ("https://a.example.com", "https://*example.com/*", None),
            ("http://127.0.0.1", "http://127.0.0.2/*", None),
            ("http://127.0.0.1", "http://127.0.0.1/*", Some("0.0.1")),
            ("http://a.localhost", "http://b.localhost/*", None),
        ] {
            let wishes = CookieWishes { domain: domain.map(Box::from), is_forced: true, ..NONE };
            let refused = place(issuer, resource, &wishes);
            assert!(refused.is_err(), "{issuer} {resource} {domain:?}: {refused:?}");
        }
    }

    #[test]
    fn an_issuer_is_found_by_https() {
        for url in [
            "",
            "media.example.com",
            "http://media.example.com",
            "https://",
            "https://a b/",
            "https://a@b/",
            "ftp://a",
        ] {
            assert!(Site::of(url).is_err(), "{url}");
        }
    }

    #[test]
    fn pages_of_other_sites_need_same_site_none_and_may_have_their_own_jar() {
        let (issuer, films) = ("https://m.test", "https://m.test/films/*");
        let across = CookieWishes { same_site: Some(SameSite::None), ..NONE };
        assert_eq!(
            place(issuer, films, &across).unwrap(),
            "Path=/films; Secure; HttpOnly; SameSite=None"
        );
        let own = CookieWishes { is_partitioned: true, ..across };
        assert!(place(issuer, films, &own).unwrap().ends_with("SameSite=None; Partitioned"));
        let torn = CookieWishes { is_partitioned: true, ..NONE };
        assert_eq!(place(issuer, films, &torn), Err(LayingError::Partitioned));
        let site = Site::of(issuer).unwrap();
        let laid = site.place(&Resource::new(films), &own).unwrap().laid(&"K1".parse().unwrap());
        let clearing = laid.clearing_lines();
        assert_eq!(clearing.len(), 5);
        assert!(
            clearing.iter().all(|line| line.contains("; SameSite=None; Partitioned; Max-Age=0"))
        );
    }
}
