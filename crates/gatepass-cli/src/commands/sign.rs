//! `gatepass sign`: passes, in cookies or in a URL.

mod cookie_output;
mod cookies;
mod pass;
mod url;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub(crate) use self::pass::passphrase;
use crate::words::Failure;

#[derive(Args, Debug)]
pub(crate) struct SignArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign cookies: Set-Cookie lines, or what else takes cookies
    Cookies(cookies::CookiesArgs),
    /// Sign a URL
    Url(url::UrlArgs),
}

impl SignArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Cookies(args) => args.run(),
            Command::Url(args) => args.run(),
        }
    }
}
