//! What Gatepass costs, beside what others cost, in one run on the same core.
//!
//! Figures drift with the machine, so what counts are the ratios within a run. A timing
//! decides nothing: this program measures and prints.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "printing figures is all that it does")]
#![expect(clippy::disallowed_methods, reason = "xtask hands over the peers' paths by environment")]

mod certificate;
mod contender;
mod edge;
mod generator;
mod issue;
mod keys;
mod new_passes;
mod openssl;
mod pass;
mod servers;
mod size;
mod statistics;

use std::process::ExitCode;

/// What goes wrong here is told and ends the run.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match *words {
        ["pass"] => pass::bench(),
        ["pass-loop", name, count] => pass::repeat(name, count),
        ["edge", ref rest @ ..] => edge::bench(rest),
        ["size", ref rest @ ..] => size::bench(rest),
        ["issue"] => issue::bench(),
        _ => Err("say what to measure: pass, edge, size, or issue".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
