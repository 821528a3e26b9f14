//! HTTP/2 as a hammer: what costs the sender little and would cost us much. The connection is
//! ended, or what it costs is bounded; meanwhile others are served.

use std::time::{Duration, Instant};

use crate::http2::{
    ACK, CONTINUATION, Conversation, DATA, END_HEADERS, END_STREAM, HEADERS, PING, REQUEST,
    RST_STREAM, Reaction, SETTINGS, WHOLE, block, frame, get, request_with, setting,
};
use crate::support::{Site, site};

/// Says the same over and over, until the edge ends it or `most` bytes are said; others are
/// answered in between.
fn flood(site: &Site, most: usize, mut next: impl FnMut(u32) -> Vec<u8>) -> (usize, Conversation) {
    let mut conversation = Conversation::begin(site);
    let (mut said, mut round) = (0, 0);
    while said < most {
        let bytes: Vec<u8> = (0..64).flat_map(|step| next(round * 64 + step)).collect();
        if conversation.say(&bytes).is_err() {
            break;
        }
        said += bytes.len();
        if round % 64 == 0 {
            let begun = Instant::now();
            assert_eq!(site.get("/public/a.txt").status(), 200);
            assert!(begun.elapsed() < Duration::from_secs(2), "others wait {:?}", begun.elapsed());
        }
        round += 1;
    }
    (said, conversation)
}

fn is_ended(reaction: Reaction) -> bool {
    matches!(reaction, Reaction::Connection(_) | Reaction::Closed)
}

/// GOAWAY is the last that was heard, whatever came before it.
fn last_words(conversation: &mut Conversation) -> Reaction {
    for _ in 0..100_000 {
        let reaction = conversation.reaction();
        if is_ended(reaction) {
            return reaction;
        }
    }
    panic!("it goes on");
}

#[test]
fn rapid_reset_ends_the_connection() {
    // CVE-2023-44487: a request and its reset, as fast as can be.
    let site = site().start();
    let cancel = |stream| frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    let (said, mut conversation) = flood(&site, 32 * 1024 * 1024, |number| {
        let stream = 2 * number + 1;
        [get(stream), cancel(stream)].concat()
    });
    assert!(is_ended(last_words(&mut conversation)));
    assert!(said < 16 * 1024 * 1024, "{said} bytes were listened to");
}

#[test]
fn resets_that_we_are_made_to_send_end_the_connection() {
    // CVE-2025-8671: each request is broken afterwards, so that we reset it ourselves.
    let site = site().start();
    let (said, mut conversation) = flood(&site, 32 * 1024 * 1024, |number| {
        let stream = 2 * number + 1;
        [get(stream), crate::http2::window_update(stream, 0)].concat()
    });
    assert!(is_ended(last_words(&mut conversation)));
    assert!(said < 16 * 1024 * 1024, "{said} bytes were listened to");
}

#[test]
fn a_continuation_flood_ends_the_connection() {
    let site = site().start();
    let (said, mut conversation) = flood(&site, 32 * 1024 * 1024, |number| {
        if number == 0 {
            frame(HEADERS, END_STREAM, 1, &block(&REQUEST))
        } else {
            frame(CONTINUATION, 0, 1, &block(&[("x-a", "b")]))
        }
    });
    assert!(is_ended(conversation.reaction()));
    assert!(said < 4 * 1024 * 1024, "{said} bytes were listened to");
}

#[test]
fn empty_continuations_end_the_connection() {
    let site = site().start();
    let (said, mut conversation) = flood(&site, 32 * 1024 * 1024, |number| {
        if number == 0 {
            frame(HEADERS, END_STREAM, 1, &block(&REQUEST))
        } else {
            frame(CONTINUATION, 0, 1, &[])
        }
    });
    assert!(is_ended(conversation.reaction()));
    assert!(said < 4 * 1024 * 1024, "{said} bytes were listened to");
}

