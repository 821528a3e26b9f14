//! Writing by hand: formatting would cost as much as the rest of the request.

use std::io::Write;
use std::net::IpAddr;

use percent_encoding::percent_encode_byte;

pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn address(out: &mut Vec<u8>, address: IpAddr) {
    let IpAddr::V4(address) = address else {
        return drop(write!(out, "{address}"));
    };
    for (nth, octet) in address.octets().into_iter().enumerate() {
        if nth > 0 {
            out.push(b'.');
        }
        number(out, octet.into());
    }
}

pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    text(out, itoa::Buffer::new().format(number));
}

/// A number with zeros in front.
pub(super) fn padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number);
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    text(out, digits);
}

/// Writes what a viewer sent into a JSON string, where it stays. What is no UTF-8 becomes the
/// replacement character.
pub(super) fn json(out: &mut Vec<u8>, bytes: &[u8]) {
    let is_special = |byte: u8| !matches!(byte, 0x20..0x7f) || matches!(byte, b'"' | b'\\');
    // Without an early end, so that the compiler looks at many at once.
    if !bytes.iter().fold(false, |found, byte| found | is_special(*byte)) {
        return out.extend_from_slice(bytes);
    }
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let _ = match letter {
                '"' | '\\' => write!(out, "\\{letter}"),
                // Some readers take these two for the end of a line.
                '\u{2028}' | '\u{2029}' => write!(out, "\\u{:04x}", u32::from(letter)),
                letter if letter.is_control() => write!(out, "\\u{:04x}", u32::from(letter)),
                letter => write!(out, "{letter}"),
            };
        }
        if !chunk.invalid().is_empty() {
            text(out, "\u{fffd}");
        }
    }
}

/// What CloudFront's logs encode: 0 to 32, 127 and above, and these.
const IS_ENCODED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = byte <= 32 || byte >= 127;
        byte += 1;
    }
    let more = b"\"#%'<>[\\]^`{|}~";
    let mut nth = 0;
    while nth < more.len() {
        table[more[nth] as usize] = true;
        nth += 1;
    }
    table
};

/// Writes what a viewer sent as CloudFront does: it can't leave its field.
pub(super) fn percent(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| IS_ENCODED[usize::from(*byte)]) {
        out.extend_from_slice(&rest[..at]);
        text(out, percent_encode_byte(rest[at]));
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_a_viewer_writes_stays_inside_its_string() {
        let hostile = "a\"b\\c\r\n\t\u{0}\u{7f}\u{85}\u{2028}é".as_bytes();
        let expected = r#"a\"b\\c\u000d\u000a\u0009\u0000\u007f\u0085\u2028é"#;
        assert_eq!(written(|out| json(out, hostile)), expected);
        assert_eq!(written(|out| json(out, b"a\xff\xc3b")), "a\u{fffd}\u{fffd}b");
        assert_eq!(written(|out| json(out, b"plain")), "plain");
    }

    #[test]
    fn what_a_viewer_writes_stays_inside_its_field() {
        let hostile = "a b\t\r\n\"%'~é".as_bytes();
        assert_eq!(written(|out| percent(out, hostile)), "a%20b%09%0D%0A%22%25%27%7E%C3%A9");
        assert_eq!(written(|out| percent(out, b"\xff/a-b_c.d?e=f&g")), "%FF/a-b_c.d?e=f&g");
    }

    #[test]
    fn numbers_and_addresses_are_as_everybody_writes_them() {
        assert_eq!(written(|out| number(out, 0)), "0");
        assert_eq!(written(|out| number(out, u64::MAX)), u64::MAX.to_string());
        assert_eq!(written(|out| padded(out, 7, 3)), "007");
        assert_eq!(written(|out| padded(out, 1234, 3)), "1234");
        for text in ["0.0.0.0", "192.0.2.255", "2001:db8::1"] {
            assert_eq!(written(|out| address(out, text.parse().unwrap())), text);
        }
    }
}
