//! A report as JSON. Waits for the library's `explain`.

use gatepass::{EpochTime, Trust, ViewerRequest};

pub(super) fn json(_request: &ViewerRequest<'_>, _trust: &Trust, _now: EpochTime) -> String {
    String::from("{}")
}
