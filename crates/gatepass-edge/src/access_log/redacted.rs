//! What of a viewer's text may be written down: nothing that opens a gate.
//!
//! A pass's reserved parameters are left out. A credential may also be wrapped into another
//! parameter, as in `?return=/a.mp4%3FPolicy%3D…`, or be another system's (`X-Amz-Signature`):
//! from its name on, the rest of that parameter is [`REDACTED`].

use gatepass::RESERVED_PARAMETERS;

/// Stands for what was cut away.
pub(super) const REDACTED: &[u8] = b"REDACTED";

/// What opens a gate is behind names that end so, and `=`, however often that is encoded.
const CREDENTIALS: [&str; 2] = ["Signature", "Policy"];

/// The pieces of a query that may be written down, to be put one behind the other. There are
/// none if it holds nothing but a pass.
pub(super) fn query(query: &[u8]) -> impl Iterator<Item = &[u8]> {
    let own = query.split(|byte| *byte == b'&').filter(|parameter| !is_reserved(parameter));
    own.enumerate().flat_map(|(nth, parameter)| {
        let separator: &[u8] = if nth == 0 { b"" } else { b"&" };
        let kept = kept(parameter);
        let mark = if kept.len() < parameter.len() { REDACTED } else { b"" };
        [separator, kept, mark]
    })
}

/// The pieces of a URL from elsewhere: the page that a viewer came from.
pub(crate) fn url(url: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (path, asked) = match memchr::memchr(b'?', url) {
        Some(at) => (&url[..at], Some(&url[at + 1..])),
        None => (url, None),
    };
    let mut asked = asked.into_iter().flat_map(query).peekable();
    let mark: &[u8] = if asked.peek().is_some() { b"?" } else { b"" };
    let kept = kept(path);
    let cut = if kept.len() < path.len() { REDACTED } else { b"" };
    [kept, cut, mark].into_iter().chain(asked)
}

fn is_reserved(parameter: &[u8]) -> bool {
    let name = parameter.split(|byte| *byte == b'=').next().unwrap_or_default();
    RESERVED_PARAMETERS.iter().any(|reserved| reserved.as_bytes() == name)
}

/// As much of it as comes before a credential.
fn kept(text: &[u8]) -> &[u8] {
    for at in memchr::memchr2_iter(b'=', b'%', text) {
        let (before, behind) = text.split_at(at);
        if !begins_a_value(behind) {
            continue;
        }
        if let Some(kept) = CREDENTIALS.iter().find_map(|name| before.strip_suffix(name.as_bytes()))
        {
            return kept;
        }
    }
    text
}

/// Whether this is `=`, or `%3D`, or that encoded again and again.
fn begins_a_value(text: &[u8]) -> bool {
    let Some(mut digits) = text.strip_prefix(b"%") else { return text.starts_with(b"=") };
    while let Some(rest) = digits.strip_prefix(b"25") {
        digits = rest;
    }
    digits.get(..2).is_some_and(|digits| digits.eq_ignore_ascii_case(b"3d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let parts: Vec<&[u8]> = url(text.as_bytes()).collect();
        assert_eq!(String::from_utf8(parts.concat()).unwrap(), expected);
    }

    #[test]
    fn a_pass_is_left_out_and_the_rest_keeps_its_bytes() {
        check("/a?b=%7e&&c#d", "/a?b=%7e&&c#d");
        check("/a?", "/a?");
        check("/a?x=1&Policy=p&Signature=s~&Key-Pair-Id=K&Expires=1&y", "/a?x=1&y");
        check("/a?Expires=1&Signature=s&Key-Pair-Id=K&Hash-Algorithm=SHA256", "/a");
        check("/a?policy=public&Signatures=3", "/a?policy=public&Signatures=3");
    }

    #[test]
    fn a_credential_inside_of_something_else_is_cut_away() {
        check("/login?return=/a%3FPolicy%3Dp%26Signature%3Ds&x", "/login?return=/a%3FREDACTED&x");
        check("/login?return=/a?x=1?Signature=s", "/login?return=/a?x=1?REDACTED");
        check("/b?X-Amz-Signature=00ff&X-Amz-Date=1", "/b?X-Amz-REDACTED&X-Amz-Date=1");
        check("/b?CloudFront-Policy=p", "/b?CloudFront-REDACTED");
        check("/b;Signature=s/c", "/b;REDACTED");
        check("/a.mp4%3FPolicy=p&Signature=s", "/a.mp4%3FREDACTED");
        check("/b?to=Signature%253ds", "/b?to=REDACTED");
        check("/b?to=Signature%25253Ds", "/b?to=REDACTED");
    }

    #[test]
    fn a_name_that_only_looks_like_one_stays() {
        check("/Policy%20of%20ours/a", "/Policy%20of%20ours/a");
        check("/Policy%253a", "/Policy%253a");
        check("/a?Policy%20=x", "/a?Policy%20=x");
    }
}
