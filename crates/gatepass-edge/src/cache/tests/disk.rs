//! What survives on disk, and what doesn't harm.

use std::fs;
use std::path::Path;
use std::sync::mpsc;

use bytes::Bytes;
use tempfile::TempDir;

use crate::cache::script::{Cinema, Film, SLICE, config, content};
use crate::cache::store::{Kept, Place};
use crate::config::{CacheConfig, DiskConfig};
use crate::outcome::CacheOutcome;

const LONG: usize = 60 * SLICE as usize + 5;

fn on_disk(folder: &Path, memory_bytes: u64) -> CacheConfig {
    let disk = DiskConfig { directory: folder.to_owned(), bytes: 12 << 20 };
    CacheConfig { memory_bytes, disk: Some(disk), ..config() }
}

/// Fetches a small and a large object, and waits until both are written.
fn fill(folder: &Path) {
    let cinema = Cinema::with(Film::of(LONG), &on_disk(folder, 64 << 20));
    check(&cinema);
    cinema.settle();
    cinema.runtime.block_on(cinema.cache.inner.store.written());
    // As after a kill: nothing is closed.
    std::mem::forget(cinema.cache.clone());
    cinema.runtime.shutdown_background();
}

/// Asks for both, and says how often the origin was asked for them.
fn check(cinema: &Cinema) -> usize {
    for (path, length) in [("film.mp4", LONG), ("small", 900)] {
        cinema.script.change(|film| film.content = content(length, 0));
        let mut sample = cinema.sample.clone();
        sample.url = format!("https://one.test/{path}");
        let got = cinema.ask(&sample);
        assert_eq!((got.status, got.body.unwrap()), (200, content(length, 0)), "{path}");
        cinema.settle();
    }
    cinema.script.asked().len()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    fill(folder.path());
    let again = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 64 << 20));
    assert_eq!(check(&again), 0);
    assert_eq!(again.get(&[("range", "bytes=70000-70001")]).outcome, CacheOutcome::Hit);
}

#[test]
fn slices_of_another_size_are_not_taken_for_ours() {
    let folder = TempDir::new().unwrap();
    fill(folder.path());
    let smaller =
        CacheConfig { slice_bytes: config().slice_bytes / 2, ..on_disk(folder.path(), 64 << 20) };
    let again = Cinema::with(Film::of(LONG), &smaller);
    assert!(check(&again) > 0);
    let got = again.get(&[("range", "bytes=70000-70031")]);
    assert_eq!(got.body.unwrap(), content(LONG, 0)[70_000..=70_031]);
}

#[test]
fn what_has_left_memory_is_read_from_disk() {
    let folder = TempDir::new().unwrap();
    let cinema = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 40 << 10));
    assert_eq!(check(&cinema), 2);
    cinema.runtime.block_on(cinema.cache.inner.store.written());
    assert_eq!(check(&cinema), 0);
    assert!(cinema.cache.counts().disk_read_bytes > 0);
}

#[test]
fn a_wiped_folder_costs_misses_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    fill(folder.path());
    for file in files(folder.path()) {
        fs::remove_file(file).unwrap();
    }
    let again = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 64 << 20));
    assert_eq!(check(&again), 2);

    let running = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 40 << 10));
    fs::remove_dir_all(folder.path()).unwrap();
    check(&running);
    check(&running);
}

#[test]
fn damaged_bytes_cost_misses_and_nothing_else() {
    for step in [512, 4096, 5003] {
        let folder = TempDir::new().unwrap();
        fill(folder.path());
        for file in files(folder.path()) {
            let mut bytes = fs::read(&file).unwrap();
            for byte in bytes.iter_mut().skip(step / 2).step_by(step) {
                *byte ^= 0x55;
            }
            fs::write(&file, bytes).unwrap();
        }
        let again = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 40 << 10));
        assert!(check(&again) >= 1, "nothing was noticed");
        check(&again);
    }
}

#[test]
fn truncated_and_foreign_files_cost_misses_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    fill(folder.path());
    for (nth, file) in files(folder.path()).into_iter().enumerate() {
        let length = fs::metadata(&file).unwrap().len();
        match nth % 3 {
            0 => fs::File::options().write(true).open(file).unwrap().set_len(length / 3).unwrap(),
            1 => fs::write(file, "someone else's").unwrap(),
            _ => {}
        }
    }
    fs::write(folder.path().join("readme.txt"), "someone else's").unwrap();
    let again = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 40 << 10));
    check(&again);
    check(&again);
}

