//! `*` and `?` in linear time: never a regular expression, never a backtrack.

use memchr::memmem;

/// Says whether `pattern` covers the whole of `text`.
///
/// `*` stands for any run of bytes, `?` for exactly one; everything else for itself. The
/// pieces between the stars are found from left to right, each once, so a hostile pattern
/// costs no more than a friendly one of its length.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let Some(first_star) = memchr::memchr(b'*', pattern) else {
        return fits(pattern, text);
    };
    let last_star = memchr::memrchr(b'*', &pattern[first_star + 1..])
        .map_or(first_star, |after| first_star + 1 + after);
    let (head, tail) = (&pattern[..first_star], &pattern[last_star + 1..]);
    if text.len() < head.len() + tail.len() {
        return false;
    }
    let (start, rest) = text.split_at(head.len());
    let (middle, end) = rest.split_at(rest.len() - tail.len());
    if !fits(head, start) || !fits(tail, end) {
        return false;
    }
    if first_star == last_star {
        return true;
    }
    let pieces = pattern[first_star..last_star].split(|&byte| byte == b'*');
    let mut unread = Some(middle);
    for piece in pieces {
        unread = unread.and_then(|text| after(piece, text));
    }
    unread.is_some()
}

fn fits(piece: &[u8], text: &[u8]) -> bool {
    piece.len() == text.len()
        && (piece == text || piece.iter().zip(text).all(|(&p, &t)| p == t || p == b'?'))
}

/// What follows the first occurrence of `piece`.
fn after<'t>(piece: &[u8], text: &'t [u8]) -> Option<&'t [u8]> {
    let start = if piece.is_empty() {
        0
    } else if memchr::memchr(b'?', piece).is_none() {
        memmem::find(text, piece)?
    } else {
        find_with_blanks(piece, text)?
    };
    Some(&text[start + piece.len()..])
}

/// Finds a piece that holds `?` by Shift-And: all its possible beginnings at once, a bit each.
fn find_with_blanks(piece: &[u8], text: &[u8]) -> Option<usize> {
    let words = piece.len().div_ceil(64);
    let mut may_be = vec![0_u64; 256 * words];
    for (at, &wanted) in piece.iter().enumerate() {
        let (word, bit) = (at / 64, 1 << (at % 64));
        if wanted == b'?' {
            (0..256).for_each(|byte| may_be[byte * words + word] |= bit);
        } else {
            may_be[usize::from(wanted) * words + word] |= bit;
        }
    }
    let (last_word, last_bit) = ((piece.len() - 1) / 64, 1_u64 << ((piece.len() - 1) % 64));
    let mut read = vec![0_u64; words];
    for (at, &byte) in text.iter().enumerate() {
        let mut carry = 1;
        for (word, state) in read.iter_mut().enumerate() {
            let shifted = (*state << 1) | carry;
            carry = *state >> 63;
            *state = shifted & may_be[usize::from(byte) * words + word];
        }
        if read[last_word] & last_bit != 0 {
            return Some(at + 1 - piece.len());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_another_matcher(
            pattern in "[ab*?]{0,12}", long in "[ab?]{60,70}", text in "[ab]{0,80}",
        ) {
            for pattern in [pattern.clone(), format!("*{long}{pattern}"), format!("*{pattern}*")] {
                let other = wildmatch::WildMatch::new(&pattern).matches(&text);
                prop_assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), other, "{} {}", pattern, text);
            }
        }
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let text = [b'a'].repeat(8_192);
        assert!(!glob(&b"*a".repeat(4_000), &[b'b'; 8_192]));
        assert!(!glob(&[&b"*a?".repeat(2_000)[..], b"*b"].concat(), &text));
        let blanks = [&b"*"[..], &b"a?".repeat(2_000), b"b*"].concat();
        assert!(!glob(&blanks, &text));
    }
}
