//! `traceparent`: the place in a trace that a request is sent from (W3C Trace Context).

use http::{HeaderMap, HeaderName};

pub(super) static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What other tracers add; it belongs to the `traceparent` beside it.
pub(super) static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Where a request comes from.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Parent {
    pub(super) trace: u128,
    pub(super) span: u64,
    pub(super) is_sampled: bool,
}

impl Parent {
    /// Reads the header, if it is there once and in order.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(&TRACEPARENT).iter();
        let (only, None) = (all.next()?, all.next()) else { return None };
        Self::parse(only.to_str().ok()?)
    }

    /// A version to come may have more behind what is known of this one.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        let version = hex(parts.next()?, 2)?;
        let (trace, span) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = hex(parts.next()?, 2)?;
        let is_readable = version != 0xff && (version != 0 || parts.next().is_none());
        let span = u64::try_from(span).ok()?;
        (is_readable && trace != 0 && span != 0).then_some(Self {
            trace,
            span,
            is_sampled: flags & 1 == 1,
        })
    }
}

/// The header of a request that is told.
pub(super) fn text(trace: u128, span: u64) -> String {
    format!("00-{trace:032x}-{span:016x}-01")
}

/// So many digits, in small letters.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_number = text.len() == digits && text.bytes().all(is_hex);
    is_number.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
    const SPAN: u64 = 0xb7ad_6b71_6920_3331;

    #[test]
    fn what_is_written_is_read() {
        let parent = Parent { trace: TRACE, span: SPAN, is_sampled: true };
        let written = text(TRACE, SPAN);
        assert_eq!(written, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        assert_eq!(Parent::parse(&written), Some(parent));
        let not_sampled = written.replace("-01", "-00");
        assert!(!Parent::parse(&not_sampled).unwrap().is_sampled);
        let later = written.replace("00-", "01-") + "-more";
        assert!(Parent::parse(&later).unwrap().is_sampled);
    }

    #[test]
    fn what_is_out_of_order_is_no_parent() {
        for text in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        ] {
            assert_eq!(Parent::parse(text), None, "{text}");
        }
        let mut twice = HeaderMap::new();
        let value = HeaderValue::try_from(text(TRACE, SPAN)).unwrap();
        twice.append(&TRACEPARENT, value.clone());
        assert!(Parent::of(&twice).is_some());
        twice.append(&TRACEPARENT, value);
        assert_eq!(Parent::of(&twice), None);
    }
}
