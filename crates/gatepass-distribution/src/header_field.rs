//! Header names and values that an operator may set, and those that are the edge's own.

/// Says whether the text is a header's name (RFC 9110, section 5.6.2).
pub(crate) fn is_name(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

/// Says whether the text is a header's value that every reader takes for the same: ASCII that
/// can be seen, with spaces and tabs only inside.
pub(crate) fn is_value(text: &str) -> bool {
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t';
    !text.is_empty() && text.bytes().all(is_text) && text == text.trim()
}

/// Headers that an origin can't be sent by configuration: CloudFront's list, and what frames a
/// message or says which encodings the viewer understands.
pub(crate) fn is_kept_from_origin_headers(name: &str) -> bool {
    const NAMES: [&str; 27] = [
        "accept-encoding",
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "request-range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
        "x-real-ip",
    ];
    is_listed(name, &NAMES, &["x-amz-", "x-edge-"])
}

/// Headers that a policy can't name: each belongs to one connection, or the edge asks with its
/// own, or another setting is for it.
pub(crate) fn is_kept_from_policies(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "connection",
        "content-length",
        "cookie",
        "expect",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "max-forwards",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    ];
    is_listed(name, &NAMES, &["x-amz-cf-", "x-edge-"])
}

/// Headers that an answer can't be given by configuration: CloudFront's list, and what says
/// which bytes of which object follow.
pub(crate) fn is_kept_from_response_headers(name: &str) -> bool {
    const NAMES: [&str; 21] = [
        "age",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "date",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "warning",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    is_listed(name, &NAMES, &["x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-"])
}

/// CloudFront's headers that an edge can tell by itself. It doesn't know where a viewer is,
/// nor what kind of device it has.
pub(crate) const TOLD_BY_THE_EDGE: [&str; 5] = [
    "cloudfront-forwarded-proto",
    "cloudfront-viewer-address",
    "cloudfront-viewer-header-count",
    "cloudfront-viewer-http-version",
    "cloudfront-viewer-tls",
];

fn is_listed(name: &str, names: &[&str], prefixes: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    names.contains(&&*name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_never_ends_its_line() {
        for text in ["a", "a shared secret", "a\tb", "\"quoted\""] {
            assert!(is_value(text), "{text:?}");
        }
        for text in ["", " a", "a ", "a\r\nX: y", "a\nb", "a\0", "é", "a\u{7f}"] {
            assert!(!is_value(text), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_one_token() {
        for text in ["X-Origin-Verify", "a", "x_y"] {
            assert!(is_name(text), "{text:?}");
        }
        for text in ["", "a b", "a:", "a\r", "é", "(a)"] {
            assert!(!is_name(text), "{text:?}");
        }
    }

    #[test]
    fn capitals_get_nobody_past_a_list() {
        assert!(is_kept_from_origin_headers("Transfer-Encoding"));
        assert!(is_kept_from_origin_headers("X-Amz-Cf-Id"));
        assert!(is_kept_from_policies("RANGE"));
        assert!(is_kept_from_response_headers("X-AMZ-CF-POP"));
        assert!(!is_kept_from_origin_headers("X-Origin-Verify"));
        assert!(!is_kept_from_policies("Authorization"));
        assert!(!is_kept_from_response_headers("Strict-Transport-Security"));
    }
}
