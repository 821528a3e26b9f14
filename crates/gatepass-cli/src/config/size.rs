//! Sizes as operators write them: `"512 KiB"`, `"256 MiB"`, `"10 GiB"`.
//!
//! Units of 1024 only. `MB` means two things to two people, and is refused.

use std::ops::RangeInclusive;

use super::table::Value;

/// Reads a size within bounds, in bytes.
pub(super) fn read(value: &Value<'_>, bounds: RangeInclusive<u64>) -> Option<u64> {
    let text = value.text()?;
    let Some(bytes) = parse(text) else {
        value.mistake(format!(
            "{text:?} is no size: expected a whole number and a unit, such as 512 KiB, 256 MiB or 10 GiB"
        ));
        return None;
    };
    if !bounds.contains(&bytes) {
        let (least, most) = (written(*bounds.start()), written(*bounds.end()));
        value.mistake(format!("{text:?} is out of bounds: expected {least} to {most}"));
        return None;
    }
    Some(bytes)
}

pub(super) const KIB: u64 = 1 << 10;

pub(super) const MIB: u64 = 1 << 20;

pub(super) const TIB: u64 = 1 << 40;

const UNITS: [(&str, u64); 4] = [("KiB", KIB), ("MiB", MIB), ("GiB", 1 << 30), ("TiB", TIB)];

fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*bytes)
}

fn written(bytes: u64) -> String {
    let (name, unit) =
        UNITS.iter().rev().find(|(_, unit)| bytes.is_multiple_of(*unit)).unwrap_or(&("bytes", 1));
    format!("{} {name}", bytes / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_of_units_of_1024() {
        assert_eq!(parse("512 KiB"), Some(512 * 1024));
        assert_eq!(parse("256MiB"), Some(256 << 20));
        assert_eq!(parse("10 GiB"), Some(10 << 30));
        assert_eq!(parse("0 KiB"), Some(0));
        for text in
            ["", "10", "KiB", "1.5 GiB", "-1 KiB", "+1 KiB", "1  KiB", "1 MB", "1 mib", "1 KiB "]
        {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_no_number_holds_is_refused() {
        assert_eq!(parse("16777215 TiB"), Some(16_777_215 << 40));
        assert_eq!(parse("16777216 TiB"), None);
        assert_eq!(parse("99999999999999999999 KiB"), None);
    }

    #[test]
    fn bounds_are_told_in_the_largest_whole_unit() {
        assert_eq!(written(64 * KIB), "64 KiB");
        assert_eq!(written(8 * MIB), "8 MiB");
        assert_eq!(written(16 * TIB), "16 TiB");
    }
}
