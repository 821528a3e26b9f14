//! One span, as it waits to be sent.

use std::time::{Duration, SystemTime};

/// What happened, for how long, and within what.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) began: SystemTime,
    pub(super) took: Duration,
    pub(super) has_failed: bool,
    pub(super) attributes: Attributes,
}

/// Whose side it was seen from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Client,
    Server,
}

/// What is known of it, by names of OpenTelemetry's semantic conventions or of our own.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) Vec<(&'static str, Value)>);

#[derive(Debug)]
pub(super) enum Value {
    Number(u64),
    Text(Box<str>),
    True,
}

/// The longest text that is told, in bytes: what strangers send must not fill the memory.
pub(super) const LONGEST: usize = 1_024;

impl Attributes {
    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            let cut = text.floor_char_boundary(LONGEST);
            self.0.push((name, Value::Text(text[..cut].into())));
        }
    }

    /// Bytes that are most often text, in pieces.
    pub(super) fn pieces<'b>(
        &mut self,
        name: &'static str,
        pieces: impl IntoIterator<Item = &'b [u8]>,
    ) {
        let mut bytes = Vec::new();
        for piece in pieces {
            bytes.extend_from_slice(&piece[..piece.len().min(LONGEST - bytes.len())]);
        }
        self.text(name, &String::from_utf8_lossy(&bytes));
    }

    pub(super) fn maybe(&mut self, name: &'static str, text: Option<&str>) {
        self.text(name, text.unwrap_or_default());
    }

    pub(super) fn number(&mut self, name: &'static str, number: u64) {
        self.0.push((name, Value::Number(number)));
    }

    pub(super) fn flag(&mut self, name: &'static str) {
        self.0.push((name, Value::True));
    }
}

/// A method by a name of the list that OpenTelemetry knows: others are strangers' words.
pub(super) fn method(method: &http::Method) -> &'static str {
    const KNOWN: [&str; 9] =
        ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

/// What a span of such a method begins its name with.
pub(super) fn named_after(method: &'static str) -> &'static str {
    if method == "_OTHER" { "HTTP" } else { method }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_cut_at_a_letter() {
        let mut attributes = Attributes::default();
        attributes.text("long", &"é".repeat(LONGEST));
        attributes.pieces("bytes", [&b"a\xff"[..], &[b'b'; 2 * LONGEST], b"c"]);
        attributes.text("nothing", "");
        let texts: Vec<_> = attributes.0.iter().map(|(_, value)| value).collect();
        let [Value::Text(long), Value::Text(bytes)] = texts[..] else { panic!("{texts:?}") };
        assert_eq!((long.len(), long.chars().next()), (LONGEST, Some('é')));
        assert!(bytes.starts_with("a\u{fffd}b") && bytes.len() <= LONGEST, "{bytes}");
    }

    #[test]
    fn a_strangers_method_is_no_name() {
        let own = http::Method::from_bytes(b"STRANGE").unwrap();
        assert_eq!([method(&own), method(&http::Method::PUT)], ["_OTHER", "PUT"]);
        assert_eq!([named_after("_OTHER"), named_after("PUT")], ["HTTP", "PUT"]);
    }
}
