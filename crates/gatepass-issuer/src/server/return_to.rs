//! Where a person is sent when they are done: a place that was listed, or home.
//!
//! An open redirect makes every phishing link look like ours. So a target is taken apart by
//! hand and put together anew from what is listed, and what is not read is not followed.
//!
//! # Invariants
//!
//! [`ReturnTo`] begins with a listed origin, or with one `/` that no other slash follows.

use gatepass::ViewerUrl;

use super::public_url::without_usual_port;

/// The origins to which persons may be sent, such as `https://media.example.com`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReturnHosts(Vec<Box<str>>);

/// An entry of the list that is no origin.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no origin: write a scheme and a host, such as https://media.example.com")]
pub struct ReturnHostError(Box<str>);

/// A place to which a person may be sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReturnTo(Box<str>);

impl ReturnHosts {
    /// Lists origins: scheme, host, and port if it is not the scheme's own.
    pub fn new<'t>(origins: impl IntoIterator<Item = &'t str>) -> Result<Self, ReturnHostError> {
        let read = |text: &'t str| {
            let wrong = || ReturnHostError(text.chars().take(200).collect());
            let origin = text.strip_suffix('/').unwrap_or(text);
            let url = ViewerUrl::parse(origin).map_err(|_| wrong())?;
            let is_origin = url.query().is_none()
                && origin.matches('/').count() == 2
                && url.host().bytes().all(is_host_byte);
            let origin = without_usual_port(url.scheme(), origin);
            is_origin.then(|| origin.to_ascii_lowercase().into()).ok_or_else(wrong)
        };
        origins.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Every listed origin.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|origin| &**origin)
    }

    /// Says whether an `Origin`, as browsers write it, is listed.
    pub fn lists(&self, origin: &str) -> bool {
        self.0.iter().any(|listed| **listed == *origin)
    }

    /// Reads where somebody wants to go. Nothing if that is nowhere we would send anybody.
    pub fn read(&self, text: &str) -> Option<ReturnTo> {
        // Browsers take a backslash for a slash and drop tabs and line ends: none passes.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
        if text.len() > ReturnTo::LONGEST || !text.bytes().all(is_plain) {
            return None;
        }
        if text.starts_with('/') {
            return (!text.starts_with("//")).then(|| ReturnTo(text.into()));
        }
        let start = text.find("://")? + 3;
        let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |end| start + end);
        let origin = text[..end].to_ascii_lowercase();
        self.0.iter().any(|listed| **listed == origin).then(|| ReturnTo(text.into()))
    }
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)
}

impl ReturnTo {
    /// The longest target, in bytes.
    pub const LONGEST: usize = 2_048;

    /// The root of the issuer's own host.
    pub fn home() -> Self {
        Self("/".into())
    }

    /// A path of the issuer's own host that we wrote ourselves.
    pub(crate) fn own(path: &str) -> Self {
        Self(path.into())
    }

    /// The target: a URL, or a path of the issuer's own host.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts() -> ReturnHosts {
        ReturnHosts::new(["https://media.example.com", "http://localhost:8080/"]).unwrap()
    }

    #[test]
    fn listed_origins_and_own_paths_are_followed() {
        for good in [
            "/",
            "/films/a.mp4?x=//y",
            "https://media.example.com",
            "https://media.example.com/films/",
            "HTTPS://Media.Example.com?x",
            "http://localhost:8080/a#b",
        ] {
            assert_eq!(hosts().read(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn nobody_is_sent_elsewhere() {
        for bad in [
            "",
            "films",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "https://evil.example/",
            "https://media.example.com.evil.example/",
            "https://media.example.com@evil.example/",
            "https://media.example.com:444/",
            "https://media.example.com%2eevil.example/",
            "https:media.example.com",
            "https:/media.example.com",
            "https:///media.example.com",
            "http://media.example.com/",
            "javascript:alert(1)//https://media.example.com",
            "data:text/html,x",
            "https://evil.example#://media.example.com",
            " https://media.example.com",
            "https://media.example.com/\r\nSet-Cookie: a=b",
            "https://media.example.com/ä",
        ] {
            assert_eq!(hosts().read(bad), None, "{bad:?}");
        }
        let long = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert!(hosts().read(&long(2_048)).is_some());
        assert_eq!(hosts().read(&long(2_049)), None);
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for bad in [
            "media.example.com",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a@b",
            "*",
            "https://*",
        ] {
            assert!(ReturnHosts::new([bad]).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_followed_stays_where_it_may(text in "(https?:)?[/\\\\@:a-z.#?]{0,12}(media\\.example\\.com)?[/\\\\@:a-z.#?]{0,12}") {
            if let Some(target) = hosts().read(&text) {
                let text = target.as_str();
                let own = text.starts_with('/') && !text.starts_with("//");
                let rest = text.strip_prefix("https://media.example.com");
                let listed = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']));
                prop_assert!(own || listed, "{}", text);
            }
        }
    }
}
