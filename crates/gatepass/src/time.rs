//! Moments in whole seconds, and the span in which a pass admits. Nobody here reads a clock.

use std::fmt;
use std::str::FromStr;

/// Seconds since 1970-01-01T00:00:00Z, from 1 to 2^63 - 1.
///
/// Shown as RFC 3339 with the number behind it, as far as the year has four digits.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EpochTime(u64);

/// A number that cannot be a time in a policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EpochTimeError {
    /// The number looks like milliseconds, as JavaScript's `Date.now()` gives them.
    #[error("{0} looks like milliseconds; CloudFront counts in whole seconds")]
    Milliseconds(u64),
    /// The number is 0 or above 2^63 - 1.
    #[error("{0} is out of range: expected seconds from 1 to 9223372036854775807")]
    OutOfRange(u64),
    /// The text is not a plain decimal number.
    #[error("{0:?} is not a time: expected decimal digits, not starting with 0")]
    NotANumber(Box<str>),
}

impl EpochTime {
    /// Takes seconds.
    pub const fn new(seconds: u64) -> Result<Self, EpochTimeError> {
        match seconds {
            1..=0x7fff_ffff_ffff_ffff => Ok(Self(seconds)),
            _ => Err(EpochTimeError::OutOfRange(seconds)),
        }
    }

    /// Takes seconds that somebody wrote into a pass; refuses what looks like milliseconds.
    pub const fn in_pass(seconds: u64) -> Result<Self, EpochTimeError> {
        match seconds {
            1_000_000_000_000..=100_000_000_000_000 => Err(EpochTimeError::Milliseconds(seconds)),
            _ => Self::new(seconds),
        }
    }

    /// The seconds since the epoch.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Later by so many seconds, at most the latest time there is.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds).min(i64::MAX as u64))
    }

    /// Seconds from `earlier` to here; 0 if that is not earlier.
    pub const fn seconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Reads the text of a canned pass's `Expires`: decimal digits, no sign, no leading zero.
impl FromStr for EpochTime {
    type Err = EpochTimeError;

    fn from_str(text: &str) -> Result<Self, EpochTimeError> {
        let is_plain = (1..=19).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        if !is_plain {
            return Err(EpochTimeError::NotANumber(text.chars().take(40).collect()));
        }
        let seconds = text.parse().map_err(|_| EpochTimeError::NotANumber(text.into()))?;
        Self::in_pass(seconds)
    }
}

impl fmt::Display for EpochTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const END_OF_YEAR_9999: u64 = 253_402_300_799;
        if self.0 > END_OF_YEAR_9999 {
            return write!(f, "{}", self.0);
        }
        let (year, month, day) = civil(self.0 / 86_400);
        let (hour, minute, second) = (self.0 / 3600 % 24, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z ({})", self.0)
    }
}

/// The date of a day counted from 1970-01-01, by Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468; // days since 0000-03-01
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The span in which a pass admits: after its start, if it has one, and before its expiry.
///
/// Both ends are outside, as CloudFront documents: "no access on or before" the start, and
/// none from the expiry's second on. There is no leeway for clocks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    after: Option<EpochTime>,
    before: EpochTime,
}

/// Where a moment lies, seen from a [`Window`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth place")]
pub enum Moment {
    /// At the start or earlier.
    TooEarly,
    /// After the start and before the expiry.
    Inside,
    /// At the expiry or later.
    TooLate,
}

impl Window {
    /// Open at once, until `expiry`.
    pub const fn until(expiry: EpochTime) -> Self {
        Self { after: None, before: expiry }
    }

    /// The same, but closed up to and including `start`.
    #[must_use]
    pub const fn after(self, start: EpochTime) -> Self {
        Self { after: Some(start), ..self }
    }

    /// The last second in which it is still closed (`DateGreaterThan`).
    pub const fn start(&self) -> Option<EpochTime> {
        self.after
    }

    /// The first second in which it is closed again (`DateLessThan`).
    pub const fn expiry(&self) -> EpochTime {
        self.before
    }

    /// Says where `now` lies.
    pub fn place(&self, now: EpochTime) -> Moment {
        if self.after.is_some_and(|start| now <= start) {
            Moment::TooEarly
        } else if now < self.before {
            Moment::Inside
        } else {
            Moment::TooLate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> EpochTime {
        EpochTime::new(seconds).unwrap()
    }

    #[test]
    fn closes_on_the_second_it_expires() {
        let window = Window::until(at(100)).after(at(50));
        assert_eq!(window.place(at(50)), Moment::TooEarly);
        assert_eq!(window.place(at(51)), Moment::Inside);
        assert_eq!(window.place(at(99)), Moment::Inside);
        assert_eq!(window.place(at(100)), Moment::TooLate);
    }

    #[test]
    fn refuses_milliseconds_and_odd_digits() {
        assert!(matches!(
            "1767290400000".parse::<EpochTime>(),
            Err(EpochTimeError::Milliseconds(_))
        ));
        for text in ["", "0", "007", "+7", "-7", "7.0", "7e3", " 7", "9223372036854775808", "７"] {
            assert!(text.parse::<EpochTime>().is_err(), "{text}");
        }
        assert_eq!("9223372036854775807".parse::<EpochTime>().unwrap().seconds(), i64::MAX as u64);
    }

    #[test]
    fn shows_the_date_and_the_number() {
        assert_eq!(at(1_767_290_400).to_string(), "2026-01-01T18:00:00Z (1767290400)");
        assert_eq!(at(951_782_400).to_string(), "2000-02-29T00:00:00Z (951782400)");
        assert_eq!(at(253_402_300_799).to_string(), "9999-12-31T23:59:59Z (253402300799)");
        assert_eq!(at(253_402_300_800).to_string(), "253402300800");
    }
}
