//! `gatepass keys`: key pairs as CloudFront wants them.

mod new;
mod pair;
mod rotate;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER;
use gatepass::PublicKey;

pub(crate) use self::pair::{new_id, write_pair};
use crate::words::Failure;

#[derive(Args, Debug)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key pair: ID.private.pem and ID.public.pem
    New(new::NewArgs),
    /// Go from one signing key to the next, in four steps
    Rotate(Box<rotate::RotateArgs>),
    /// Tell what a key file holds, and print its public half
    Show(show::ShowArgs),
}

impl KeysArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::New(args) => args.run(),
            Command::Rotate(args) => args.run(),
            Command::Show(args) => args.run(),
        }
    }
}

/// What `openssl pkey -pubout -outform DER | sha256sum` says, too.
fn fingerprint(key: &PublicKey) -> String {
    format!("SHA256:{}", HEXLOWER.encode(key.fingerprint()))
}
