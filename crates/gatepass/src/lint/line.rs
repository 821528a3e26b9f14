//! A `Set-Cookie` line as a browser reads it (RFC 6265, section 5.2), and lines that
//! together set one pass.

use crate::cookies::{CookieName, PREFIX};

/// One cookie and its attributes.
pub(super) struct Line<'a> {
    name: &'a str,
    value: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Line<'a> {
    /// Reads a line, with or without the header's name.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let mut pieces = without_header_name(text).split(';');
        let (name, value) = pieces.next()?.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return None;
        }
        let attribute = |piece: &'a str| piece.split_once('=').unwrap_or((piece, ""));
        let attributes = pieces.map(attribute).map(|(name, value)| (name.trim(), value.trim()));
        Some(Self { name, value: value.trim(), attributes: attributes.collect() })
    }

    pub(super) const fn name(&self) -> &'a str {
        self.name
    }

    pub(super) const fn value(&self) -> &'a str {
        self.value
    }

    /// The value of an attribute. Of one given twice, the last counts.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut attributes = self.attributes.iter().rev();
        attributes.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Says whether the line removes the cookie instead of setting it.
    pub(super) fn takes_away(&self) -> bool {
        let is_past = |age: &str| age.starts_with('-') || age == "0";
        self.attribute("Max-Age").is_some_and(is_past)
            || (self.value.is_empty() && self.attribute("Expires").is_some())
    }
}

/// The lines that set one pass, at most one for each part.
pub(super) struct Set<'a> {
    key_id: Option<Box<str>>,
    lines: Vec<(CookieName, Line<'a>)>,
}

impl<'a> Set<'a> {
    pub(super) const fn new(key_id: Option<Box<str>>) -> Self {
        Self { key_id, lines: Vec::new() }
    }

    /// Says whether it is of this naming, and has no such part yet.
    pub(super) fn lacks(&self, part: CookieName, key_id: Option<&str>) -> bool {
        self.key_id.as_deref() == key_id && self.lines.iter().all(|(known, _)| *known != part)
    }

    pub(super) fn put(&mut self, part: CookieName, line: Line<'a>) {
        self.lines.push((part, line));
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Line<'a>> {
        self.lines.iter().map(|(_, line)| line)
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (CookieName, &Line<'a>)> {
        self.lines.iter().map(|(part, line)| (*part, line))
    }
}

/// Takes apart what was joined by commas or semicolons, where a cookie of ours begins.
pub(super) fn unfold(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices([',', ';']) {
        let next = line[at + 1..].trim_start();
        let is_ours = next
            .get(..PREFIX.len())
            .is_some_and(|beginning| beginning.eq_ignore_ascii_case(PREFIX))
            && next.contains('=');
        if is_ours {
            pieces.push(&line[start..at]);
            start = at + 1;
        }
    }
    pieces.push(&line[start..]);
    pieces
}

fn without_header_name(text: &str) -> &str {
    const HEADER: &str = "set-cookie:";
    let text = text.trim();
    match text.split_at_checked(HEADER.len()) {
        Some((header, rest)) if header.eq_ignore_ascii_case(HEADER) => rest.trim_start(),
        _ => text,
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
