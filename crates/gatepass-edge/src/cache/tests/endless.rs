//! Objects that don't say how long they are, and may never end.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::Response;
use proptest::prelude::*;

use crate::asked::sample::{self, Sample};
use crate::body::Body;
use crate::cache::script::{Cinema, Film, SLICE, config, content, until};
use crate::config::{CacheConfig, DiskConfig};
use crate::outcome::CacheOutcome::{Hit, Miss};

/// An eighth of it is 128 slices.
const MEMORY: u64 = 4 << 20;
const SHARE: usize = 128 * SLICE as usize;

fn small() -> CacheConfig {
    CacheConfig { memory_bytes: MEMORY, ..config() }
}

/// Longer than the memory by far.
fn endless() -> Film {
    Film { tells_length: false, chunk: 16 << 10, ..Film::of(32 * SHARE).with("etag", "") }
}

fn other(cinema: &Cinema, nth: usize) -> Sample {
    let url = sample::get(&format!("https://one.test/other/{nth}"));
    Sample { cache_policy: cinema.sample.cache_policy.clone(), ..url }
}

/// Has some objects kept, before the film is shown.
fn with_others(cinema: &Cinema, film: Film) {
    for nth in 0..100 {
        assert_eq!(cinema.ask(&other(cinema, nth)).outcome, Miss);
    }
    cinema.settle();
    cinema.script.asked();
    cinema.script.change(|shown| *shown = film);
}

fn are_others_there(cinema: &Cinema) -> bool {
    (0..100).all(|nth| cinema.ask(&other(cinema, nth)).outcome == Hit)
}

#[test]
fn an_endless_answer_pushes_nothing_out_of_the_cache() {
    for etag in ["", "\"one\""] {
        let cinema = Cinema::with(Film::of(3000), &small());
        with_others(&cinema, endless().with("etag", etag));
        let before = cinema.cache.counts();
        // One that has come while it could still be kept, and others after that.
        let early = cinema.serve(&cinema.sample);
        for outcome in [Hit, Miss, Miss, Miss, Miss, Miss, Miss, Miss] {
            let got = cinema.get(&[]);
            assert_eq!(got.outcome, outcome);
            assert!(got.body.unwrap() == endless().content);
        }
        drop(early);
        until(|| cinema.script.open.load(Ordering::SeqCst) == 0);
        let after = cinema.cache.counts();
        assert!(after.memory_bytes <= before.memory_bytes + 1024, "{before:?} {after:?}");
        assert_eq!(after.rejected, 1, "it was tried once");
        assert!(are_others_there(&cinema));
    }
}

#[test]
fn what_breaks_off_again_and_again_leaves_nothing_behind() {
    let cinema = Cinema::with(Film::of(3000), &small());
    let torn = Film { breaks_after: Some(SHARE as u64 / 2), ..endless() };
    with_others(&cinema, torn);
    let before = cinema.cache.counts().memory_bytes;
    for _ in 0..20 {
        assert_eq!(cinema.get(&[]).body, None);
        cinema.settle();
    }
    until(|| cinema.cache.counts().memory_bytes == before);
    assert!(are_others_there(&cinema));
}

#[test]
fn up_to_an_eighth_of_the_cache_what_does_not_say_how_long_it_is_is_kept() {
    for (length, outcome) in [(SHARE, Hit), (SHARE + 1, Miss)] {
        let cinema = Cinema::with(Film { tells_length: false, ..Film::of(length) }, &small());
        for outcome in [Miss, outcome] {
            let got = cinema.get(&[]);
            assert_eq!(got.outcome, outcome, "{length}");
            assert!(got.body.unwrap() == content(length, 0));
            cinema.settle();
        }
    }
}

/// The origin sends so many slices more.
fn send(cinema: &Cinema, slices: usize) {
    let chunk = cinema.script.film.lock().unwrap().chunk;
    cinema.script.chunks.add_permits(slices * SLICE as usize / chunk);
}

/// The origin says nothing until it is told to.
fn still(cinema: &Cinema) {
    cinema.script.chunks.forget_permits(usize::MAX);
}

fn take(cinema: &Cinema, viewer: &mut Response<Body>, slices: usize) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < slices * SLICE as usize {
        let Some(frame) = cinema.frame(viewer.body_mut()) else { break };
        got.extend_from_slice(&frame);
    }
    got
}

#[test]
fn who_follows_from_the_start_is_not_cut_off_because_the_first_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let disk = DiskConfig { directory: folder.path().into(), bytes: 64 << 20 };
    for disk in [None, Some(disk)] {
        let film = Film { chunk: SLICE as usize, ..endless() };
        // A memory that loses the beginning, and a disk that has it.
        let memory_bytes = if disk.is_some() { 64 << 10 } else { 64 << 20 };
        let cinema = Cinema::with(film, &CacheConfig { memory_bytes, disk, ..config() });
        still(&cinema);
        send(&cinema, 40);
        let mut first = cinema.serve(&cinema.sample).response;
        assert_eq!(take(&cinema, &mut first, 40).len(), 40 * SLICE as usize);
        cinema.runtime.block_on(cinema.cache.inner.store.written());
        let mut second = cinema.serve(&cinema.sample);
        assert_eq!(second.outcome, Hit);
        let mut got = take(&cinema, &mut second.response, 1);
        drop(first);
        cinema.script.change(|film| film.chunk = 16 << 10);
        cinema.script.chunks.add_permits(1 << 20);
        got.extend_from_slice(&cinema.collect(second).body.unwrap());
        assert!(got == endless().content, "{} bytes", got.len());
        assert_eq!(cinema.script.asked(), ["GET /film.mp4"]);
    }
}

