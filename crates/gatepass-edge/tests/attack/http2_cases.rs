//! RFC 9113, case by case, as h2spec does it: what is sent, and what has to come of it.
//!
//! Where the standard asks for a stream error, a connection error of the same kind is as good
//! (§5.4.2). `docs/http2.md` tells of the cases in which we differ from it.

mod frames;
mod messages;
mod streams;

use crate::http2::Reaction::{self, Answered, Connection, Stream};
use crate::http2::{
    Conversation, END_HEADERS, HEADERS, REQUEST, WHOLE, block, frame, get, request_with,
};
use crate::support::site;

#[derive(Clone)]
struct Case {
    section: &'static str,
    name: &'static str,
    says: Vec<u8>,
    expected: Vec<Reaction>,
    /// What happens instead; `docs/http2.md` says why.
    deviation: Option<Reaction>,
}

impl Case {
    fn but(mut self, deviation: Reaction) -> Self {
        self.deviation = Some(deviation);
        self
    }
}

fn case<const N: usize>(
    section: &'static str,
    name: &'static str,
    says: impl IntoIterator<Item = Vec<u8>>,
    expected: [Reaction; N],
) -> Case {
    let says = says.into_iter().collect::<Vec<_>>().concat();
    Case { section, name, says, expected: expected.into(), deviation: None }
}

/// A stream error, or the same of the whole connection.
fn either(code: crate::http2::Code) -> [Reaction; 2] {
    [Stream(code), Connection(code)]
}

/// A request without a body, of these lines alone.
fn lines(lines: &[(&str, &str)]) -> [Vec<u8>; 1] {
    [frame(HEADERS, WHOLE, 1, &block(lines))]
}

/// A good request with these lines behind it.
fn with(lines: &[(&str, &str)]) -> [Vec<u8>; 1] {
    [frame(HEADERS, WHOLE, 1, &request_with(lines))]
}

/// A POST whose body is still to come.
fn post(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut all = REQUEST;
    all[0].1 = "POST";
    frame(HEADERS, END_HEADERS, 1, &block(&[&all, lines].concat()))
}

/// A good request but for one line, which is another, or missing.
fn without(name: &str, instead: Option<(&'static str, &'static str)>) -> [Vec<u8>; 1] {
    let kept = REQUEST.iter().filter(|line| line.0 != name).copied();
    lines(&instead.into_iter().chain(kept).collect::<Vec<_>>())
}

#[test]
fn rfc_9113_is_kept() {
    let site = site().start();
    let mut wrong = Vec::new();
    let cases = [frames::frames(), streams::streams(), messages::messages()].concat();
    for case in &cases {
        let mut conversation = Conversation::begin(&site);
        let _ = conversation.say(&case.says);
        let reaction = conversation.reaction();
        let Case { section, name, expected, deviation, .. } = case;
        let is_right = match deviation {
            Some(known) => reaction == *known && !expected.contains(known),
            None => expected.contains(&reaction),
        };
        if !is_right {
            wrong.push(format!(
                "{section} {name}: {reaction:?} instead of {expected:?} {deviation:?}"
            ));
        }
    }
    assert!(cases.len() > 90, "{} cases", cases.len());
    assert!(wrong.is_empty(), "of {}:\n{}", cases.len(), wrong.join("\n"));
    assert_eq!(site.get("/public/a.txt").status(), 200);
}

#[test]
fn a_first_frame_that_is_no_settings_does_no_harm() {
    // §3.4 wants a connection error; `docs/http2.md` says why there is none.
    let site = site().start();
    let mut conversation = Conversation::begin_without_settings(&site);
    conversation.say(&get(1)).unwrap();
    assert_eq!(conversation.reaction(), Answered);
}
