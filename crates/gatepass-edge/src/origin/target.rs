//! The request target: the bytes of a path and query as the viewer sent them.

use std::fmt::Write;

use http::uri::PathAndQuery;

use crate::origin::trouble::Trouble;

/// Puts an origin's path, a raw path and a raw query together.
///
/// The bytes stay as they came. What can't stand in a request line at all, or would end it
/// early, is percent-encoded: control characters, spaces, `#`, `<`, `>`, a backtick in the
/// path, a quotation mark in the query, and a `?` that came as part of the path.
pub(crate) fn target(
    prefix: &str,
    path: &str,
    query: Option<&str>,
) -> Result<PathAndQuery, Trouble> {
    let mut text = String::with_capacity(prefix.len() + path.len() + 2);
    if !prefix.starts_with('/') && !path.starts_with('/') {
        text.push('/');
    }
    let in_path = |letter| matches!(letter, '#' | '<' | '>' | '`' | '?' | ' ');
    let in_query = |letter| matches!(letter, '#' | '<' | '>' | '"' | ' ');
    push(&mut text, prefix, in_path);
    push(&mut text, path, in_path);
    if let Some(query) = query {
        text.push('?');
        push(&mut text, query, in_query);
    }
    PathAndQuery::try_from(text)
        .map_err(|_| Trouble::Viewer("the URL is too long for the origin".into()))
}

fn push(text: &mut String, part: &str, is_impossible: impl Fn(char) -> bool) {
    for letter in part.chars() {
        if letter.is_ascii_control() || is_impossible(letter) {
            write!(text, "%{:02X}", u32::from(letter)).expect("a string can be written to");
        } else {
            text.push(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_viewer_can_send_goes_on_as_it_came() {
        for (path, query) in [
            ("/", None),
            ("/a//b/../c;d=1/", Some("")),
            ("/%7e%7E~%zz%", Some("a=b&a=%20+c&&=")),
            ("/a|b^c\\d{e}\"f'[g]", Some("a|b^c\\d{e}`f'[g]?h/i")),
            ("/é/\u{1F3AC}", Some("é=ü")),
            ("/!$&'()*+,;=:@", Some("!$&'()*+,;=:@")),
        ] {
            let sent = target("/films", path, query).unwrap();
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            assert_eq!(sent.as_str(), format!("/films{path}{query}"));
        }
    }

    #[test]
    fn what_would_break_the_request_line_is_encoded() {
        let sent = target("", "/a b\r\nX: y#z?q<>`\u{7f}", Some("a b#\r\n<>\"?")).unwrap();
        assert_eq!(
            sent.as_str(),
            "/a%20b%0D%0AX:%20y%23z%3Fq%3C%3E%60%7F?a%20b%23%0D%0A%3C%3E%22?"
        );
    }

    #[test]
    fn an_endless_url_is_refused() {
        assert!(target("", &"/a".repeat(40_000), None).is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_has_a_target_of_one_line(path: String, query: Option<String>) {
            let sent = target("", &path, query.as_deref()).unwrap();
            prop_assert!(sent.as_str().starts_with('/'));
            prop_assert!(!sent.as_str().contains([' ', '\r', '\n', '\0', '#']));
            prop_assert_eq!(sent.query().is_some(), query.is_some());
        }
    }
}
