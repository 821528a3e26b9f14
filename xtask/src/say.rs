//! How the chores speak: one plain line a step, with the time since the start.

use std::{
    io::{self, Write},
    sync::LazyLock,
    time::Instant,
};

use crate::failure::Failure;

/// Says what is being done now, or has been found.
pub(crate) fn step(text: &str) {
    plain(&format!("[{:>4}s] {text}", START.elapsed().as_secs()));
}

/// Opens a stage of the tests with a line that the eye finds again.
pub(crate) fn heading(name: &str, about: &str) {
    plain("");
    step(&format!("── {name}: {about}"));
}

/// Says text as it is.
pub(crate) fn plain(text: &str) {
    // A reader who closed the pipe has seen enough; that is no reason to stop the tests.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Says why a chore stopped.
pub(crate) fn failure(failure: &Failure) {
    let _ = io::stdout().flush();
    let _ = writeln!(io::stderr().lock(), "{failure}");
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);
