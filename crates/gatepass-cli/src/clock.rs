//! What time it is, and what a time on the command line means.
//!
//! A time is RFC 3339 (`2026-01-01T18:00:00Z`), epoch seconds (`1767290400`), or a span from
//! now (`1h30m`). Two things are refused because they are mistakes more often than not:
//! milliseconds, and a date that does not say where it is that late.
//!
//! This is the only file that reads the system's clock.

use gatepass::{EpochTime, EpochTimeError};
use jiff::{Timestamp, civil::DateTime};

use crate::words::Failure;

/// The system's clock, or one that stands still (`--now`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Option<EpochTime>);

impl Clock {
    /// The system's clock, unless there is a `--now`.
    pub(crate) fn new(now: Option<&str>) -> Result<Self, Failure> {
        now.map(|text| Self(None).read(text, "--now")).transpose().map(Self)
    }

    pub(crate) fn now(self) -> EpochTime {
        self.0.unwrap_or_else(now)
    }

    /// Reads a time that somebody typed behind `flag`.
    pub(crate) fn read(self, text: &str, flag: &str) -> Result<EpochTime, Failure> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            return text.parse().map_err(|error| not_seconds(&error).at(flag));
        }
        if let Some(seconds) = span(text) {
            return Ok(self.now().plus(seconds));
        }
        match text.parse::<Timestamp>().map(Timestamp::as_second) {
            Ok(seconds) => u64::try_from(seconds)
                .ok()
                .and_then(|seconds| EpochTime::new(seconds).ok())
                .ok_or_else(|| Failure::new(format!("{flag}: {text} is before 1970"))),
            Err(_) => Err(not_a_time(text).at(flag)),
        }
    }
}

/// What the system's clock says.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn now() -> EpochTime {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since_epoch.map_or(1, |time| time.as_secs());
    EpochTime::new(seconds.max(1)).expect("the clock stands before the year 292 billion")
}

/// The same to the nanosecond, for spans.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub(crate) fn precise() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// Seconds in a span such as `7d`, `1h30m` or `90s`: each unit once, from large to small.
fn span(text: &str) -> Option<u64> {
    const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?);
        let letter = after.chars().next()?;
        let (_, seconds) = units.find(|(unit, _)| *unit == letter)?;
        total = digits.parse::<u64>().ok()?.checked_mul(*seconds)?.checked_add(total)?;
        rest = &after[letter.len_utf8()..];
    }
    (!text.is_empty()).then_some(total)
}

fn not_seconds(error: &EpochTimeError) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        EpochTimeError::Milliseconds(found) => failure.hint(format!("write {}", found / 1000)),
        _ => failure.hint(HOW_TO_WRITE),
    }
}

fn not_a_time(text: &str) -> Failure {
    if let Ok(local) = text.parse::<DateTime>() {
        return Failure::new(format!("{text} does not say in which time zone"))
            .hint(format!("write {local}Z for UTC, or {local}+02:00 where it is two hours later"));
    }
    let shown: String = text.chars().take(40).collect();
    Failure::new(format!("{shown:?} is not a time")).hint(HOW_TO_WRITE)
}

const HOW_TO_WRITE: &str =
    "write 2026-01-01T18:00:00Z, or epoch seconds, or a span from now such as 1h30m or 7d";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, String> {
        let clock = Clock(Some(EpochTime::new(1_767_225_600).unwrap()));
        clock
            .read(text, "--now")
            .map(EpochTime::seconds)
            .map_err(|failure| failure.sentence().to_owned())
    }

    #[test]
    fn reads_dates_seconds_and_spans() {
        for (text, seconds) in [
            ("2026-01-01T18:00:00Z", 1_767_290_400),
            ("2026-01-01T18:00:00.000Z", 1_767_290_400),
            ("2026-01-01T20:00:00+02:00", 1_767_290_400),
            ("1767290400", 1_767_290_400),
            ("1h", 1_767_229_200),
            ("1h30m", 1_767_231_000),
            ("90s", 1_767_225_690),
            ("7d", 1_767_830_400),
            ("0s", 1_767_225_600),
        ] {
            assert_eq!(read(text), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_likely_a_mistake() {
        for text in [
            "",
            "soon",
            "1",
            "h",
            "1w",
            "1m1h",
            "1h1h",
            "1.5h",
            "-1h",
            "1767290400000",
            "2026-01-01T18:00:00",
            "2026-01-01",
            "1969-12-31T23:59:59Z",
            "99999999999999999999d",
        ] {
            assert_eq!(read(text).is_ok(), text == "1", "{text}");
        }
    }
}
