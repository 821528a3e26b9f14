//! What is wrong with a configuration, each with line and column.

use std::fmt;
use std::ops::Range;

use gatepass_distribution::Mistake;

use super::table::Reader;

/// Every mistake of one file, in the order of its lines.
#[derive(Debug)]
pub(crate) struct Mistakes(Vec<Located>);

#[derive(Debug)]
struct Located {
    line: usize,
    column: usize,
    problem: String,
}

impl Mistakes {
    pub(super) fn of_syntax(text: &str, errors: &[toml::de::Error]) -> Self {
        let found = errors.iter().map(|error| {
            let problem = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            (error.span().unwrap_or_default(), problem)
        });
        Self::located(text, found)
    }

    /// Those of the reader, and those that the snapshot's check found.
    pub(super) fn found(text: &str, reader: Reader, checked: &[Mistake]) -> Self {
        let places = reader.places.into_inner();
        let place = |path: &str| {
            let mut path = path;
            loop {
                if let Some(place) = places.get(path) {
                    return place.clone();
                }
                // What is missing is told where it should be.
                match path.rfind(['.', '[']) {
                    Some(end) => path = &path[..end],
                    None => return 0..0,
                }
            }
        };
        let checked = checked.iter().map(|one| (place(&one.at), one.problem.clone()));
        Self::located(text, reader.mistakes.into_inner().into_iter().chain(checked))
    }

    fn located(text: &str, found: impl Iterator<Item = (Range<usize>, String)>) -> Self {
        let mut located: Vec<_> = found
            .map(|(place, problem)| {
                let before = &text[..floor(text, place.start)];
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                Located {
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                    problem,
                }
            })
            .collect();
        located.sort_by_key(|one| (one.line, one.column));
        Self(located)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// One line for each: `file:line:column: problem`.
    pub(crate) fn lines(&self, file: &dyn fmt::Display) -> String {
        let lines =
            self.0.iter().map(|one| format!("{file}:{}:{}: {}", one.line, one.column, one.problem));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
