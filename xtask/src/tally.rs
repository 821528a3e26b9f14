//! How many checks passed and failed, read from what the test runners say at their end.

use std::{fmt, ops::AddAssign};

/// Checks that ran. A stage that could not run counts as one failure.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) ignored: usize,
}

impl Tally {
    pub(crate) const ONE_FAILED: Self = Self { passed: 0, failed: 1, ignored: 0 };
    pub(crate) const ONE_PASSED: Self = Self { passed: 1, failed: 0, ignored: 0 };

    /// Reads the closing line of one test binary, as `cargo test` prints it.
    pub(crate) fn of_rust(line: &str) -> Option<Self> {
        let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
        Self::of_counts(counts, ';')
    }

    /// Reads `N passed, N failed`, perhaps after one word and a colon.
    pub(crate) fn of_closing_line(line: &str) -> Option<Self> {
        let counts = match line.split_once(": ") {
            Some((word, counts)) if !word.contains(' ') => counts,
            _ => line,
        };
        Self::of_counts(counts, ',')
    }

    fn of_counts(counts: &str, between: char) -> Option<Self> {
        let count = |what: &str| {
            counts
                .split(between)
                .find_map(|part| part.trim().strip_suffix(what)?.trim_end().parse().ok())
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            ignored: count("ignored").unwrap_or(0),
        })
    }

    pub(crate) const fn ran_nothing(&self) -> bool {
        self.passed + self.failed == 0
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_cargo_test_says_at_the_end_of_a_binary() {
        let line = "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 1 filtered out; finished in 0.02s";
        assert_eq!(Tally::of_rust(line), Some(Tally { passed: 12, failed: 0, ignored: 3 }));
        let line = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::of_rust(line), Some(Tally { passed: 1, failed: 2, ignored: 0 }));
    }

    #[test]
    fn reads_a_closing_line_with_and_without_a_word_before_it() {
        let told = Tally { passed: 7, failed: 1, ignored: 0 };
        assert_eq!(Tally::of_closing_line("7 passed, 1 failed"), Some(told));
        assert_eq!(Tally::of_closing_line("signers: 7 passed, 1 failed"), Some(told));
        assert_eq!(Tally::of_closing_line(&told.to_string()), Some(told));
    }

    #[test]
    fn does_not_take_other_lines_for_closing_lines() {
        assert_eq!(Tally::of_closing_line("all 7 passed"), None);
        assert_eq!(Tally::of_rust("running 12 tests"), None);
    }
}