#[test]
fn who_catches_up_is_not_cut_off_where_it_becomes_too_long() {
    let cinema = Cinema::with(Film { chunk: SLICE as usize, ..endless() }, &small());
    still(&cinema);
    send(&cinema, 120);
    let mut first = cinema.serve(&cinema.sample).response;
    assert_eq!(take(&cinema, &mut first, 120).len(), 120 * SLICE as usize);
    let mut second = cinema.serve(&cinema.sample).response;
    assert_eq!(take(&cinema, &mut second, 1)[..], content(SLICE as usize, 0));
    send(&cinema, 12);
    take(&cinema, &mut first, 12);
    until(|| cinema.cache.counts().fills == 0);
    // It has all that was filed, and goes on where the first is.
    let got = take(&cinema, &mut second, 129);
    assert!(got == endless().content[SLICE as usize..][..129 * SLICE as usize]);
    // What was filed has made room by now.
    assert!(cinema.cache.counts().memory_bytes <= 4096, "{:?}", cinema.cache.counts());
    // Whoever comes now asks for itself.
    cinema.script.asked();
    let third = cinema.serve(&cinema.sample);
    assert_eq!((third.outcome, cinema.script.asked()), (Miss, vec!["GET /film.mp4".to_owned()]));
    cinema.script.chunks.add_permits(1 << 20);
    assert!(cinema.collect(third).body.unwrap() == endless().content);
}

/// What one of some viewers does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Come,
    /// Takes so many slices.
    Take(usize, usize),
    Leave(usize),
    /// The origin sends so many.
    Send(usize),
}

fn a_deed() -> impl Strategy<Value = Deed> {
    let nth = 0..6_usize;
    prop_oneof![
        2 => Just(Deed::Come),
        6 => (nth.clone(), 1..12_usize).prop_map(|(nth, slices)| Deed::Take(nth, slices)),
        1 => nth.prop_map(Deed::Leave),
        4 => (1..12_usize).prop_map(Deed::Send),
    ]
}

/// What a viewer has so far, and its response as long as it goes on.
struct Watching(Vec<u8>, Option<Response<Body>>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whoever_comes_leaves_or_lags_nobody_gets_other_bytes_than_the_origins(
        deeds in prop::collection::vec(a_deed(), 1..60),
        memory_bytes in prop_oneof![Just(64 << 20), Just(600 << 10), Just(80 << 10)],
        length in prop_oneof![Just(90 * SLICE as usize), Just(13 * SLICE as usize + 9)],
    ) {
        let film = Film { tells_length: false, chunk: 1 << 10, ..Film::of(length).with("etag", "") };
        let cinema = Cinema::with(film, &CacheConfig { memory_bytes, ..config() });
        still(&cinema);
        let all = content(length, 0);
        let mut viewers: Vec<Watching> = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Come => {
                    viewers.push(Watching(Vec::new(), Some(cinema.serve(&cinema.sample).response)));
                }
                Deed::Send(slices) => send(&cinema, slices),
                Deed::Leave(nth) => {
                    if let Some(viewer) = viewers.get_mut(nth) {
                        viewer.1 = None;
                    }
                }
                Deed::Take(nth, slices) => {
                    let Some(Watching(got, Some(response))) = viewers.get_mut(nth) else {
                        continue;
                    };
                    let most = got.len() + slices * SLICE as usize;
                    let mut is_cut_off = false;
                    while got.len() < most
                        && !is_cut_off
                        && let Some(frame) = at_hand(&cinema, response)
                    {
                        match frame {
                            Ok(bytes) => got.extend_from_slice(&bytes),
                            Err(_) => is_cut_off = true,
                        }
                    }
                    prop_assert!(all.starts_with(got));
                    prop_assert!(!is_cut_off || got.len() < length);
                    if is_cut_off {
                        viewers[nth].1 = None;
                    }
                }
            }
        }
        cinema.script.chunks.add_permits(1 << 20);
        for Watching(mut got, response) in viewers {
            let Some(mut response) = response else { continue };
            let is_cut_off = loop {
                match cinema.runtime.block_on(http_body_util::BodyExt::frame(response.body_mut())) {
                    Some(Ok(frame)) => got.extend_from_slice(frame.data_ref().unwrap()),
                    Some(Err(_)) => break true,
                    None => break false,
                }
            };
            prop_assert!(all.starts_with(&got), "other bytes");
            prop_assert_eq!(got.len() == length, !is_cut_off, "a gap that is not told");
        }
        cinema.settle();
    }
}

/// What comes without waiting for the origin: bytes, or word that it is cut off.
fn at_hand(cinema: &Cinema, response: &mut Response<Body>) -> Option<std::io::Result<Bytes>> {
    const SOON: std::time::Duration = std::time::Duration::from_millis(5);

    cinema.runtime.block_on(async {
        let frame = http_body_util::BodyExt::frame(response.body_mut());
        let frame = tokio::time::timeout(SOON, frame).await.ok()??;
        Some(frame.map(|frame| frame.into_data().unwrap()))
    })
}
