//! What can be typed: the commands, and where each of them begins.
//!
//! The flags of a command stand in its own file. Here is only the table of contents.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    demo, explain, invalidate, invite, issue, keys, lint, revoke, serve, sign, users, verify,
};
use crate::words::Failure;

/// Speaks Amazon CloudFront's signed cookies and signed URLs.
#[derive(Debug, Parser)]
#[command(name = "gatepass", version, after_help = STORY)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const STORY: &str = "\
A minute from nothing to an admitted request:
  gatepass keys new --type p256 --id K1
  gatepass sign cookies --resource 'https://media.example.com/films/*' \\
    --key-pair-id K1 --private-key K1.private.pem --date-less-than 1h --output header > pass
  gatepass verify https://media.example.com/films/a.mp4 --cookie-file pass \\
    --public-key K1.public.pem

The exit code is 0 for done or admitted, 1 for denied, 2 if there is no answer.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key pair, or tell what a key file holds
    Keys(keys::KeysArgs),
    /// Sign cookies or a URL
    Sign(sign::SignArgs),
    /// Say whether a request is admitted, as CloudFront would
    Verify(verify::VerifyArgs),
    /// Ask every rule, and say what probably went wrong
    Explain(explain::ExplainArgs),
    /// Look for mistakes in Set-Cookie lines that browsers won't report
    Lint(lint::LintArgs),
    /// Serve content behind passes
    Serve(serve::ServeArgs),
    /// Log people in, and hand them their passes
    Issue(issue::IssueArgs),
    /// Say who may log in with a password
    Users(users::UsersArgs),
    /// Make a link that logs somebody in
    Invite(invite::InviteArgs),
    /// Make what an edge has stored count as absent
    Invalidate(invalidate::InvalidateArgs),
    /// Make a pass not count any more, before it expires
    Revoke(revoke::RevokeArgs),
    /// Show everything at work on this machine
    Demo(demo::DemoArgs),
}

impl Cli {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Keys(args) => args.run(),
            Command::Sign(args) => args.run(),
            Command::Verify(args) => args.run(),
            Command::Explain(args) => args.run(),
            Command::Lint(args) => args.run(),
            Command::Serve(args) => args.run(),
            Command::Issue(args) => args.run(),
            Command::Users(args) => args.run(),
            Command::Invite(args) => args.run(),
            Command::Invalidate(args) => args.run(),
            Command::Revoke(args) => args.run(),
            Command::Demo(args) => args.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
