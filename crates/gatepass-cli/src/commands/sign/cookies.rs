//! `gatepass sign cookies`: one pass, or for CloudFront one for each resource.
//!
//! CloudFront reads one resource from one policy. Several resources become several sets of
//! cookies, told apart by their `Path`: a browser sends the set whose path fits best first,
//! and CloudFront takes the first. Gatepass reads a list, so there it is one set.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use gatepass::{
    CookieNaming, CookiePath, EpochTime, Level, Lint, Policy, Resource, SameSite, Scope, SetCookie,
    SetCookieError, SignedCookies, lint,
};

use super::cookie_output::{Output, written};
use super::pass::{PassArgs, Plan, Reader};
use crate::words::{Failure, note, say, tell};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  gatepass sign cookies --resource 'https://media.example.com/films/*' \\
    --key-pair-id K1 --private-key K1.private.pem --date-less-than 1h
  gatepass sign cookies --resource 'https://media.example.com/films/*' --domain example.com \\
    --same-site none --key-pair-id K1 --private-key K1.private.pem --date-less-than 1h30m
  gatepass sign cookies --resource 'https://media.example.com/films/*' --output curl \\
    --key-pair-id K1 --private-key env:SIGNING_KEY --date-less-than 2026-01-01T18:00:00Z
  gatepass sign cookies --for gatepass --names per-key \\
    --resource 'https://media.example.com/films/*' --resource 'https://media.example.com/art/*' \\
    --key-pair-id K1 --private-key K1.private.pem --date-less-than 7d")]
pub(crate) struct CookiesArgs {
    /// What the pass covers: a URL, or a pattern with * and ?; several are welcome
    #[arg(long = "resource", alias = "url", value_name = "URL", required = true)]
    resources: Vec<String>,
    #[command(flatten)]
    pass: PassArgs,
    /// How the cookies are named: per-key names end in the key's ID, and only Gatepass reads them
    #[arg(long, value_name = "NAMES", default_value = "plain")]
    names: Names,
    /// Set-Cookie lines, a Cookie header, the AWS CLI's JSON, a command, or a cookie jar
    #[arg(long, value_name = "FORM", default_value = "set-cookie")]
    output: Output,
    /// Sends the cookies to all hosts of this domain [default: the host that sets them]
    #[arg(long)]
    domain: Option<String>,
    /// Sends the cookies only below this path [default: /]
    #[arg(long)]
    path: Option<String>,
    /// When another site causes the request: none if a player there shows the content
    #[arg(long, value_name = "WHEN")]
    same_site: Option<SameSiteArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Names {
    Plain,
    PerKey,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SameSiteArg {
    Lax,
    None,
    Strict,
}

/// The cookies of one pass, and what they are for.
pub(super) struct CookieSet {
    pub(super) resources: Vec<String>,
    pub(super) path: CookiePath,
    pub(super) cookies: SignedCookies,
}

impl CookiesArgs {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let plan = self.pass.plan()?;
        let naming = self.naming(&plan)?;
        let attributes = self.attributes()?;
        let resources = self.resources.iter().map(|text| Resource::new(&**text)).collect();
        let policies = plan.policies(resources)?;
        let is_only = policies.len() == 1;
        let sets = policies.iter().map(|policy| self.set(policy, &plan, naming, is_only));
        let sets = sets.collect::<Result<Vec<_>, _>>()?;
        if !is_only {
            Self::tell_apart(&sets)?;
        }
        let text = written(self.output, &sets, &attributes, self.domain.as_deref())?;
        say(&text)?;
        if self.output == Output::SetCookie {
            warn(&text, plan.now);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn naming(&self, plan: &Plan) -> Result<CookieNaming, Failure> {
        match (self.names, plan.reader) {
            (Names::Plain, _) => Ok(CookieNaming::Plain),
            (Names::PerKey, Reader::Gatepass) => Ok(CookieNaming::PerKey),
            (Names::PerKey, Reader::Cloudfront) => {
                Err(Failure::new("CloudFront does not read cookies that are named after their key")
                    .hint("sign --for gatepass, or use --names plain"))
            }
        }
    }

    fn attributes(&self) -> Result<SetCookie, Failure> {
        let mut attributes = SetCookie::default();
        if let Some(domain) = &self.domain {
            attributes = attributes.domain(domain).map_err(|error| refused(&error, "--domain"))?;
        }
        Ok(match self.same_site {
            None => attributes,
            Some(SameSiteArg::Lax) => attributes.same_site(SameSite::Lax),
            Some(SameSiteArg::None) => attributes.same_site(SameSite::None),
            Some(SameSiteArg::Strict) => attributes.same_site(SameSite::Strict),
        })
    }

    fn set(
        &self,
        policy: &Policy,
        plan: &Plan,
        naming: CookieNaming,
        is_only: bool,
    ) -> Result<CookieSet, Failure> {
        let resources = match policy.statements()[0].scope() {
            Scope::Patterns(patterns) => patterns.clone(),
            Scope::Everything | Scope::Exactly(_) => Vec::new(),
        };
        let can_be_canned = matches!(&*resources, [one] if !one.as_str().contains('*'));
        let path = match &self.path {
            Some(path) => path.parse().map_err(|error| refused(&error, "--path"))?,
            None if is_only => "/".parse().map_err(|error| refused(&error, "--path"))?,
            None => CookiePath::of(&resources[0]),
        };
        let pass = plan.sign(policy, plan.kind(can_be_canned))?;
        let resources = resources.iter().map(ToString::to_string).collect();
        Ok(CookieSet { resources, path, cookies: pass.cookies_named(naming) })
    }

    /// Cookies of the same name and path overwrite each other.
    fn tell_apart(sets: &[CookieSet]) -> Result<(), Failure> {
        for (at, set) in sets.iter().enumerate() {
            if let Some(other) = sets[..at].iter().find(|other| other.path == set.path) {
                let path = set.path.as_str();
                let (one, two) = (&other.resources[0], &set.resources[0]);
                let sentence = format!(
                    "the cookies for {one} and for {two} would both have Path={path}, and a browser keeps only the last"
                );
                return Err(Failure::new(sentence).hint(
                    "cover both by one pattern, or sign --for gatepass, which reads a list",
                ));
            }
        }
        note(&format!(
            "CloudFront reads one resource from one policy, so here are {} sets of cookies, each with a Path of its own",
            sets.len()
        ));
        Ok(())
    }
}

/// Says what will not work, or reaches further than it need. The rest is for `gatepass lint`.
fn warn(lines: &str, now: EpochTime) {
    let is_worth_it = |lint: &Lint| match lint {
        // Whoever signs an expired pass has asked for it.
        Lint::Expired { .. } => false,
        Lint::DomainWide(_) => true,
        other => other.level() == Level::Error,
    };
    for lint in lint(lines.lines(), now).iter().filter(|lint| is_worth_it(lint)) {
        tell(&format!("warning: {lint}; {}", lint.advice()));
    }
}

fn refused(error: &SetCookieError, flag: &str) -> Failure {
    let hint = match error {
        SetCookieError::Path(_) => "write the folder: /films, not /films/*",
        _ => "write the host that serves the content, or the domain that it shares with yours",
    };
    Failure::new(error.to_string()).at(flag).hint(hint)
}
