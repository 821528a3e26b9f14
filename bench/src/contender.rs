//! One server asked for one thing, and the table of several of them.

use std::path::Path;

use crate::Outcome;
use crate::generator::{self, Turn};
use crate::servers::Server;
use crate::statistics::median;

/// How it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load<'a> {
    /// `wrk` with so many connections.
    Full(u32),
    /// `wrk` with a script that says what to ask, over so many connections.
    Scripted(&'a Path, u32),
    /// `h2load`, HTTP/2.
    Http2,
    /// `h2load`, HTTP/1.1, so many requests a second.
    Rate(f64),
}

/// What is asked of whom, and what came of it.
#[derive(Debug)]
pub(crate) struct Contender<'s> {
    name: String,
    server: &'s Server,
    url: String,
    header: String,
    load: Load<'s>,
    turns: Vec<(Turn, f64)>,
}

/// The middle of a contender's turns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Medians {
    pub(crate) rate: f64,
    /// Microseconds of processor time a request.
    pub(crate) cpu: f64,
    pub(crate) p99: f64,
}

impl<'s> Contender<'s> {
    pub(crate) fn new(
        name: impl Into<String>,
        server: &'s Server,
        url: String,
        header: &str,
        load: Load<'s>,
    ) -> Self {
        Self { name: name.into(), server, url, header: header.to_owned(), load, turns: Vec::new() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Asks for `seconds`.
    pub(crate) fn measure(&mut self, folder: &Path, seconds: u32) -> Outcome<Turn> {
        let before = self.server.processor_seconds()?;
        let (url, header) = (&self.url, &self.header);
        let turn = match self.load {
            Load::Full(connections) => generator::wrk(url, header, None, connections, seconds),
            Load::Scripted(script, connections) => {
                generator::wrk(url, header, Some(script), connections, seconds)
            }
            Load::Http2 => generator::http2(url, header, folder, seconds),
            Load::Rate(rate) => generator::at_rate(url, header, folder, rate, seconds),
        };
        let turn = turn.map_err(|error| format!("{}: {error}", self.name))?;
        let used = self.server.processor_seconds()? - before;
        self.turns.push((turn, used * 1e6 / turn.requests));
        Ok(turn)
    }

    pub(crate) fn medians(&self) -> Medians {
        let of = |figure: fn(&(Turn, f64)) -> f64| median(self.turns.iter().map(figure).collect());
        Medians { rate: of(|turn| turn.0.rate), cpu: of(|turn| turn.1), p99: of(|turn| turn.0.p99) }
    }
}

/// Asks every contender in turn, so that a machine that drifts is fair to all.
pub(crate) fn measure(
    contenders: &mut [Contender<'_>],
    folder: &Path,
    rounds: u32,
    seconds: u32,
) -> Outcome<()> {
    for _ in 0..rounds {
        for contender in &mut *contenders {
            contender.measure(folder, seconds)?;
        }
    }
    Ok(())
}

/// Prints figures and their ratios to the contender of that name.
pub(crate) fn print(title: &str, goal: &str, contenders: &[Contender<'_>], base: &str) {
    println!("\n{title}; ratios to {base}{goal}");
    println!(
        "  {:<26}{:>11}{:>7}{:>13}{:>7}{:>11}{:>7}",
        "", "requests/s", "ratio", "CPU us/req", "ratio", "p99 us", "ratio"
    );
    let nothing = Medians { rate: f64::NAN, cpu: f64::NAN, p99: f64::NAN };
    let base = contenders.iter().find(|one| one.name == base).map_or(nothing, Contender::medians);
    for contender in contenders {
        let Medians { rate, cpu, p99 } = contender.medians();
        println!(
            "  {:<26}{rate:>11.0}{:>7.2}{cpu:>13.2}{:>7.2}{p99:>11.0}{:>7.2}",
            contender.name,
            rate / base.rate,
            cpu / base.cpu,
            p99 / base.p99
        );
    }
}
