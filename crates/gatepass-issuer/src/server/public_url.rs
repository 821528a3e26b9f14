//! Where browsers find the issuer: a scheme, a host, and the path below which its routes lie.

use std::str::FromStr;

use gatepass::{Scheme, ViewerUrl};

/// The issuer's URL as browsers write it, such as `https://media.example.com/_gatepass`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicUrl {
    scheme: Scheme,
    host: Box<str>,
    path: Box<str>,
}

/// A URL under which no browser could use an issuer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicUrlError {
    /// It is not made of scheme, host and path alone.
    #[error(
        "{0:?} is no URL of an issuer: expected one such as https://media.example.com/_gatepass"
    )]
    Form(Box<str>),
    /// Browsers would drop its cookies.
    #[error(
        "{0:?} is plain HTTP: browsers keep Secure cookies from https:// and from localhost alone"
    )]
    Insecure(Box<str>),
}

impl PublicUrl {
    /// Scheme and host, as browsers write an `Origin`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.host)
    }

    /// The host, with its port if that is not the scheme's own; in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path below which the routes lie: empty, or with a slash at its beginning alone.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path of a route, which begins with a slash.
    pub fn route(&self, route: &str) -> String {
        format!("{}{route}", self.path)
    }

    /// The whole URL of a route.
    pub fn url(&self, route: &str) -> String {
        format!("{}{}{route}", self.origin(), self.path)
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let quoted = || text.chars().take(200).collect();
        let url = ViewerUrl::parse(text).map_err(|_| PublicUrlError::Form(quoted()))?;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        let is_segment = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte);
        let path = url.path().trim_end_matches('/');
        let mut segments = path.split('/').skip(1);
        let is_clean = url.query().is_none()
            && !text.contains('#')
            && url.host().bytes().all(is_host)
            && segments.all(|one| !matches!(one, "" | "." | "..") && one.bytes().all(is_segment));
        if !is_clean {
            return Err(PublicUrlError::Form(quoted()));
        }
        let (scheme, host) = (url.scheme(), url.host().to_ascii_lowercase());
        let host = without_usual_port(scheme, &host).to_owned();
        if scheme == Scheme::Http && !is_loopback(&host) {
            return Err(PublicUrlError::Insecure(quoted()));
        }
        Ok(Self { scheme, host: host.into(), path: path.into() })
    }
}

/// A host as browsers write it in an `Origin`: without the port that the scheme has anyway.
pub(super) fn without_usual_port(scheme: Scheme, host: &str) -> &str {
    let usual = match scheme {
        Scheme::Https => ":443",
        Scheme::Http => ":80",
    };
    host.strip_suffix(usual).unwrap_or(host)
}

/// Says whether a host is one that browsers trust without TLS.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_an_origin_and_routes() {
        let url: PublicUrl = "https://Media.example.com/_gatepass/".parse().unwrap();
        assert_eq!(url.origin(), "https://media.example.com");
        assert_eq!(url.route("/login"), "/_gatepass/login");
        let usual: PublicUrl = "https://media.example.com:443/a".parse().unwrap();
        assert_eq!(usual.origin(), "https://media.example.com", "as browsers write it");
        let root: PublicUrl = "http://localhost:8090".parse().unwrap();
        assert_eq!(root.url("/login"), "http://localhost:8090/login");
    }

    #[test]
    fn what_browsers_would_not_use_is_refused() {
        for bad in [
            "media.example.com",
            "https://e.com/a?b",
            "https://e.com/#a",
            "https://e.com//a",
            "https://e.com/../a",
            "https://e.com/%61",
            "https://a@e.com/",
        ] {
            assert!(matches!(bad.parse::<PublicUrl>(), Err(PublicUrlError::Form(_))), "{bad}");
        }
        for bad in
            ["http://media.example.com/", "http://192.0.2.7/", "http://localhost.example.com"]
        {
            assert!(matches!(bad.parse::<PublicUrl>(), Err(PublicUrlError::Insecure(_))), "{bad}");
        }
        for good in ["http://127.0.0.1:80/", "http://[::1]:80/a", "http://media.localhost:8090"] {
            assert!(good.parse::<PublicUrl>().is_ok(), "{good}");
        }
    }
}
