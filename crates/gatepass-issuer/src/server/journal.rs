//! What operators are told: one line of JSON for each thing that happened, without credentials.

use std::net::IpAddr;
use std::sync::Arc;

use gatepass::EpochTime;
use serde::Serialize;

use super::session::Way;

/// Takes a line of JSON, without its end, wherever the operator wants it. It must not wait.
pub type Journal = Arc<dyn Fn(&str) + Send + Sync>;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub(crate) enum Event<'e> {
    /// Somebody proved who they are, and was handed their passes.
    SignedIn { subject: &'e str, way: Way },
    /// Somebody proved who they are, and got nothing.
    Refused { subject: &'e str, reason: String },
    /// Somebody could not prove who they are.
    LoginFailed { way: Way, reason: &'e str },
    /// A session got fresh passes.
    Renewed { subject: &'e str },
    /// Somebody logged out.
    SignedOut { subject: &'e str },
    /// An application was handed passes for somebody.
    Issued { subject: &'e str },
    /// Something is wrong that is not a viewer's fault.
    Trouble { what: String },
}

#[derive(Serialize)]
struct Line<'e> {
    time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(flatten)]
    event: Event<'e>,
}

/// Writes an event as a line.
pub(crate) fn write(journal: &Journal, now: EpochTime, address: Option<IpAddr>, event: Event<'_>) {
    let line = Line { time: now.seconds(), address, event };
    let text = serde_json::to_string(&line).unwrap_or_default();
    journal(&text);
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let journal: Journal = Arc::new(move |line| kept.lock().unwrap().push(line.to_owned()));
        let now = EpochTime::new(1_767_290_000).unwrap();
        let event = Event::SignedIn { subject: "a\nb", way: Way::Users };
        write(&journal, now, Some([192, 0, 2, 7].into()), event);
        assert_eq!(
            *lines.lock().unwrap(),
            [
                r#"{"time":1767290000,"address":"192.0.2.7","event":"signed-in","subject":"a\nb","way":"users"}"#
            ]
        );
    }
}
