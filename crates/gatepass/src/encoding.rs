//! CloudFront's base64: the standard alphabet with three symbols exchanged.
//!
//! `+` is written `-`, `/` is written `~`, and the padding `=` is written `_`. This is
//! **not** base64url, where `_` stands for 63. Padding may be missing when read; it is
//! always written.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

/// Text that is not base64 in CloudFront's alphabet.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not base64 in CloudFront's alphabet (A-Z a-z 0-9 - ~, padded with _): {problem}")]
pub struct EncodingError {
    problem: String,
}

impl EncodingError {
    pub(crate) fn too_long(length: usize) -> Self {
        Self { problem: format!("{length} characters are too many") }
    }
}

/// Writes bytes as CloudFront expects them in a cookie or a query parameter.
pub fn encode(bytes: &[u8]) -> String {
    PADDED.encode(bytes)
}

/// Reads what [`encode`] writes, with or without its padding.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, EncodingError> {
    let unpadded = strip_padding(text);
    if unpadded.len() < text.len() && !text.len().is_multiple_of(4) {
        return Err(EncodingError { problem: "the padding has the wrong length".to_owned() });
    }
    UNPADDED.decode(unpadded).map_err(|error| EncodingError { problem: error.to_string() })
}

fn strip_padding(text: &[u8]) -> &[u8] {
    match text {
        [most @ .., b'_', b'_'] | [most @ .., b'_'] => most,
        all => all,
    }
}

fn cloudfront(padding: Option<char>) -> Encoding {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~");
    specification.padding = padding;
    specification.encoding().expect("64 distinct symbols make an encoding")
}

static PADDED: LazyLock<Encoding> = LazyLock::new(|| cloudfront(Some('_')));
static UNPADDED: LazyLock<Encoding> = LazyLock::new(|| cloudfront(None));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_the_three_symbols() {
        assert_eq!(encode(&[0xfb, 0xff, 0xfe, 0xff]), "-~~-~w__");
        assert_eq!(decode(b"-~~-~w__").unwrap(), [0xfb, 0xff, 0xfe, 0xff]);
    }

    #[test]
    fn reads_without_padding() {
        assert_eq!(decode(b"-~~-~w").unwrap(), [0xfb, 0xff, 0xfe, 0xff]);
    }

    #[test]
    fn refuses_standard_base64_and_base64url() {
        for text in [&b"+//+/w=="[..], b"-__-_w", b"-~~-~w_", b"-~~-~w___", b"-~~-~w==", b"%7E%7E"]
        {
            assert!(decode(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }
}
