//! The load generators: `wrk` at full speed, and `h2load` for HTTP/2 or at a given rate.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;

/// What a generator found in one turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    pub(crate) requests: f64,
    /// Requests per second.
    pub(crate) rate: f64,
    /// The latency that 99 of 100 requests stay under, in microseconds.
    pub(crate) p99: f64,
}

/// Asks for one URL with a header, or for what a Lua script says, over and over.
pub(crate) fn wrk(
    url: &str,
    header: &str,
    script: Option<&Path>,
    connections: u32,
    seconds: u32,
) -> Outcome<Turn> {
    let mut command = Command::new(std::env::var("GATEPASS_TOOL_WRK")?);
    command.args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{seconds}s")]);
    if let Some(script) = script {
        command.arg("-s").arg(script);
    }
    let output = command.args(["-H", header, url]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("Non-2xx") || text.contains("Socket errors") || !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{url} did not answer well:\n{text}{complaint}").into());
    }
    let figure = |label: &str| {
        let line = text.lines().find(|line| line.trim_start().contains(label))?;
        line.split_whitespace().find_map(|word| word.parse::<f64>().ok())
    };
    let p99 = text.lines().find_map(|line| duration(line.trim().strip_prefix("99%")?));
    let turn = figure("requests in").zip(figure("Requests/sec:")).zip(p99);
    let ((requests, rate), p99) = turn.ok_or_else(|| format!("wrk said {text}"))?;
    Ok(Turn { requests, rate, p99 })
}

/// Over HTTP/2 and TLS, as fast as it goes: eight connections of sixteen streams.
pub(crate) fn http2(url: &str, header: &str, folder: &Path, seconds: u32) -> Outcome<Turn> {
    h2load(&["-c8", "-m16"], url, header, folder, seconds)
}

/// Over HTTP/1.1, so many requests a second and no more.
pub(crate) fn at_rate(
    url: &str,
    header: &str,
    folder: &Path,
    rate: f64,
    seconds: u32,
) -> Outcome<Turn> {
    const CLIENTS: f64 = 32.0;
    let each = (rate / CLIENTS).max(1.0).round();
    h2load(&["--h1", "-c32", &format!("--rps={each}")], url, header, folder, seconds)
}

fn h2load(flags: &[&str], url: &str, header: &str, folder: &Path, seconds: u32) -> Outcome<Turn> {
    let log = folder.join("h2load.log");
    let _ = fs::remove_file(&log);
    let output = Command::new(std::env::var("GATEPASS_TOOL_H2LOAD")?)
        .args(flags)
        .args(["-t1", &format!("-D{seconds}"), "--header", header, "--log-file"])
        .arg(&log)
        .arg(url)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // A line for each request: when it began, its status, how long it took in microseconds.
    let mut times = Vec::new();
    for line in fs::read_to_string(&log)?.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, status, time, ..] = fields[..] else { continue };
        // Those cut off when the time was up have no status.
        match status.trim() {
            "200" => times.push(time.trim().parse::<f64>()?),
            "-1" => {}
            other => return Err(format!("{url} answered {other}").into()),
        }
    }
    if times.is_empty() {
        return Err(format!("h2load got no answer: {text}").into());
    }
    times.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let requests = times.len() as f64;
    let p99 = times[times.len() * 99 / 100];
    Ok(Turn { requests, rate: requests / f64::from(seconds), p99 })
}

/// Microseconds, from a figure with a unit as wrk writes it.
fn duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let scale = match &text[split..] {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    text[..split].parse::<f64>().ok().map(|figure| figure * scale)
}
