//! `gatepass sign url`: a URL that carries its own pass.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gatepass::{Resource, SignError};

use super::pass::{Kind, PassArgs};
use crate::shell::quote;
use crate::words::{Failure, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass sign url --url https://media.example.com/films/a.mp4 \\
    --key-pair-id K1 --private-key K1.private.pem --date-less-than 1h
  gatepass sign url --url 'https://media.example.com/films/a.mp4?q=hd' \\
    --policy-resource 'https://media.example.com/films/*' --ip-address 203.0.113.0/24 \\
    --key-pair-id K1 --private-key env:SIGNING_KEY --date-less-than 2026-01-01T18:00:00Z
  gatepass sign url --url https://media.example.com/a.mp4 --hash-algorithm SHA256 \\
    --key-pair-id K1 --private-key K1.private.pem --date-less-than 7d --output curl")]
pub(crate) struct UrlArgs {
    /// The URL as browsers send it: absolute, percent-encoded, without a fragment
    #[arg(long)]
    url: String,
    /// What the policy covers, if not this very URL: a pattern with * and ?
    #[arg(long, value_name = "R")]
    policy_resource: Option<String>,
    #[command(flatten)]
    pass: PassArgs,
    /// The URL alone, a JSON object, or a command to paste
    #[arg(long, value_name = "FORM", default_value = "url")]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Url,
    Json,
    Curl,
}

impl UrlArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let plan = self.pass.plan()?;
        let resource = self.policy_resource.as_deref().unwrap_or(&self.url);
        let is_this_url = resource == self.url;
        let is_wildcard = self.policy_resource.is_some() && resource.contains('*');
        let kind = plan.kind(is_this_url && !is_wildcard);
        if kind == Kind::Canned && !is_this_url {
            return Err(SignError::NotCanned("another resource").into());
        }
        let mut signed = String::new();
        for policy in plan.policies(vec![Resource::new(resource)])? {
            signed = plan.sign(&policy, kind)?.url(&self.url)?;
        }
        say(&match self.output {
            Output::Url => signed,
            Output::Json => {
                let expires = plan.window.expiry().seconds();
                let id = plan.signer_id().as_str();
                serde_json::json!({ "url": signed, "key_pair_id": id, "expires": expires })
                    .to_string()
            }
            Output::Curl => format!("curl {}", quote(&signed)),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
