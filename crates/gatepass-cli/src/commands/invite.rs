//! `gatepass invite`: a link that logs somebody in.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use aws_lc_rs::rand;
use clap::Args;
use gatepass::HashAlgorithm;
use gatepass_issuer::{Invitation, Person, Signing, Uses};

use super::users::ClaimArgs;
use crate::clock::{self, Clock};
use crate::config::issuer::{self, Inviting};
use crate::words::{Failure, note, say};

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  # Good for a week, and for whoever has it; who logs in with it stays as long as anybody
  gatepass invite --issuer issuer.toml --for ada --group friends

  # Good for one login, which lasts all day
  gatepass invite --issuer issuer.toml --for ada --group friends --once --session 12h

  # Claims that entitlements look at, and where the person is sent then
  gatepass invite --issuer issuer.toml --for ada --claim plan=gold \\
    --return-to https://media.example.com/films/

The link is signed by the key in force, and ends with it. Whoever has the link can use it: send it
as you would send a password.")]
pub(crate) struct InviteArgs {
    /// The issuer's configuration: where browsers find it, and the key that signs
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
    /// Who logs in with the link: their name once and for all, their sub
    #[arg(long = "for", value_name = "NAME")]
    subject: String,
    #[command(flatten)]
    claims: ClaimArgs,
    /// When the link ends: RFC 3339, epoch seconds, or a span from now
    #[arg(long, value_name = "T", default_value = "7d")]
    lasts: String,
    /// How long the login lasts, such as 12h, though nothing be heard of the person; as any login
    /// if unsaid. No longer than longest-session-seconds in the issuer's [login.invitation]
    #[arg(long, value_name = "SPAN")]
    session: Option<String>,
    /// Let the link be used for one login only
    #[arg(long)]
    once: bool,
    /// Where the person is sent then: one of the issuer's return-to, or a path
    #[arg(long, value_name = "URL")]
    return_to: Option<String>,
}

impl InviteArgs {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let inviting = load(&self.issuer)?;
        let clock = Clock::new(None)?;
        let expiry = clock.read(&self.lasts, "--lasts")?;
        let now = clock::now();
        if expiry <= now {
            return Err(Failure::new(format!("--lasts: the link would have ended at {expiry}")));
        }
        let invitation = self.invitation(&inviting)?;
        let url = invitation.url(&inviting.url.url(""));
        let unsigned = Invitation::unsigned(&url, expiry)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signed = runtime.block_on(async {
            Signing::open(inviting.key, HashAlgorithm::Sha256).await?.complete(unsigned).await
        });
        let link = signed?.url(&url)?;
        let query = link.split_once('?').map_or("", |(_, query)| query);
        if query.len() > Invitation::LONGEST {
            return Err(Failure::new(format!(
                "the link would have {} bytes, and mail programs break those over {}",
                link.len(),
                Invitation::LONGEST
            ))
            .hint("claim less, or name a group that stands for it"));
        }
        note(&match invitation.uses {
            Uses::Once => format!("good for one login, until {expiry}"),
            Uses::Many => format!("good until {expiry}, for whoever has it"),
        });
        say(&link)?;
        Ok(ExitCode::SUCCESS)
    }

    fn invitation(&self, inviting: &Inviting) -> Result<Invitation, Failure> {
        let claims = self.claims.read()?;
        if let Some(name) = claims.keys().find(|name| !Invitation::can_claim(name)) {
            return Err(Failure::new(format!("--claim: a link can't carry the claim {name:?}"))
                .hint("name it with letters, digits, and . _ - ~ alone"));
        }
        let person = Person::new(&self.subject, claims)
            .map_err(|error| Failure::new(format!("--for: {error}")))?;
        let return_to = self.return_to.as_deref();
        if let Some(place) = return_to.filter(|place| inviting.return_to.read(place).is_none()) {
            return Err(Failure::new(format!("--return-to: the issuer sends nobody to {place}"))
                .hint("add its origin to return-to in the issuer's configuration"));
        }
        let mut id = [0; 16];
        rand::fill(&mut id).map_err(|_| Failure::new("the system gave no random numbers"))?;
        let uses = if self.once { Uses::Once } else { Uses::Many };
        let session = self.session.as_deref().map(session).transpose()?;
        let longest = inviting.longest_session;
        if let Some(text) = self.session.as_deref().filter(|_| session > Some(longest)) {
            return Err(Failure::new(format!(
                "--session: {text} is longer than the {} seconds that the issuer allows",
                longest.as_secs()
            ))
            .hint("raise longest-session-seconds in its [login.invitation], and start it anew; unsaid, it is session.absolute-seconds"));
        }
        Ok(Invitation { id, person, session, uses, return_to: return_to.map(Into::into) })
    }
}

/// How long a span is that was typed behind `--session`.
fn session(text: &str) -> Result<Duration, Failure> {
    let now = clock::now();
    // Read as from this moment on, so that what is no span is no later than it.
    let end = Clock::new(Some(&now.seconds().to_string()))?.read(text, "--session")?;
    match end.seconds_since(now) {
        0 => {
            Err(Failure::new(format!("--session: {text} is no span of time"))
                .hint("write 12h, or 7d"))
        }
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// Where the issuer is found, and its key in force.
fn load(file: &Path) -> Result<Inviting, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("can't read {shown}: {error}")))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let inviting = issuer::read_inviting(&text, folder).map_err(|mistakes| {
        Failure::new(format!("{shown} has mistakes\n\n{}", mistakes.lines(&shown)))
    })?;
    if !inviting.is_open {
        return Err(Failure::new(format!("{shown} takes no invitations"))
            .hint("add a table [login.invitation], and start the issuer anew"));
    }
    Ok(inviting)
}
