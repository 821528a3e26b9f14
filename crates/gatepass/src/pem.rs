//! PEM as people really have it: a byte order mark, CRLF, bag attributes, indentation, no
//! line breaks, literal `\n` from an environment variable, or the whole file in base64.
//!
//! The field's PEM libraries refuse most of these, which is why this reader is our own.

use data_encoding::{BASE64, BASE64_MIME_PERMISSIVE, BASE64URL_NOPAD};
use zeroize::Zeroizing;

/// Key files are a few kilobytes; this is generous.
const MAX_BYTES: usize = 256 * 1024;

/// One key as found: what its PEM label says it is (none if it was bare DER), and its DER.
pub(crate) struct Found {
    pub(crate) label: Option<String>,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PemError {
    #[error("there is nothing in it")]
    Empty,
    #[error("it has no -----BEGIN …----- line and is not DER either")]
    NoKey,
    #[error("it holds {0} and no {1}")]
    NoneWanted(String, &'static str),
    #[error("it is encrypted in the old way of PKCS#1 (Proc-Type: 4,ENCRYPTED)")]
    OldEncryption,
    #[error("its {0} block is broken: {1}")]
    Broken(String, &'static str),
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLong,
    #[error("it is UTF-16 text")]
    Utf16,
}

/// Finds the first block with one of the `wanted` labels, or takes the bytes as DER.
pub(crate) fn find(bytes: &[u8], wanted: &[&str], called: &'static str) -> Result<Found, PemError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes {
        _ if is_der(bytes) => {
            return Ok(Found { label: None, der: Zeroizing::new(bytes.to_vec()) });
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(PemError::Utf16),
        _ if bytes.len() > MAX_BYTES => return Err(PemError::TooLong),
        _ if bytes.trim_ascii().is_empty() => return Err(PemError::Empty),
        _ => {}
    }
    let text = Zeroizing::new(String::from_utf8_lossy(bytes).into_owned());
    if text.contains(BEGIN) {
        return find_block(&unescape(&text), wanted, called);
    }
    let compact = Zeroizing::new(text.split_whitespace().collect::<String>());
    let inner = base64(&compact).ok_or(PemError::NoKey)?;
    let is_key = is_der(&inner) || memchr::memmem::find(&inner, BEGIN.as_bytes()).is_some();
    if is_key { find(&inner, wanted, called) } else { Err(PemError::NoKey) }
}

/// Writes a block with lines of 64 letters.
pub(crate) fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(BASE64.encode(der));
    let mut pem = Zeroizing::new(format!("{BEGIN}{label}-----\n"));
    for line in body.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&letter| char::from(letter)));
        pem.push('\n');
    }
    for text in ["-----END ", label, "-----\n"] {
        pem.push_str(text);
    }
    pem
}

fn find_block(text: &str, wanted: &[&str], called: &'static str) -> Result<Found, PemError> {
    let mut seen = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, body) = block.split_once("-----").ok_or(PemError::NoKey)?;
        let end = format!("-----END {label}-----");
        let Some((body, after)) = body.split_once(&end) else {
            return Err(PemError::Broken(shown(label), "its END line is missing"));
        };
        if wanted.contains(&label) {
            return decode_block(label, body);
        }
        seen.push(shown(label));
        rest = after;
    }
    Err(PemError::NoneWanted(seen.join(", "), called))
}

fn decode_block(label: &str, body: &str) -> Result<Found, PemError> {
    if body.contains("Proc-Type:") {
        return Err(PemError::OldEncryption);
    }
    let compact = Zeroizing::new(body.split_whitespace().collect::<String>());
    let der = BASE64
        .decode(compact.as_bytes())
        .map_err(|_| PemError::Broken(shown(label), "what is inside is not base64"))?;
    Ok(Found { label: Some(label.to_owned()), der: Zeroizing::new(der) })
}

/// Says whether the bytes are one DER sequence, to the last of them.
fn is_der(bytes: &[u8]) -> bool {
    let (length, rest) = match bytes {
        [0x30, length @ ..=0x7f, rest @ ..] | [0x30, 0x81, length, rest @ ..] => {
            (usize::from(*length), rest)
        }
        [0x30, 0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return false,
    };
    length == rest.len()
}

/// Undoes what environment variables and JSON do to line breaks and quotes.
fn unescape(text: &str) -> Zeroizing<String> {
    let newlines = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    Zeroizing::new(newlines.replace(['"', '\''], ""))
}

fn base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    BASE64_MIME_PERMISSIVE
        .decode(text.as_bytes())
        .or_else(|_| BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()))
        .ok()
        .map(Zeroizing::new)
}

fn shown(label: &str) -> String {
    label.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

const BEGIN: &str = "-----BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: [&str; 1] = ["PUBLIC KEY"];

    fn der(bytes: &[u8]) -> Result<Vec<u8>, PemError> {
        find(bytes, &WANTED, "public key").map(|found| found.der.to_vec())
    }

    #[test]
    fn reads_every_common_spelling() {
        let pem = write("PUBLIC KEY", b"0123456789");
        let one_line = pem.replace('\n', "");
        for spelling in [
            pem.to_string(),
            pem.replace('\n', "\r\n"),
            format!("\u{feff}{}", *pem),
            format!("Bag Attributes\n    friendlyName: x\n{}", *pem),
            format!("-----BEGIN EC PARAMETERS-----\nBgg=\n-----END EC PARAMETERS-----\n{}", *pem),
            pem.trim_end().to_owned(),
            pem.replace('\n', "\n    "),
            one_line,
            pem.replace('\n', "\\n"),
            format!("\"{}\"", pem.replace('\n', "\\r\\n")),
            BASE64.encode(pem.as_bytes()),
            format!("{}\n", BASE64.encode(pem.as_bytes())),
        ] {
            assert_eq!(der(spelling.as_bytes()).unwrap(), b"0123456789", "{spelling}");
        }
        for length in [3, 0x59, 0x77, 0x7f] {
            let bare = [&[0x30, length][..], &vec![1; usize::from(length)]].concat();
            assert_eq!(der(&bare).unwrap(), bare);
            assert_eq!(der(BASE64.encode(&bare).as_bytes()).unwrap(), bare);
        }
        let long = [&[0x30, 0x82, 1, 2][..], &[1; 0x102]].concat();
        assert_eq!(der(&long).unwrap(), long);
        assert_eq!(der(b"0Y is text that begins with a zero").unwrap_err(), PemError::NoKey);
    }

    #[test]
    fn says_what_it_saw() {
        let ssh = write("OPENSSH PRIVATE KEY", b"x");
        assert_eq!(der(b" \n").unwrap_err(), PemError::Empty);
        assert_eq!(der(b"K2JCJMDEHXQW5F").unwrap_err(), PemError::NoKey);
        assert_eq!(der(b"\xff\xfe-\0").unwrap_err(), PemError::Utf16);
        assert_eq!(
            der(ssh.as_bytes()).unwrap_err(),
            PemError::NoneWanted("OPENSSH PRIVATE KEY".to_owned(), "public key")
        );
        assert!(matches!(der(b"-----BEGIN PUBLIC KEY-----\nAA"), Err(PemError::Broken(..))));
        assert!(matches!(
            der(b"-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----"),
            Err(PemError::Broken(..))
        ));
    }

    #[test]
    fn base64_of_base64_of_pem_is_no_endless_matter() {
        let mut text = write("PUBLIC KEY", b"x").to_string();
        for _ in 0..3 {
            text = BASE64.encode(text.as_bytes());
        }
        assert!(der(text.as_bytes()).is_err());
    }
}
