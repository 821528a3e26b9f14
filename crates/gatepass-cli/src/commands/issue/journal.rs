//! The journal: lines of JSON on standard output, written by a thread of their own. Whoever reads
//! them may stall (a full pipe, `| less`) and holds nobody up: then lines are dropped, and how many
//! is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::time::{Duration, Instant};

use gatepass_issuer::Journal;
use serde_json::json;

use crate::clock;
use crate::words::say;

/// So many lines wait at most.
const WAITING: usize = 4_096;

/// How long the last lines may take when the issuer ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether there is a place for the last word.
const A_MOMENT: Duration = Duration::from_millis(10);

enum Said {
    Line(Box<str>),
    /// Everything was said: whoever waits for that is told.
    End(Sender<()>),
}

/// The end of a journal.
pub(super) struct Ending(SyncSender<Said>);

/// Begins a journal on standard output.
pub(super) fn begin() -> (Journal, Ending) {
    // If nobody reads them, people log in all the same.
    begin_with(WAITING, |line| drop(say(line)))
}

fn begin_with(waiting: usize, write: impl FnMut(&str) + Send + 'static) -> (Journal, Ending) {
    let (said, lines) = sync_channel(waiting);
    let dropped = Arc::new(AtomicU64::new(0));
    let ending = Ending(said.clone());
    std::thread::spawn({
        let dropped = Arc::clone(&dropped);
        move || write_all(&lines, &dropped, write)
    });
    let journal = move |line: &str| {
        if said.try_send(Said::Line(line.into())).is_err() {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    };
    (Arc::new(journal), ending)
}

fn write_all(lines: &Receiver<Said>, dropped: &AtomicU64, mut write: impl FnMut(&str)) {
    for said in lines {
        let all_said = match said {
            Said::Line(line) => {
                write(&line);
                None
            }
            Said::End(all_said) => Some(all_said),
        };
        // Lines were waiting when others were dropped: one comes after, and this with it.
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let what = format!("{lost} lines of the journal were dropped: nobody read them");
            let line = json!({"time": clock::now().seconds(), "event": "trouble", "what": what});
            write(&line.to_string());
        }
        if let Some(all_said) = all_said {
            // Nobody waits any longer, perhaps.
            let _ = all_said.send(());
        }
    }
}

impl Ending {
    /// Waits until everything that was said is written, or for as long as that may take.
    pub(super) fn wait(self) {
        self.wait_for(PATIENCE);
    }

    fn wait_for(self, patience: Duration) {
        let (all_said, ended) = channel();
        let until = Instant::now() + patience;
        let mut end = Said::End(all_said);
        // All places may be taken by lines that a slow reader is still reading.
        while let Err(TrySendError::Full(back)) = self.0.try_send(end) {
            if Instant::now() >= until {
                return;
            }
            end = back;
            std::thread::sleep(A_MOMENT);
        }
        // A reader that stalls now has had its time.
        let _ = ended.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn what_was_said_is_written_before_the_end() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&written);
        let write = move |line: &str| lines.lock().unwrap().push(line.to_owned());
        let (journal, ending) = begin_with(100, write);
        for number in 0..50 {
            journal(&number.to_string());
        }
        ending.wait();
        let expected: Vec<_> = (0..50).map(|number| number.to_string()).collect();
        assert_eq!(*written.lock().unwrap(), expected);
    }

    #[test]
    fn a_slow_reader_gets_every_line_that_waits_and_learns_what_it_missed_before_the_end() {
        let (go_on, slow) = channel::<()>();
        let written = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&written);
        let (journal, ending) = begin_with(3, move |line: &str| {
            let _ = slow.recv();
            lines.lock().unwrap().push(line.to_owned());
        });
        for _ in 0..100 {
            journal("line");
        }
        // Every place is taken, and most likely the end waits for one when the reader goes on.
        std::thread::spawn(move || {
            std::thread::sleep(3 * A_MOMENT);
            drop(go_on);
        });
        ending.wait_for(Duration::from_mins(10));
        let written = written.lock().unwrap();
        let kept = written.iter().filter(|line| *line == "line").count();
        let told = format!("{} lines of the journal were dropped", 100 - kept);
        assert!((3..=4).contains(&kept), "{kept}");
        assert!(written.iter().any(|line| line.contains(&told)), "{written:?}");
    }

    #[test]
    fn a_reader_that_stalls_for_good_does_not_keep_the_issuer() {
        let (_never, stalled) = channel::<()>();
        let (journal, ending) = begin_with(1, move |_: &str| {
            let _ = stalled.recv();
        });
        for _ in 0..9 {
            journal("line");
        }
        ending.wait_for(Duration::from_millis(30));
    }

    #[test]
    fn a_reader_that_stalls_holds_nobody_up_and_learns_what_it_missed() {
        let (go_on, stalled) = channel::<()>();
        let (wrote, written) = channel();
        let (journal, ending) = begin_with(3, move |line: &str| {
            // It goes on when whoever would say so is gone.
            let _ = stalled.recv();
            wrote.send(line.to_owned()).unwrap();
        });
        for _ in 0..100 {
            journal("line");
        }
        drop(go_on);
        let mut lines = Vec::new();
        while !lines.iter().any(|line: &String| line.contains("dropped")) {
            lines.push(written.recv().unwrap());
        }
        ending.wait();
        lines.extend(written.try_iter());
        let kept = lines.iter().filter(|line| *line == "line").count();
        let told = format!("{} lines of the journal were dropped", 100 - kept);
        assert!((3..=4).contains(&kept), "{kept}");
        assert!(lines.iter().any(|line| line.contains(&told)), "{lines:?}");
    }
}
