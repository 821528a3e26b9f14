//! `Referer`, without the pass that may stand in it.
//!
//! A playlist that was fetched by a signed URL is the referrer of its segments: browsers send
//! its whole URL, signature and all, to the same site. An origin has no business with it.

use std::borrow::Cow;

use gatepass::is_reserved;

/// The referrer without the parameters that passes are carried in.
pub(super) fn without_pass(referer: &[u8]) -> Cow<'_, [u8]> {
    let Some(end) = memchr::memchr(b'?', referer) else {
        return Cow::Borrowed(referer);
    };
    let (address, query) = (&referer[..end], &referer[end + 1..]);
    let is_separator = |byte: &u8| matches!(byte, b'&' | b'?' | b'#');
    if !query.split(is_separator).any(is_of_a_pass) {
        return Cow::Borrowed(referer);
    }
    let mut rest = address.to_vec();
    let mut separator = b'?';
    for segment in query.split(is_separator).filter(|segment| !is_of_a_pass(segment)) {
        rest.push(separator);
        rest.extend_from_slice(segment);
        separator = b'&';
    }
    Cow::Owned(rest)
}

fn is_of_a_pass(segment: &[u8]) -> bool {
    let name = segment.split(|byte| *byte == b'=').next().unwrap_or_default();
    std::str::from_utf8(name).is_ok_and(is_reserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_is_cleaned_and_every_other_left_alone() {
        for (sent, clean) in [
            (
                "https://e.com/a?x=1&Policy=p&Signature=s~&y=2&Key-Pair-Id=K",
                "https://e.com/a?x=1&y=2",
            ),
            ("https://e.com/a?Expires=1&Signature=s&Key-Pair-Id=K", "https://e.com/a"),
            ("https://e.com/a?x=1#Signature=s", "https://e.com/a?x=1"),
            ("https://e.com/a?x=1?Signature=s", "https://e.com/a?x=1"),
            ("https://e.com/a?policy=1&XPolicy=2&&", "https://e.com/a?policy=1&XPolicy=2&&"),
            ("https://e.com/Policy=p", "https://e.com/Policy=p"),
            ("https://e.com/a?", "https://e.com/a?"),
        ] {
            assert_eq!(without_pass(sent.as_bytes()), clean.as_bytes(), "{sent}");
        }
    }
}
