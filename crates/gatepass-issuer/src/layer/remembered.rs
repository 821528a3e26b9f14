//! What an application's people were handed, as their browser remembers it.
//!
//! `Gatepass-Laid=<since>.<expiry>.<places>`: two times and, in CloudFront's base64, a list of
//! what is needed to clear. It holds no pass and proves nothing. Whoever makes one up gets what
//! they are entitled to anyway a little early, or clears cookies of their own browser.

use gatepass::{EpochTime, PublicKeyId, decode, encode};
use http::HeaderMap;
use http::header::COOKIE;

use crate::handout::Laid;

/// What was laid, and until when it is good.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Remembered {
    /// When it was laid, and when it ends, if that is known.
    span: Option<(EpochTime, EpochTime)>,
    pub(super) laid: Vec<Laid>,
}

impl Remembered {
    pub(super) const fn new(now: EpochTime, expiry: EpochTime, laid: Vec<Laid>) -> Self {
        Self { span: Some((now, expiry)), laid }
    }

    /// What a request's cookies say; nothing if they say it in any other way.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|header| header.split(';').map(str::trim_ascii));
        let ours = pairs.find_map(|pair| pair.strip_prefix(NAME)?.strip_prefix('='));
        ours.and_then(Self::parse).unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (since, rest) = text.split_once('.')?;
        let (expiry, places) = rest.split_once('.')?;
        let span = (since.parse().ok()?, expiry.parse().ok()?);
        let laid: Vec<Laid> = serde_json::from_slice(&decode(places.as_bytes()).ok()?).ok()?;
        let is_named = |laid: &Laid| {
            laid.named_after.as_ref().is_none_or(|key| key.parse::<PublicKeyId>().is_ok())
        };
        Some(Self { span: Some(span), laid: laid.into_iter().filter(is_named).collect() })
    }

    /// Whether the last third has begun, or all is over.
    pub(super) fn is_due(&self, now: EpochTime) -> bool {
        self.span.is_some_and(|(since, expiry)| {
            expiry.seconds_since(now) <= expiry.seconds_since(since).div_ceil(3)
        })
    }

    /// The line by which a browser remembers it. Without the places if they are too many:
    /// passes that can't be cleared end by themselves.
    pub(super) fn line(&self) -> String {
        let (since, expiry) =
            self.span.map_or((0, 0), |(since, expiry)| (since.seconds(), expiry.seconds()));
        let places = serde_json::to_vec(&self.laid).expect("places have text for keys");
        let places = encode(&places);
        let places = if places.len() > LONGEST - 64 { encode(b"[]") } else { places };
        format!("{NAME}={since}.{expiry}.{places}; {ATTRIBUTES}")
    }

    /// The line by which it is forgotten.
    pub(super) fn clearing_line() -> String {
        format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")
    }
}

const NAME: &str = "Gatepass-Laid";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Lax";

/// Browsers keep no more, and nobody else is believed.
const LONGEST: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(1_000 + seconds).unwrap()
    }

    fn read(cookie: &str) -> Remembered {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, cookie.parse().unwrap());
        Remembered::read(&headers)
    }

    fn value(remembered: &Remembered) -> String {
        remembered.line().split(';').next().unwrap().to_owned()
    }

    #[test]
    fn what_was_laid_comes_back() {
        let laid = Laid { domain: Some("m.test".into()), path: "/a".into(), ..Laid::default() };
        let remembered = Remembered::new(at(0), at(30), vec![laid]);
        assert_eq!(read(&format!("a=b; {}; c", value(&remembered))), remembered);
        assert!(!remembered.is_due(at(19)));
        assert!(remembered.is_due(at(20)) && remembered.is_due(at(31)));
    }

    #[test]
    fn what_is_written_otherwise_is_nothing() {
        let long = format!("{NAME}=1.2.{}", encode(&[b' '; 4_000]));
        for odd in [
            "Gatepass-Laid=",
            "Gatepass-Laid=1.2",
            "Gatepass-Laid=1.2.x",
            "a=b",
            &long,
            "Gatepass-Laid=-1.2.W10_",
            "Gatepass-Laid=1.2000000000000000000000.W10_",
        ] {
            assert_eq!(read(odd), Remembered::default(), "{odd}");
            assert!(!read(odd).is_due(at(0)), "{odd}");
        }
        let bent = Laid { named_after: Some("K; Domain=x".into()), ..Laid::default() };
        let remembered = Remembered::new(at(0), at(30), vec![bent]);
        assert_eq!(read(&value(&remembered)).laid, []);
    }

    #[test]
    fn more_than_a_browser_keeps_is_not_asked_of_it() {
        let laid =
            |nth| Laid { path: format!("/of/{nth}/{}", "a".repeat(200)).into(), ..Laid::default() };
        let remembered = Remembered::new(at(0), at(30), (0..40).map(laid).collect());
        assert!(value(&remembered).len() < 4_096);
        assert!(read(&value(&remembered)).is_due(at(30)));
    }
}