#[test]
fn files_that_shrink_at_run_time_cost_misses_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let cinema = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 40 << 10));
    check(&cinema);
    cinema.runtime.block_on(cinema.cache.inner.store.written());
    for file in files(folder.path()) {
        fs::File::options().write(true).open(file).unwrap().set_len(0).unwrap();
    }
    check(&cinema);
    check(&cinema);
}

#[test]
fn what_was_forgotten_stays_forgotten_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let cinema = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 64 << 20));
    check(&cinema);
    cinema.cache.forget(&cinema.sample.ask(crate::cache::key::CacheKey::of));
    cinema.runtime.block_on(cinema.cache.inner.store.written());
    drop(cinema);
    let again = Cinema::with(Film::of(LONG), &on_disk(folder.path(), 64 << 20));
    assert_eq!(check(&again), 1);
}

#[test]
fn a_disk_stays_within_its_size() {
    let folder = TempDir::new().unwrap();
    let disk = DiskConfig { directory: folder.path().to_owned(), bytes: 8 << 20 };
    let config = CacheConfig { memory_bytes: 1 << 20, disk: Some(disk), ..config() };
    let cinema = Cinema::with(Film::of(1 << 20), &config);
    for nth in 0..30 {
        let mut sample = cinema.sample.clone();
        sample.url = format!("https://one.test/{nth}");
        assert_eq!(cinema.ask(&sample).body.unwrap(), content(1 << 20, 0));
        cinema.settle();
        cinema.runtime.block_on(cinema.cache.inner.store.written());
    }
    let taken: u64 =
        files(folder.path()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(taken <= 8 << 20, "{taken}");
    let counts = cinema.cache.counts();
    assert!(counts.disk_written_bytes > 20 << 20);
    assert!(counts.memory_bytes <= 1 << 20);
    // What lies there is not what was ever written, and what left made room.
    assert!((4 << 20..=8 << 20).contains(&counts.disk_bytes), "{counts:?}");
    assert!(counts.disk_freed_bytes >= 20 << 20, "{counts:?}");
    assert!(counts.evicted > 20, "{counts:?}");
    assert_eq!(counts.unwritten, 0);
    drop(cinema);
    let again = Cinema::with(Film::of(1 << 20), &config).cache.counts();
    assert_eq!(again.disk_written_bytes, 0);
    assert!((4 << 20..=8 << 20).contains(&again.disk_bytes), "{again:?}");
}

#[test]
fn what_a_disk_is_too_slow_for_is_counted() {
    let folder = TempDir::new().unwrap();
    let disk = DiskConfig { directory: folder.path().to_owned(), bytes: 512 << 20 };
    let config = CacheConfig { disk: Some(disk), slice_bytes: 1 << 20, ..config() };
    let cinema = Cinema::with(Film::of(LONG), &config);
    // Nothing runs in the background meanwhile, and so nothing is written.
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let (free, wait) = mpsc::channel::<()>();
            cinema.runtime.spawn(async move { wait.recv() });
            free
        })
        .collect();
    let slice = Bytes::from(vec![7; 1 << 20]);
    for number in 0..100 {
        let place = Place { object: [1; 32], generation: 1, slice: number };
        cinema.cache.inner.store.keep(place, Kept::Slice(slice.clone()));
    }
    drop(busy);
    cinema.runtime.block_on(cinema.cache.inner.store.written());
    let counts = cinema.cache.counts();
    // 64 MiB may wait; of these, a buffer takes what fits into it.
    assert!((34..60).contains(&counts.unwritten), "{counts:?}");
    assert!(counts.disk_bytes > 0 && counts.disk_bytes <= 80 << 20, "{counts:?}");
}

#[test]
fn a_folder_that_can_not_be_made_is_told() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = on_disk(&file.join("cache"), 1 << 20);
    let error = crate::cache::Cache::open(&config, runtime.handle().clone()).unwrap_err();
    assert!(error.to_string().contains("cache"), "{error}");
}
