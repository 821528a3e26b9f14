//! From the requests to the disk, without one waiting for the other.
//!
//! Lines are put into a queue of bounded size, and a thread of its own writes them. If the
//! sink is slow the queue fills, and then lines are lost, and counted; no viewer waits.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines wait no longer than this before they are written.
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// So many bytes are written without waiting for more. To write them takes some 20 µs; to write
/// all that a busy edge logs in 50 ms would hold up the requests of a core for a millisecond.
const ENOUGH_BYTES: usize = 64 * 1024;

/// If the sink is so far behind, lines are lost rather than memory.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;

/// At the end a sink that takes nothing is waited for no longer than this.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What a queue keeps when little happens.
const KEPT_BYTES: usize = 2 * ENOUGH_BYTES;

/// A file that lines are appended to, and that can be moved away and opened again.
#[derive(Debug)]
pub struct FileSink {
    path: PathBuf,
    file: File,
}

impl FileSink {
    /// Opens the file, or makes it.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        Ok(Self { file: append(&path)?, path })
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Where a writer's lines end up.
pub(super) enum Destination {
    File(FileSink),
    Other(Box<dyn Write + Send>),
}

impl Destination {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::File(sink) => &mut sink.file,
            Self::Other(writer) => writer,
        }
    }

    /// Says whether it is another file now. One that can't be opened leaves the old in force.
    fn reopen(&mut self) -> bool {
        let Self::File(sink) = self else { return false };
        match append(&sink.path) {
            Ok(file) => {
                sink.file = file;
                true
            }
            Err(_) => false,
        }
    }
}

/// The queue, and the thread behind it. Ends, with everything written, when it is dropped.
pub(super) struct Queue {
    shared: Arc<Shared>,
    ended: Mutex<Receiver<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Rung when there is enough to write, and when there is something else to do.
    news: Condvar,
    dropped: AtomicU64,
}

/// What the writer finds when it looks.
#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    is_to_reopen: bool,
    is_over: bool,
}

impl Waiting {
    fn is_worth_a_look(&self) -> bool {
        self.lines.len() >= ENOUGH_BYTES || self.is_to_reopen || self.is_over
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, what: impl FnOnce(&mut Waiting)) {
        what(&mut self.waiting());
        self.news.notify_one();
    }
}

impl Queue {
    /// `header` stands at the beginning of what is written, and of every file opened again.
    pub(super) fn start(destination: Destination, header: &'static str) -> Self {
        Self::flushed(destination, header, FLUSH_EVERY)
    }

    fn flushed(destination: Destination, header: &'static str, every: Duration) -> Self {
        let shared = Arc::<Shared>::default();
        let (ends, ended) = channel();
        let writer = Writer { shared: Arc::clone(&shared), destination, header, is_torn: false };
        std::thread::spawn(move || {
            writer.run(every);
            drop(ends);
        });
        Self { shared, ended: Mutex::new(ended) }
    }

