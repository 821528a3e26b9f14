//! `gatepass verify --batch`: JSON lines in, JSON lines out, in the same order.
//!
//! A line that can't be read is answered with an error, and the next ones are judged all the
//! same. Answers are flushed whenever no more input is waiting, so that another program can
//! hold a conversation.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::IpAddr;
use std::process::ExitCode;

use gatepass::{Denial, EpochTime, Pass, Trust, verify};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Clock;
use crate::commands::viewer::request;
use crate::input::Source;
use crate::words::{COULD_NOT_TELL, Failure};

pub(super) struct Judge {
    pub(super) trust: Trust,
    pub(super) clock: Clock,
    pub(super) address: Option<IpAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "id")]
    _id: Option<Box<RawValue>>,
    url: String,
    cookie: Option<String>,
    client_ip: Option<IpAddr>,
    now: Option<When>,
}

/// Only the ID, so that it can be given back even if the rest is of no use.
#[derive(Deserialize)]
struct Identified {
    id: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum When {
    Seconds(u64),
    Text(String),
}

#[derive(Serialize)]
struct Answer<'a> {
    id: Option<&'a RawValue>,
    admitted: bool,
    reason: Option<&'static str>,
    code: Option<&'static str>,
    key_pair_id: Option<&'a str>,
    expires: Option<u64>,
}

#[derive(Serialize)]
struct Unanswered<'a> {
    id: Option<&'a RawValue>,
    error: String,
}

impl Judge {
    pub(super) fn run(&self, file: &str) -> Result<ExitCode, Failure> {
        let source = Source::new(file)?;
        let mut input: BufReader<Box<dyn io::Read>> = match &source {
            Source::Stdin => BufReader::new(Box::new(io::stdin())),
            Source::File(path) => {
                BufReader::new(Box::new(File::open(path).map_err(|e| source.unreadable(&e))?))
            }
            Source::Environment(_) => BufReader::new(Box::new(io::Cursor::new(source.read()?))),
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let (mut line, mut every_line_was_read) = (Vec::new(), true);
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line).map_err(|e| source.unreadable(&e))? == 0 {
                break;
            }
            if !line.trim_ascii().is_empty() {
                every_line_was_read &= self.answer(&line, &mut out)?;
            }
            if input.buffer().is_empty() {
                out.flush()?;
            }
        }
        out.flush()?;
        Ok(if every_line_was_read { ExitCode::SUCCESS } else { ExitCode::from(COULD_NOT_TELL) })
    }

    /// Answers one line, and says whether it could be read.
    fn answer(&self, line: &[u8], out: &mut impl Write) -> io::Result<bool> {
        let identified: Option<Identified> = serde_json::from_slice(line).ok();
        let id = identified.as_ref().and_then(|line| line.id.as_deref());
        let verdict = self.judge(line);
        match &verdict {
            Ok(verdict) => serde_json::to_writer(&mut *out, &Answer::new(id, verdict))?,
            Err(failure) => {
                let error = failure.sentence().to_owned();
                serde_json::to_writer(&mut *out, &Unanswered { id, error })?;
            }
        }
        out.write_all(b"\n")?;
        Ok(verdict.is_ok())
    }

    fn judge(&self, line: &[u8]) -> Result<Result<Pass, Denial>, Failure> {
        let line: Line = serde_json::from_slice(line)
            .map_err(|error| Failure::new(without_place(&error.to_string())))?;
        let now = match line.now {
            None => self.clock.now(),
            Some(When::Seconds(seconds)) => self.clock.read(&seconds.to_string(), "now")?,
            Some(When::Text(text)) => self.clock.read(&text, "now")?,
        };
        let cookies: Vec<String> = line.cookie.into_iter().collect();
        let address = line.client_ip.or(self.address);
        Ok(verify(&request(&line.url, &cookies, address)?, &self.trust, now))
    }
}

impl<'a> Answer<'a> {
    fn new(id: Option<&'a RawValue>, verdict: &'a Result<Pass, Denial>) -> Self {
        let (pass, denial) = (verdict.as_ref().ok(), verdict.as_ref().err());
        Self {
            id,
            admitted: pass.is_some(),
            reason: denial.map(Denial::reason),
            code: denial.map(Denial::code),
            key_pair_id: pass.map(|pass| pass.key_id().as_str()),
            expires: pass.map(Pass::expiry).map(EpochTime::seconds),
        }
    }
}

/// A batch's lines are objects in one line each, so "line 1" says nothing.
fn without_place(error: &str) -> String {
    error.replace(" at line 1 column ", " at column ")
}
