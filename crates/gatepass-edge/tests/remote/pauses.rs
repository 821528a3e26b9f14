//! An origin that is silent for a while, before viewers who take all that there is.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use gatepass_distribution::AllowedMethods;

use crate::http2::{
    Conversation, DATA, END_STREAM, GOAWAY, HEADERS, RST_STREAM, WHOLE, block, frame, setting,
};
use crate::origin::{Played, played, say};
use crate::support::Site;

const STALL: Duration = Duration::from_millis(300);

/// Longer than a viewer may keep from taking anything.
const PAUSE: Duration = Duration::from_millis(1_500);

const EVENT: &str = "data: x\n\n";

/// Two events, one at once, with a pause after each; more than a window holds at the end.
fn events() -> Played {
    played(|stream, _| {
        say(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        );
        for _ in 0..2 {
            say(stream, EVENT);
            std::thread::sleep(PAUSE);
        }
        say(stream, &"data: y\n\n".repeat(100_000));
    })
}

fn impatient(origin: &Played) -> Site {
    origin.site().with_config(|config| config.limits.stall_timeout = STALL).start()
}

fn get(stream: u32) -> Vec<u8> {
    let lines =
        [(":method", "GET"), (":scheme", "http"), (":authority", "media.test"), (":path", "/sse")];
    frame(HEADERS, WHOLE, stream, &block(&lines))
}

/// The length of what comes on a connection until it ends, and how it ends.
fn rest(viewer: &mut Conversation, enough: usize) -> (usize, Result<(), ErrorKind>) {
    let (begun, mut taken) = (Instant::now(), 0);
    loop {
        let left = Duration::from_secs(20).saturating_sub(begun.elapsed());
        match viewer.hear(left) {
            Ok(heard) if heard.kind == DATA => {
                taken += heard.payload.len();
                if taken >= enough || heard.flags & END_STREAM != 0 {
                    return (taken, Ok(()));
                }
            }
            Ok(heard) if matches!(heard.kind, GOAWAY | RST_STREAM) => {
                return (taken, Err(ErrorKind::ConnectionReset));
            }
            Ok(_) => {}
            Err(error) => return (taken, Err(error)),
        }
    }
}

#[test]
fn an_origin_may_pause_for_longer_than_a_viewer() {
    let origin = events();
    let site = impatient(&origin);
    let mut viewer = Conversation::begin(&site);
    viewer.say(&get(1)).unwrap();
    // The two events, and what fits into the window that every viewer begins with.
    assert_eq!(rest(&mut viewer, 65_535), (65_535, Ok(())));
}

#[test]
fn a_viewer_that_takes_nothing_after_a_pause_is_cut_off() {
    let origin = events();
    let site = impatient(&origin);
    let mut viewer = Conversation::begin(&site);
    viewer.say(&get(1)).unwrap();
    assert_eq!(rest(&mut viewer, 65_535), (65_535, Ok(())));
    // The window is full, and the viewer leaves it so.
    let begun = Instant::now();
    let (more, end) = rest(&mut viewer, 1);
    assert_eq!((more, end == Err(ErrorKind::TimedOut)), (0, false), "{end:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_viewer_that_closes_its_window_during_a_pause_is_cut_off() {
    const INITIAL_WINDOW_SIZE: u16 = 4;

    let origin = events();
    let site = impatient(&origin);
    let mut viewer = Conversation::begin(&site);
    viewer.say(&get(1)).unwrap();
    assert_eq!(rest(&mut viewer, 1), (EVENT.len(), Ok(())));
    viewer.say(&setting(INITIAL_WINDOW_SIZE, 0)).unwrap();
    let begun = Instant::now();
    let (taken, end) = rest(&mut viewer, 1);
    assert_eq!((taken, end == Err(ErrorKind::TimedOut)), (0, false), "{end:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

/// Never silent for long, and never done: each holds one of the connections that an origin has.
#[test]
fn a_body_that_trickles_in_is_cut_off() {
    let origin = played(|stream, _| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let site = origin.site().with(|site| {
        site.default_behavior.conduct.allowed_methods = AllowedMethods::All;
    });
    let site = site.with_config(|config| config.limits.stall_timeout = STALL).start();
    let mut viewer = site.connect();
    let head = "POST /a HTTP/1.1\r\nHost: media.test\r\nContent-Length: 1000000\r\n\r\n";
    viewer.write_all(head.as_bytes()).unwrap();
    let begun = Instant::now();
    while viewer.write_all(b"x").is_ok() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(STALL / 6);
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "it was let go on");
}
