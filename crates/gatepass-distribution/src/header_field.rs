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

/// Headers between two machines, never for those behind them (RFC 9110, section 7.6.1), and what
/// says where a message ends.
const OF_THE_HOP: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// The same, where somebody may log in to a proxy.
const OF_PROXIES: [&str; 2] = ["proxy-authorization", "proxy-connection"];

/// What a viewer already has, and how much it wants: the edge asks with its own.
const CONDITIONS: [&str; 6] =
    ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];

/// Headers that an origin can't be sent by configuration: CloudFront's list, and what frames a
/// message or says which encodings the viewer understands.
pub(crate) fn is_kept_from_origin_headers(name: &str) -> bool {
    const MORE: [&str; 10] = [
        "accept-encoding",
        "cache-control",
        "cookie",
        "host",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "request-range",
        "x-forwarded-for",
        "x-real-ip",
    ];
    is_listed(name, &[&OF_THE_HOP, &OF_PROXIES, &CONDITIONS, &MORE], &["x-amz-", "x-edge-"])
}

/// Headers that a policy can't name: each belongs to one connection, or the edge asks with its
/// own, or another setting is for it.
pub(crate) fn is_kept_from_policies(name: &str) -> bool {
    const MORE: [&str; 3] = ["cookie", "max-forwards", "x-real-ip"];
    is_listed(name, &[&OF_THE_HOP, &OF_PROXIES, &CONDITIONS, &MORE], &["x-amz-cf-", "x-edge-"])
}

/// Headers that an answer can't be given by configuration: CloudFront's list, and what says
/// which bytes of which object follow.
pub(crate) fn is_kept_from_response_headers(name: &str) -> bool {
    const MORE: [&str; 10] = [
        "age",
        "content-encoding",
        "content-range",
        "date",
        "host",
        "proxy-authenticate",
        "warning",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    let prefixes = ["x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-"];
    is_listed(name, &[&OF_THE_HOP, &OF_PROXIES, &MORE], &prefixes)
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

fn is_listed(name: &str, lists: &[&[&str]], prefixes: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    lists.iter().any(|names| names.contains(&&*name))
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
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
