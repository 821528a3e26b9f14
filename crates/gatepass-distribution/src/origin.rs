//! Where content comes from: described here, fetched by the edge.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::endpoint::Endpoint;

/// A place that content comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The name that behaviors use.
    pub id: Box<str>,
    /// What kind of place it is.
    pub kind: OriginKind,
}

impl Origin {
    /// Where its content comes from, without how it is asked: what came from one place must not
    /// be taken for what comes from another that got its ID. `all` are the origins of the
    /// distribution, among them the members of a group.
    pub fn identity(&self, all: &[Self]) -> Box<str> {
        let member = |id: &str| {
            let found = all.iter().find(|one| *one.id == *id);
            // A group is no member of a group; whoever says so is told elsewhere.
            let found = found.filter(|one| !matches!(one.kind, OriginKind::Group(_)));
            found.map_or_else(|| id.into(), |one| one.identity(&[]))
        };
        match &self.kind {
            OriginKind::Directory(path) => format!("folder {}", path.display()),
            OriginKind::Http(http) => format!("{} {}", http.endpoint, http.path),
            OriginKind::S3(s3) => format!("{} {} {}", s3.endpoint, s3.bucket, s3.path),
            OriginKind::Group(group) => {
                let (one, two) = (member(&group.primary), member(&group.secondary));
                format!("{one} or {two} on {:?}", group.statuses)
            }
        }
        .into()
    }
}

/// The kinds of place.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OriginKind {
    /// A folder on this machine.
    Directory(PathBuf),
    /// A web server.
    Http(HttpOrigin),
    /// A bucket that speaks Amazon S3's protocol.
    S3(S3Origin),
    /// Two other origins of the distribution, the second for when the first fails.
    Group(OriginGroup),
}

/// A web server, and how patiently it is asked.
#[derive(Clone, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "configurations write it out")]
pub struct HttpOrigin {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Put before every path, without a slash at its end; empty for none.
    pub path: Box<str>,
    /// Headers that every request carries, whatever the viewer sent under their names.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// Bounds on waiting.
    pub patience: Patience,
    /// Whether a host name may turn out to be a private or loopback address. An endpoint that
    /// is such an address, or `localhost`, names it itself.
    pub allow_private_addresses: bool,
}

/// The values of headers are secrets, and not shown.
impl fmt::Debug for HttpOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("HttpOrigin")
            .field("endpoint", &self.endpoint)
            .field("path", &self.path)
            .field("headers", &names)
            .field("patience", &self.patience)
            .field("allow_private_addresses", &self.allow_private_addresses)
            .finish()
    }
}

/// A bucket, and how its requests are signed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "configurations write it out")]
pub struct S3Origin {
    /// The bucket's name.
    pub bucket: Box<str>,
    /// Where the service is; Amazon's own endpoint of the region if it was left out.
    pub endpoint: Endpoint,
    /// The region that signatures are for.
    pub region: Box<str>,
    /// Whether the bucket is the first part of the path instead of the host name.
    pub is_path_style: bool,
    /// Put before every path, without a slash at its end; empty for none.
    pub path: Box<str>,
    /// When requests are signed.
    pub signing: SigningBehavior,
    /// The profile of the shared credentials file; the usual chain if none.
    pub profile: Option<Box<str>>,
    /// Bounds on waiting.
    pub patience: Patience,
    /// See [`HttpOrigin::allow_private_addresses`].
    pub allow_private_addresses: bool,
}

/// When an origin access control signs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SigningBehavior {
    /// Every request; a viewer's `Authorization` is replaced.
    #[default]
    Always,
    /// None: the bucket is public.
    Never,
    /// Those whose viewer sent no `Authorization`.
    NoOverride,
}

/// How long an origin is waited for, and how often it is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "configurations write it out")]
pub struct Patience {
    /// To connect, TLS included. CloudFront's default is 10 s.
    pub connect: Duration,
    /// For the first byte of an answer, and between any two. CloudFront's default is 30 s.
    pub response: Duration,
    /// How long an idle connection is kept. CloudFront's default is 5 s.
    pub keep_alive: Duration,
    /// How often it is tried to connect, or to ask again what is safe to ask again: 1 to 3.
    pub attempts: u32,
    /// Requests under way at once; those beyond wait, and get 503 after `connect`.
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_secs(30),
            keep_alive: Duration::from_secs(5),
            attempts: 3,
            connections: 512,
        }
    }
}

/// Two origins and when to turn to the second.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "configurations write it out")]
pub struct OriginGroup {
    /// The ID of the origin that is asked first.
    pub primary: Box<str>,
    /// The ID of the one asked next, for GET, HEAD and OPTIONS only.
    pub secondary: Box<str>,
    /// Statuses of the first that send the request on, besides its being out of reach:
    /// CloudFront allows 403, 404, 416, 429, 500, 502, 503, 504.
    pub statuses: Vec<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_secret_is_not_shown() {
        let (endpoint, path) = Endpoint::parse_url("https://app").unwrap();
        let headers = vec![("X-Origin-Verify".into(), "swordfish".into())];
        let patience = Patience::default();
        let http = HttpOrigin { endpoint, path, headers, patience, allow_private_addresses: false };
        let shown = format!("{:?}", Origin { id: "app".into(), kind: OriginKind::Http(http) });
        assert!(shown.contains("X-Origin-Verify") && !shown.contains("swordfish"), "{shown}");
    }

    fn web(id: &str, port: u16, path: &str) -> Origin {
        let http = HttpOrigin {
            endpoint: Endpoint { is_https: false, host: "app.test".into(), port },
            path: path.into(),
            headers: Vec::new(),
            patience: Patience::default(),
            allow_private_addresses: false,
        };
        Origin { id: id.into(), kind: OriginKind::Http(http) }
    }

    fn group() -> Origin {
        let (primary, secondary) = ("one".into(), "two".into());
        let group = OriginGroup { primary, secondary, statuses: vec![500] };
        Origin { id: "either".into(), kind: OriginKind::Group(group) }
    }

    #[test]
    fn another_place_under_the_same_id_is_another_origin() {
        let identity = |origin: &Origin| origin.identity(&[]);
        let one = identity(&web("one", 80, "/v1"));
        assert_eq!(one, identity(&web("renamed", 80, "/v1")));
        assert_ne!(one, identity(&web("one", 81, "/v1")));
        assert_ne!(one, identity(&web("one", 80, "/v2")));
    }

    #[test]
    fn a_group_is_another_when_a_member_is() {
        let identity =
            |port| group().identity(&[web("one", 80, ""), web("two", port, ""), group()]);
        assert_eq!(identity(81), identity(81));
        assert_ne!(identity(81), identity(82));
    }
}