    /// Adds a line, or counts it as lost.
    pub(super) fn put(&self, line: &[u8]) {
        let mut waiting = self.shared.waiting();
        let before = waiting.lines.len();
        if before + line.len() > MAX_WAITING_BYTES {
            drop(waiting);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.lines.extend_from_slice(line);
        let is_enough = before < ENOUGH_BYTES && waiting.lines.len() >= ENOUGH_BYTES;
        drop(waiting);
        if is_enough {
            self.shared.news.notify_one();
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn reopen(&self) {
        self.shared.tell(|waiting| waiting.is_to_reopen = true);
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.shared.tell(|waiting| waiting.is_over = true);
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(LAST_WORDS);
    }
}

struct Writer {
    shared: Arc<Shared>,
    destination: Destination,
    header: &'static str,
    /// The last line has no end.
    is_torn: bool,
}

impl Writer {
    fn run(mut self, every: Duration) {
        let mut taken = Vec::with_capacity(KEPT_BYTES);
        let header = self.header;
        self.write(header.as_bytes());
        loop {
            let (is_to_reopen, is_over) = self.take(&mut taken, every);
            let lost = self.write(&taken);
            // A log that can't be written must not stop what it logs.
            self.shared.dropped.fetch_add(lost, Ordering::Relaxed);
            taken.clear();
            taken.shrink_to(KEPT_BYTES);
            if is_to_reopen && self.destination.reopen() {
                self.is_torn = false;
                self.write(header.as_bytes());
            }
            if is_over {
                return;
            }
        }
    }

    /// Takes all lines that wait, once there are enough or they have waited long enough; says
    /// whether the file is to be opened again behind them, and whether they are the last.
    fn take(&self, taken: &mut Vec<u8>, every: Duration) -> (bool, bool) {
        let waiting = self.shared.waiting();
        let news = self
            .shared
            .news
            .wait_timeout_while(waiting, every, |waiting| !waiting.is_worth_a_look());
        let (mut waiting, _) = news.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(taken, &mut waiting.lines);
        (std::mem::take(&mut waiting.is_to_reopen), waiting.is_over)
    }

    /// Writes whole lines; says how many of them were lost.
    fn write(&mut self, lines: &[u8]) -> u64 {
        if lines.is_empty() {
            return 0;
        }
        let writer = self.destination.writer();
        if self.is_torn && write_most(writer, b"\n") == 0 {
            self.is_torn = false;
        }
        let left = write_most(writer, lines);
        let _ = writer.flush();
        let (written, lost) = lines.split_at(lines.len() - left);
        self.is_torn = written.last().map_or(self.is_torn, |last| *last != b'\n');
        memchr::memchr_iter(b'\n', lost).count() as u64
    }
}

/// Writes as much as it can; says how many bytes are left.
fn write_most(writer: &mut dyn Write, mut bytes: &[u8]) -> usize {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => break,
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Standard output may be shared with a program that doesn't like to wait.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => break,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Takes nothing until it is let go.
    #[derive(Clone, Default)]
    struct Blocked(Arc<Held>);

    #[derive(Default)]
    struct Held {
        is_open: Mutex<bool>,
        opened: Condvar,
        bytes: Mutex<Vec<u8>>,
    }

    impl Blocked {
        fn let_go(&self) {
            *self.0.is_open.lock().unwrap() = true;
            self.0.opened.notify_all();
        }

        fn text(&self) -> String {
            String::from_utf8(self.0.bytes.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let is_open = self.0.is_open.lock().unwrap();
            drop(self.0.opened.wait_while(is_open, |open| !*open).unwrap());
            self.0.bytes.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sink_that_blocks_holds_up_nobody_and_what_is_lost_is_counted() {
        let sink = Blocked::default();
        let queue = Queue::start(Destination::Other(Box::new(sink.clone())), "# head\n");
        let line = [b'x'; 1023].iter().chain(b"\n").copied().collect::<Vec<u8>>();
        let began = Instant::now();
        for _ in 0..40_000 {
            queue.put(&line);
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        // The writer may have taken one full queue before it was held up.
        let lost = queue.dropped();
        let room = (MAX_WAITING_BYTES / line.len()) as u64;
        assert!((40_000 - 2 * room..=40_000 - room).contains(&lost), "{lost}");
        sink.let_go();
        drop(queue);
        let kept = sink.text().lines().filter(|line| line.len() == 1023).count() as u64;
        assert_eq!(kept + lost, 40_000, "every line is written or counted");
        assert!(sink.text().starts_with("# head\nx"));
    }

    /// A disk that is full from the n-th byte on, until it isn't.
    struct Full(Arc<Mutex<(usize, Vec<u8>)>>);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            let taken = bytes.len().min(disk.0);
            if taken == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            disk.0 -= taken;
            disk.1.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_tears_one_line_and_the_next_begins_anew() {
        let disk = Arc::new(Mutex::new((9, Vec::new())));
        let mut writer = Writer {
            shared: Arc::default(),
            destination: Destination::Other(Box::new(Full(Arc::clone(&disk)))),
            header: "",
            is_torn: false,
        };
        assert_eq!(writer.write(b"first\nsecond\nthird\n"), 2);
        assert_eq!(writer.write(b"fourth\n"), 1);
        disk.lock().unwrap().0 = 100;
        assert_eq!(writer.write(b"fifth\n"), 0);
        assert_eq!(disk.lock().unwrap().1, b"first\nsec\nfifth\n");
    }

    #[test]
    fn what_is_enough_is_written_at_once_and_the_rest_at_the_end() {
        let sink = Blocked::default();
        sink.let_go();
        let hour = Duration::from_hours(1);
        let queue = Queue::flushed(Destination::Other(Box::new(sink.clone())), "", hour);
        let line = [&[b'x'; 511][..], b"\n"].concat();
        for _ in 0..ENOUGH_BYTES / line.len() {
            queue.put(&line);
        }
        let began = Instant::now();
        while sink.text().len() < ENOUGH_BYTES && began.elapsed() < Duration::from_mins(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        queue.put(&line);
        assert_eq!(sink.text().len(), ENOUGH_BYTES);
        drop(queue);
        assert_eq!(sink.text().len(), ENOUGH_BYTES + line.len());
    }

    #[test]
    fn a_file_that_was_moved_away_is_opened_anew() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, old) = (folder.path().join("access.log"), folder.path().join("access.log.1"));
        let file = FileSink::open(&path).unwrap();
        let queue = Queue::start(Destination::File(file), "# head\n");
        queue.put(b"one\n");
        std::fs::rename(&path, &old).unwrap();
        queue.reopen();
        let began = Instant::now();
        while !path.exists() && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
        }
        queue.put(b"two\n");
        drop(queue);
        assert_eq!(std::fs::read_to_string(&old).unwrap(), "# head\none\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "# head\ntwo\n");
    }
}
