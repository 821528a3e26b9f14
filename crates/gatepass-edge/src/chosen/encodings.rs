//! `Accept-Encoding`, reduced to what an edge can make use of.
//!
//! Viewers spell the same wish in hundreds of ways. In the key and toward the origin there
//! are four, as with CloudFront: both codings, one of them, or neither.

use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// The codings that may be sent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Encodings {
    /// Gzip may be sent.
    pub(crate) gzip: bool,
    /// Brotli may be sent.
    pub(crate) brotli: bool,
}

impl Encodings {
    /// What a viewer accepts by name. `*` names nothing; what can't be read is not accepted,
    /// and neither is what is refused in one place and accepted in another.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        let mut refused = Self::default();
        for line in headers.get_all(ACCEPT_ENCODING) {
            for element in line.as_bytes().split(|byte| *byte == b',') {
                let mut parts = element.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
                let coding = parts.next().unwrap_or_default();
                let of = if parts.all(is_wanted) { &mut accepted } else { &mut refused };
                of.gzip |= coding.eq_ignore_ascii_case(b"gzip");
                of.brotli |= coding.eq_ignore_ascii_case(b"br");
            }
        }
        Self { gzip: accepted.gzip && !refused.gzip, brotli: accepted.brotli && !refused.brotli }
    }

    /// Those that both have.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self { gzip: self.gzip && other.gzip, brotli: self.brotli && other.brotli }
    }

    /// What the origin is told.
    pub(crate) const fn as_str(self) -> &'static str {
        match (self.brotli, self.gzip) {
            (true, true) => "br,gzip",
            (true, false) => "br",
            (false, true) => "gzip",
            (false, false) => "identity",
        }
    }
}

/// Whether the parameter of a coding is a quality (RFC 9110, section 12.4.2) above zero.
fn is_wanted(parameter: &[u8]) -> bool {
    let (b"q=" | b"Q=", quality) = parameter.split_at(parameter.len().min(2)) else {
        return false;
    };
    let (whole, rest) = quality.split_at(quality.len().min(1));
    let thousandths = match rest {
        [] => rest,
        [b'.', thousandths @ ..] if thousandths.len() <= 3 => thousandths,
        _ => return false,
    };
    match whole {
        b"0" => {
            thousandths.iter().all(u8::is_ascii_digit)
                && thousandths.iter().any(|digit| *digit != b'0')
        }
        b"1" => thousandths.iter().all(|digit| *digit == b'0'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepted(lines: &[&'static str]) -> &'static str {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_static(line));
        }
        Encodings::accepted(&headers).as_str()
    }

    #[test]
    fn every_spelling_of_a_wish_becomes_one_of_four() {
        for (line, normal) in [
            ("gzip, deflate, br, zstd", "br,gzip"),
            ("br;q=1.0, GZIP;q=0.001", "br,gzip"),
            ("gzip;q=0.5", "gzip"),
            ("gzip ; Q=1", "gzip"),
            ("BR", "br"),
            ("br, gzip;q=0", "br"),
            ("br, gzip;q=0.000", "br"),
            ("gzip;q=0, gzip", "identity"),
            ("gzip, gzip;q=0", "identity"),
            ("", "identity"),
            ("*", "identity"),
            ("identity, deflate", "identity"),
            ("xgzip, gzipx, bro", "identity"),
            ("gzip;q=2", "identity"),
            ("gzip;q=1.001", "identity"),
            ("gzip;q=0.1234", "identity"),
            ("gzip;q=", "identity"),
            ("gzip;q=x", "identity"),
            ("gzip;q=-1", "identity"),
            ("gzip;level=9", "identity"),
            ("gzip;", "identity"),
        ] {
            assert_eq!(accepted(&[line]), normal, "{line}");
        }
        assert_eq!(accepted(&["gzip", "br"]), "br,gzip");
        assert_eq!(accepted(&["gzip", "gzip;q=0"]), "identity");
        assert_eq!(accepted(&[]), "identity");
    }
}
