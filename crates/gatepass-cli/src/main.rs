//! The command `gatepass`: makes keys, signs passes, judges and explains them, and serves
//! behind them.

#![forbid(unsafe_code)]

mod args;
mod clock;
mod commands;
mod config;
mod cookie_jar;
mod curl;
mod input;
mod shell;
mod signals;
mod words;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match args::Cli::try_parse() {
        Ok(cli) => cli.run().unwrap_or_else(words::Failure::report),
        Err(error) => words::report_usage(&error),
    }
}
