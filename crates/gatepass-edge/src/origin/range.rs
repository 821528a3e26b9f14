//! The `Range` header: which bytes of a file a viewer asks for.
//!
//! 1. One range is served as it is, cut off at the end of the file.
//! 2. Several are served if each lies within the file, and they ascend and do not overlap,
//!    as CloudFront has it. Else the viewer gets the whole file.
//! 3. One range that has no byte in the file can't be satisfied.
//! 4. A header that is malformed, or of another unit than bytes, counts as absent.
//!
//! The crate `http-range-header` does not fit: it refuses what RFC 9110 allows (a suffix
//! longer than the file, leading zeros, `Bytes=`), and gives the same error for a range
//! that is malformed (`9-3`: ignore it) and one that is out of bounds (answer 416).

use std::ops::RangeInclusive;

/// What to send of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ranges {
    /// All of it.
    Whole,
    /// These bytes: never none, ascending, apart from one another, within the file.
    Parts(Vec<RangeInclusive<u64>>),
    /// Nothing: the range asked for has no byte in the file.
    Unsatisfiable,
}

/// Reads a `Range` header, for a file of that length.
pub fn parse(header: &str, length: u64) -> Ranges {
    let Some(asked) = read(header) else { return Ranges::Whole };
    match asked.as_slice() {
        [] => Ranges::Whole,
        _ if length == 0 => Ranges::Unsatisfiable,
        [one] => one.within(length).map_or(Ranges::Unsatisfiable, |one| Ranges::Parts(vec![one])),
        several => parts(several, length).map_or(Ranges::Whole, Ranges::Parts),
    }
}

/// A range as it is written, before the length of the file is known.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Between { first: u64, last: u64 },
    Last(u64),
}

impl Asked {
    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::Between { first: number(first)?, last: u64::MAX }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Between { first, last })
            }
        }
    }

    /// The bytes of a file that this means, if there are any.
    fn within(self, length: u64) -> Option<RangeInclusive<u64>> {
        let end = length.checked_sub(1)?;
        match self {
            Self::Between { first, last } => (first <= end).then(|| first..=last.min(end)),
            Self::Last(0) => None,
            Self::Last(count) => Some(length.saturating_sub(count)..=end),
        }
    }
}

/// The ranges in the order they are written; nothing if one is malformed or they are many.
fn read(header: &str) -> Option<Vec<Asked>> {
    let (unit, set) = header.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = Vec::new();
    // A list may have empty elements (RFC 9110, section 5.6.1.2).
    for range in set.split(',').map(|range| range.trim_matches([' ', '\t'])) {
        if !range.is_empty() {
            ranges.push(Asked::read(range)?);
        }
        if ranges.len() > MOST {
            return None;
        }
    }
    Some(ranges)
}

/// The ranges, if all are within the file, and each begins after the one before has ended.
fn parts(asked: &[Asked], length: u64) -> Option<Vec<RangeInclusive<u64>>> {
    let parts = asked.iter().map(|range| range.within(length)).collect::<Option<Vec<_>>>()?;
    parts.is_sorted_by(|before, after| before.end() < after.start()).then_some(parts)
}

/// A number of any length. One that is too large for any file is as good as the largest.
fn number(digits: &str) -> Option<u64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// How many ranges are served at once.
const MOST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(set: &str) -> Ranges {
        parse(&format!("bytes={set}"), 100)
    }

    fn parts<const N: usize>(parts: [RangeInclusive<u64>; N]) -> Ranges {
        Ranges::Parts(parts.into())
    }

    #[test]
    fn one_range_is_cut_off_at_the_end_of_the_file() {
        assert_eq!(bytes("0-0"), parts([0..=0]));
        assert_eq!(bytes("10-19"), parts([10..=19]));
        assert_eq!(bytes("90-"), parts([90..=99]));
        assert_eq!(bytes("90-1000"), parts([90..=99]));
        assert_eq!(bytes("-1"), parts([99..=99]));
        assert_eq!(bytes("-100"), parts([0..=99]));
        assert_eq!(bytes("-1000"), parts([0..=99]));
        assert_eq!(bytes("007-08"), parts([7..=8]));
        assert_eq!(bytes("5-99999999999999999999999999"), parts([5..=99]));
        assert_eq!(bytes(" 1-2\t"), parts([1..=2]));
        assert_eq!(bytes(",1-2,,"), parts([1..=2]));
        assert_eq!(parse("BYTES=1-2", 100), parts([1..=2]));
    }

    #[test]
    fn one_range_without_a_byte_is_unsatisfiable() {
        for set in ["100-", "100-200", "-0", "99999999999999999999999999-"] {
            assert_eq!(bytes(set), Ranges::Unsatisfiable, "{set}");
        }
    }

    #[test]
    fn no_range_of_an_empty_file_is_satisfiable() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=0-1,3-4"] {
            assert_eq!(parse(header, 0), Ranges::Unsatisfiable, "{header}");
        }
        assert_eq!(parse("bytes=x", 0), Ranges::Whole);
    }

    #[test]
    fn several_ranges_ascend_and_stay_apart() {
        assert_eq!(bytes("0-4,10-14"), parts([0..=4, 10..=14]));
        assert_eq!(bytes("0-4 , 5-9"), parts([0..=4, 5..=9]));
        assert_eq!(bytes("0-4,90-"), parts([0..=4, 90..=99]));
        assert_eq!(bytes("0-4,-10"), parts([0..=4, 90..=99]));
        for set in ["10-14,0-4", "0-4,4-8", "0-4,100-", "0-4,-0", "0-4,-100", "200-,300-", "0-,5-"]
        {
            assert_eq!(bytes(set), Ranges::Whole, "{set}");
        }
    }

    #[test]
    fn at_most_sixteen_ranges_are_served() {
        let set = |count| (0..count).map(|n| format!("{n}-{n}")).collect::<Vec<_>>().join(",");
        assert!(matches!(bytes(&set(16)), Ranges::Parts(parts) if parts.len() == 16));
        assert_eq!(bytes(&set(17)), Ranges::Whole);
    }

    #[test]
    fn what_is_malformed_counts_as_absent() {
        let malformed = ["", ",", "-", "a-b", "1", "9-3", "1-2-3", "--1", "+1-2", "1 - 2", "1-2;3"];
        for set in malformed.into_iter().chain(["0x1-2", "1-2,x", "٣-٤", "-+5", "1.0-2"]) {
            assert_eq!(bytes(set), Ranges::Whole, "{set}");
        }
        for header in ["", "bytes", "bytes 0-4", "items=0-4", " bytes=0-4", "bytes =0-4", "=0-4"] {
            assert_eq!(parse(header, 100), Ranges::Whole, "{header}");
        }
    }

    #[test]
    fn whatever_is_asked_the_parts_are_within_the_file() {
        every_text(b"0129-, ", 5, &mut |set| {
            for length in [0, 1, 2, 12] {
                if let Ranges::Parts(parts) = parse(&format!("bytes={set}"), length) {
                    assert!(!parts.is_empty());
                    assert!(parts.iter().all(|part| !part.is_empty() && *part.end() < length));
                    assert!(parts.is_sorted_by(|before, after| before.end() < after.start()));
                }
            }
        });
    }

    /// Every text of at most that many letters.
    fn every_text(letters: &[u8], most: usize, visit: &mut impl FnMut(&str)) {
        let mut texts = vec![String::new()];
        for _ in 0..=most {
            for text in &texts {
                visit(text);
            }
            texts = texts
                .iter()
                .flat_map(|text| letters.iter().map(move |&byte| format!("{text}{}", byte as char)))
                .collect();
        }
    }
}