#[test]
fn floods_that_ask_for_answers_nobody_reads_are_stopped() {
    let limit = Duration::from_millis(500);
    let site = site().with_config(|config| config.limits.stall_timeout = limit).start();
    for (what, one) in [
        ("PING", frame(PING, 0, 0, &[0; 8])),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[])),
        ("SETTINGS with content", setting(3, 100)),
    ] {
        let begun = Instant::now();
        // More than the sockets' buffers can hold: the edge must have stopped reading, or ended.
        let (said, mut conversation) = flood(&site, 256 * 1024 * 1024, |_| one.clone());
        assert!(said < 256 * 1024 * 1024, "{what}: {said} bytes were listened to");
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        drop(conversation.hear(Duration::ZERO));
    }
}

#[test]
fn frames_that_mean_nothing_cost_nothing() {
    let limit = Duration::from_millis(300);
    let site = site().with_config(|config| config.limits.request_timeout = limit).start();
    for (what, one) in [
        ("PING that answers", frame(PING, ACK, 0, &[0; 8])),
        ("unknown frames", frame(0xee, 0, 0, &[0; 64])),
        ("priorities", frame(2, 0, 9, &[0, 0, 0, 1, 16])),
    ] {
        // They are no progress: the connection is idle, and ends as any other.
        let begun = Instant::now();
        flood(&site, usize::MAX, |_| {
            std::thread::sleep(Duration::from_micros(200));
            assert!(begun.elapsed() < Duration::from_secs(10), "{what} keep it open");
            one.clone()
        });
    }
}

#[test]
fn empty_data_frames_of_a_refused_body_end_the_connection_or_the_stream() {
    let site = site().start();
    let (_, mut conversation) = flood(&site, 4 * 1024 * 1024, |number| {
        if number == 0 {
            let mut lines = REQUEST;
            lines[0].1 = "POST";
            frame(HEADERS, END_HEADERS, 1, &block(&lines))
        } else {
            frame(DATA, 0, 1, &[])
        }
    });
    assert_ne!(conversation.reaction(), Reaction::Nothing);
}

#[test]
fn a_header_list_beyond_64_kib_is_refused_however_small_it_was_sent() {
    let site = site().start();
    // One entry of 4,000 bytes in the table, then a byte for each time that it is meant.
    let mut bomb = block(&REQUEST);
    bomb.extend([0x40, 3]);
    bomb.extend(b"x-a");
    bomb.extend([0x7f, 0xa1, 0x1e]);
    bomb.extend([b'a'; 4_000]);
    bomb.extend([0xbe; 8_000]);
    let mut conversation = Conversation::begin(&site);
    conversation.say(&frame(HEADERS, WHOLE, 1, &bomb)).unwrap();
    let reaction = conversation.reaction();
    let is_refused = matches!(reaction, Reaction::Refused | Reaction::Stream(_));
    assert!(is_refused || is_ended(reaction), "{reaction:?}");
}

#[test]
fn a_table_of_any_size_may_be_offered_and_is_not_used() {
    let site = site().start();
    let mut conversation = Conversation::begin(&site);
    // SETTINGS_HEADER_TABLE_SIZE: how much of the edge's own table the viewer would keep.
    conversation.say(&setting(1, u32::MAX)).unwrap();
    conversation.say(&get(1)).unwrap();
    assert_eq!(conversation.reaction(), Reaction::Answered);
}

#[test]
fn more_header_lines_than_a_request_needs_are_refused_over_http2_too() {
    let site = site().start();
    let long = "b".repeat(120);
    let lines: Vec<_> = (0..300).map(|_| ("x-a", long.as_str())).collect();
    let all = request_with(&lines);
    let mut frames = Vec::new();
    let mut parts = all.chunks(16_000).peekable();
    let mut kind = HEADERS;
    while let Some(part) = parts.next() {
        let end = if parts.peek().is_none() { END_HEADERS } else { 0 };
        let flags = if kind == HEADERS { END_STREAM | end } else { end };
        frames.extend(frame(kind, flags, 1, part));
        kind = CONTINUATION;
    }
    let mut conversation = Conversation::begin(&site);
    conversation.say(&frames).unwrap();
    assert_eq!(conversation.reaction(), Reaction::Refused);
}

#[test]
fn a_wrong_preface_is_no_http2() {
    let site = site().start();
    let answer = site.raw(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
}
