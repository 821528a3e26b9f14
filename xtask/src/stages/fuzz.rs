//! The stage and the chore `fuzz`: the targets of `fuzz/`, on stable Rust, without cargo-fuzz.
//!
//! libFuzzer wants code that counts its branches and shows it its comparisons. The compiler passes
//! for that are LLVM's and there on stable; only the sanitizers, which cargo-fuzz adds, are not.

mod build;
mod verdict;

use std::{
    collections::VecDeque,
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
    thread,
};

use crate::{
    checkout::{self, Checkout},
    failure::Failure,
    process, say,
    tally::Tally,
};

/// The stage: each target for a while, two at a time.
pub(super) fn run(checkout: &Checkout) -> Result<Tally, Failure> {
    let seconds = super::seconds("GATEPASS_FUZZ_SECONDS", STAGE_SECONDS)?;
    let targets = build::targets(checkout)?;
    build::build(checkout, &targets)?;
    say::step(&format!("fuzzing {} for {seconds} s each", targets.join(", ")));
    let queue = Mutex::new(VecDeque::from_iter(&targets));
    let total = Mutex::new(Tally::default());
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        while let Some(target) = take() {
            let tally = told(fuzz(checkout, target, seconds));
            *total.lock().unwrap_or_else(PoisonError::into_inner) += tally;
        }
    };
    thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(work))));
    Ok(total.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The chore: one target for as long as asked, or on one file that made it fail.
pub(crate) fn one(checkout: &Checkout, words: &[&str]) -> Result<(), Failure> {
    let targets = build::targets(checkout)?;
    let (target, rest) = match words {
        [target, rest @ ..] if targets.iter().any(|name| name == target) => (*target, rest),
        _ => {
            return Err(Failure::new("fuzz takes the name of a target")
                .hint(format!("the targets are {}", targets.join(", "))));
        }
    };
    build::build(checkout, &[target.to_owned()])?;
    let asked = rest.first().copied().unwrap_or(CHORE_SECONDS);
    match asked.parse() {
        Ok(seconds) => {
            say::step(&format!("fuzzing {target} for {seconds} s"));
            say::step(&fuzz(checkout, target, seconds)?);
            Ok(())
        }
        Err(_) if Path::new(asked).is_file() => {
            process::aloud(Command::new(build::binary(checkout, target)?).arg(asked))
        }
        Err(_) => Err(Failure::new(format!("{asked:?} is neither a number of seconds nor a file"))),
    }
}

fn told(result: Result<String, Failure>) -> Tally {
    match result {
        Ok(finding) => {
            say::step(&finding);
            Tally::ONE_PASSED
        }
        Err(failure) => {
            say::failure(&failure);
            Tally::ONE_FAILED
        }
    }
}

/// Fuzzes one target, from its seeds and what earlier runs found, and says how it went.
fn fuzz(checkout: &Checkout, target: &str, seconds: u32) -> Result<String, Failure> {
    let place = |name: &str| checkout.join("fuzz").join(name).join(target);
    let (corpus, artifacts, seeds) = (place("corpus"), place("artifacts"), place("seeds"));
    checkout::make_folder(&corpus)?;
    checkout::make_folder(&artifacts)?;
    let mut command = Command::new(build::binary(checkout, target)?);
    command.arg(&corpus);
    if seeds.is_dir() {
        command.arg(&seeds);
    }
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048"]);
    let log = checkout.target("fuzz/logs").join(target).with_extension("log");
    verdict::verdict(target, &mut command, &log)
}

const AT_A_TIME: usize = 2;
const CHORE_SECONDS: &str = "600";
const STAGE_SECONDS: u32 = 20;
