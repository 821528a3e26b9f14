//! Moments: Python's `datetime` with a time zone, or whole seconds.
//!
//! A `datetime` without a time zone is refused. `utcnow()` gives one, and whoever takes it for
//! local time (as `timestamp()` does) is hours off, in passes that end too late.

use gatepass::EpochTime;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBool, PyDateTime, PyInt, PyTzInfo};

use crate::problem;

/// Reads a moment that was given as `name`. Fractions of a second are cut off.
pub(crate) fn read(name: &str, given: &Bound<'_, PyAny>) -> PyResult<EpochTime> {
    let seconds = if let Ok(moment) = given.cast::<PyDateTime>() {
        seconds_of(name, moment)?
    } else if given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>() {
        given.extract().unwrap_or(i128::MAX)
    } else {
        let kind = given.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "{name} is of type {kind}: expected a datetime with a time zone, or whole seconds since 1970"
        )));
    };
    let refuse = |fact: &dyn std::fmt::Display| {
        problem::policy(format!("{name}: {fact}"), Some(problem::MOMENT))
    };
    let seconds =
        u64::try_from(seconds).map_err(|_| refuse(&format!("{seconds} is out of range")))?;
    EpochTime::in_pass(seconds).map_err(|error| refuse(&error))
}

fn seconds_of(name: &str, moment: &Bound<'_, PyDateTime>) -> PyResult<i128> {
    if moment.call_method0("utcoffset")?.is_none() {
        let shown = moment.call_method0("isoformat")?;
        return Err(problem::naive(format!("{name} is {shown}, which does not say its time zone")));
    }
    // A float holds whole seconds exactly, and microseconds not always.
    let whole = [("microsecond", 0)].into_py_dict(moment.py())?;
    let whole = moment.call_method("replace", (), Some(&whole))?;
    whole.call_method0("timestamp")?.call_method0("__floor__")?.extract()
}

/// What was given as `now`, or else what Python's clock says.
pub(crate) fn now(py: Python<'_>, given: Option<&Bound<'_, PyAny>>) -> PyResult<EpochTime> {
    match given {
        Some(given) => read("now", given),
        None => read("now", &py.import("time")?.call_method0("time")?.call_method0("__floor__")?),
    }
}

/// The moment in UTC; the last of Python's calendar for whatever comes after it.
pub(crate) fn write(py: Python<'_>, moment: EpochTime) -> PyResult<Bound<'_, PyAny>> {
    const END_OF_YEAR_9999: u64 = 253_402_300_799;
    let seconds = moment.seconds().min(END_OF_YEAR_9999);
    py.get_type::<PyDateTime>().call_method1("fromtimestamp", (seconds, PyTzInfo::utc(py)?))
}
