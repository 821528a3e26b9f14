//! The four steps, and what is said at each.

use std::path::Path;

use gatepass::{EpochTime, PublicKeyId};
use jiff::Timestamp;

use super::edge_file::EdgeFile;
use super::issuer_file::IssuerFile;
use super::journal::{Journal, Standing, Step};
use super::new_pair::NewPair;
use super::{Gate, Outcome, RotateArgs, cloudfront, probe, signing_now};
use crate::clock::Clock;
use crate::words::{Failure, note};

/// Everything that a step needs.
pub(super) struct Rotation<'a> {
    pub(super) issuer: Option<IssuerFile>,
    pub(super) edge: Option<EdgeFile>,
    pub(super) journal: Journal,
    pub(super) longest_pass: Option<u64>,
    pub(super) clock: Clock,
    pub(super) args: &'a RotateArgs,
}

impl Rotation<'_> {
    /// The first step: a new key.
    pub(super) fn begin(self) -> Result<Outcome, Failure> {
        let old = self.old()?;
        let new = match (self.next(&old), &self.args.id) {
            (Some(next), Some(id)) if next != *id => {
                return Err(Failure::new(format!("{next} is the next key already, and not {id}"))
                    .hint(format!("leave out --id to go on with {next}")));
            }
            (Some(next), _) => next,
            (None, Some(id)) => id.clone(),
            (None, None) if self.is_for_cloudfront() => return self.make_for_cloudfront(&old),
            (None, None) => super::super::new_id()?,
        };
        if new == old {
            return Err(Failure::new(format!("{new} is the old key")).hint("give it another --id"));
        }
        let standing = Standing {
            step: Step::Adding,
            old: old.as_str().into(),
            new: new.as_str().into(),
            switched_at: None,
            // Should lifetimes be cut meanwhile, passes of before still live as long.
            longest_pass_seconds: self.issuer.as_ref().and_then(IssuerFile::longest_pass),
        };
        self.journal.write(&standing)?;
        let pair = self.pair(&standing);
        if pair.is_err() {
            // Nothing was changed, and the operator may come back with another key.
            self.journal.remove()?;
        }
        self.add(standing, &pair?)
    }

    /// The step after the last one.
    pub(super) fn go_on(self, standing: Standing) -> Result<Outcome, Failure> {
        if self.args.old.as_ref().is_some_and(|old| old.as_str() != &*standing.old)
            || self.args.id.as_ref().is_some_and(|id| id.as_str() != &*standing.new)
        {
            return Err(Failure::new(format!(
                "a rotation from {} to {} is under way",
                standing.old, standing.new
            ))
            .hint("leave out --old and --id until it is done"));
        }
        match standing.step {
            Step::Adding => {
                note("the last run broke off before its end: this one begins its step anew");
                let pair = self.pair(&standing)?;
                self.add(standing, &pair)
            }
            Step::Added => self.switch(standing),
            Step::Switching => {
                note("the last run broke off before its end: this one begins its step anew");
                self.put_in_force(standing)
            }
            Step::Switched => self.wait_or_remove(standing),
            Step::Removing => {
                note("the last run broke off before its end: this one begins its step anew");
                self.remove(standing)
            }
        }
    }

    pub(super) fn status(&self, standing: Option<&Standing>) -> String {
        let Some(standing) = standing else {
            let keys = self.edge.as_ref().map(EdgeFile::keys).unwrap_or_default();
            let trusted = if keys.is_empty() {
                String::new()
            } else {
                format!(" Trusted: {}.", listed(&keys))
            };
            return format!("No rotation is under way.{trusted}");
        };
        let Standing { old, new, .. } = standing;
        match standing.step {
            Step::Adding => format!("1 of 4: {new} was being added beside {old}; run it again."),
            Step::Added => format!("1 of 4 is done: {new} is trusted beside {old}."),
            Step::Switching => format!("2 of 4: {new} was being put in force; run it again."),
            Step::Switched => match standing.ends() {
                Some(ends) if self.clock.now() < ends => format!(
                    "2 of 4 is done: {new} signs. Passes of {old} may live until {}.",
                    at(ends)
                ),
                _ => format!("3 of 4 is done: no pass of {old} lives any more. It can go."),
            },
            Step::Removing => format!("4 of 4: {old} was being removed; run it again."),
        }
    }

    fn pair(&self, standing: &Standing) -> Result<NewPair, Failure> {
        let (old, new) = (standing.old()?, standing.new_key()?);
        NewPair::of(&new, &old, self.issuer.as_ref(), self.edge.as_ref(), self.args.kind)
    }

    fn add(mut self, standing: Standing, pair: &NewPair) -> Result<Outcome, Failure> {
        let (old, new) = (standing.old()?, standing.new_key()?);
        let mut told = pair.told.clone();
        if let Some(edge) = &mut self.edge {
            let groups = edge.trust(&old, &new, &pair.public_in_edge)?;
            if groups.is_empty() {
                self.journal.remove()?;
                return Err(Failure::new(format!(
                    "{old} is in no key group of {}",
                    edge.file().name()
                ))
                .hint("name the key to replace with --old"));
            }
            if edge.file().is_changed() {
                edge.write()?;
                told.push(format!("{}: {new} is in {}", edge.file().name(), named(&groups)));
            }
        }
        if let (Some(issuer), Some(private)) = (&mut self.issuer, &pair.private_in_issuer) {
            issuer.add(&new, private)?;
            if issuer.file().is_changed() {
                issuer.write()?;
                told.push(format!("{}: {new} is the next key", issuer.file().name()));
            }
        }
        self.journal.write(&Standing { step: Step::Added, ..standing })?;
        let lines = indented(&told);
        let head = if self.edge.is_some() {
            format!("1 of 4: {new} is trusted beside {old}")
        } else {
            format!("1 of 4: {new} is there beside {old}")
        };
        let gate = if self.is_for_cloudfront() {
            format!("\n{}\n", cloudfront::add(&new))
        } else {
            String::new()
        };
        let next = match (&self.issuer, self.edge.is_some()) {
            (Some(_), true) => format!(
                "Next: when every edge has read it, let {new} sign:\n\n{}\n\nor, if you have seen to it yourself, with --trusted in place of --probe.",
                self.args.again("--probe https://…")
            ),
            (Some(_), false) => format!(
                "Next: when CloudFront has taken it, let {new} sign:\n\n{}\n\nor, if you have seen to it yourself, with --trusted in place of --probe.",
                self.args.again("--probe https://…")
            ),
            (None, _) => format!(
                "Next: when every gate has read it, let whoever signs use {new}. Then say so:\n\n{}",
                self.args.again("--switched --longest-pass 7d")
            ),
        };
        Ok(Outcome::Done(format!("{head}\n{lines}{gate}\n{next}")))
    }

    /// The second step, if the new key is trusted.
    fn switch(self, standing: Standing) -> Result<Outcome, Failure> {
        let new = standing.new_key()?;
        if !self.args.probe.is_empty() {
            let signer = NewPair::signer(&new, self.issuer.as_ref(), self.edge.as_ref())?;
            probe::ask_all(&self.args.probe, &signer, self.clock)?;
        } else if !self.args.trusted && !self.args.switched {
            let how = match &self.issuer {
                Some(_) => self.args.again("--probe https://…"),
                None => self.args.again("--switched --longest-pass 7d"),
            };
            return Ok(Outcome::NotDue(format!(
                "1 of 4 is done: {new} is trusted beside {}.\n\nNext: let {new} sign, when every edge trusts it. Say so by running\n\n{how}",
                standing.old
            )));
        }
        self.put_in_force(standing)
    }

    fn put_in_force(mut self, standing: Standing) -> Result<Outcome, Failure> {
        let (old, new) = (standing.old()?, standing.new_key()?);
        if self.issuer.is_none() && !self.args.switched && standing.step == Step::Added {
            return Ok(Outcome::NotDue(format!(
                "{new} is trusted. Next: let whoever signs use {new}. Then say so:\n\n{}",
                self.args.again("--switched --longest-pass 7d")
            )));
        }
        let known = self.issuer.as_ref().and_then(IssuerFile::longest_pass);
        let known = known.max(standing.longest_pass_seconds);
        let longest = known.max(self.longest_pass).ok_or_else(|| {
            Failure::new("nobody says how long passes live at most")
                .hint("give --longest-pass, such as --longest-pass 7d")
        })?;
        if known > self.longest_pass && self.longest_pass.is_some() {
            note("an entitlement lives longer than --longest-pass, and counts");
        }
        self.journal.write(&Standing {
            step: Step::Switching,
            longest_pass_seconds: Some(longest),
            ..standing.clone()
        })?;
        let mut told = String::new();
        if let Some(issuer) = &mut self.issuer {
            issuer.put_in_force(&new)?;
            if issuer.file().is_changed() {
                issuer.write()?;
                told = format!("  {}: {new} is in force\n", issuer.file().name());
            }
        }
        // Until it says so, an issuer may sign with the old key however the file reads: the wait
        // is counted from after its word, so that no pass is missed.
        signing_now::see(self.args, self.issuer.as_ref(), &old, &new, signing_now::PATIENTLY)?;
        let done = Standing {
            step: Step::Switched,
            switched_at: Some(timestamp(self.clock.now())),
            longest_pass_seconds: Some(longest),
            ..standing
        };
        self.journal.write(&done)?;
        let until = done.ends().map(at).unwrap_or_default();
        Ok(Outcome::Done(format!(
            "2 of 4: {new} signs\n{told}\nNext: nothing, until the last pass of {old} has ended at {until}. Then let it go:\n\n{}",
            self.args.again("")
        )))
    }

    /// The third step is to wait; the fourth comes after it.
    fn wait_or_remove(self, standing: Standing) -> Result<Outcome, Failure> {
        let Some(ends) = standing.ends() else {
            let path = self.journal.path().display();
            return Err(Failure::new(format!("{path} doesn't say when the key was switched"))
                .hint("write switched-at and longest-pass-seconds into it"));
        };
        if let Some(issuer) = &self.issuer
            && issuer.keys().first() != Some(&standing.new_key()?)
        {
            return Err(Failure::new(format!(
                "{} has another key in force than {}: somebody has changed it",
                issuer.file().name(),
                standing.new
            ))
            .hint("put the new key first again; the wait then begins anew, so write switched-at"));
        }
        if self.clock.now() < ends && !self.args.force {
            return Ok(Outcome::NotDue(format!(
                "3 of 4: {} stays until {}: passes that it signed may live until then.\n\nThen run this again. If it has leaked, drop it now, and its passes with it: --force",
                standing.old,
                at(ends)
            )));
        }
        let (old, new) = (standing.old()?, standing.new_key()?);
        signing_now::see(self.args, self.issuer.as_ref(), &old, &new, signing_now::ONCE)?;
        self.remove(standing)
    }

    fn remove(mut self, standing: Standing) -> Result<Outcome, Failure> {
        let (old, new) = (standing.old()?, standing.new_key()?);
        self.journal.write(&Standing { step: Step::Removing, ..standing })?;
        let mut told = Vec::new();
        let mut left = Vec::new();
        if let Some(issuer) = &mut self.issuer {
            left.extend(issuer.private_half(&old).map(|file| issuer.file().folder().join(file)));
            issuer.remove(&old)?;
            if issuer.file().is_changed() {
                issuer.write()?;
                told.push(format!("{}: {old} is gone", issuer.file().name()));
            }
        }
        if let Some(edge) = &mut self.edge {
            left.extend(edge.public_half(&old).map(|file| edge.file().folder().join(file)));
            edge.distrust(&old)?;
            if edge.file().is_changed() {
                edge.write()?;
                told.push(format!("{}: {old} is trusted no more", edge.file().name()));
            }
        }
        let gate = if self.is_for_cloudfront() {
            format!("\n{}\n", cloudfront::remove(&old))
        } else {
            String::new()
        };
        self.journal.remove()?;
        let lines = indented(&told);
        let files: Vec<_> = left.iter().filter(|file| file.exists()).collect();
        let rest = match &*files {
            [] => String::new(),
            files => {
                let names: Vec<_> =
                    files.iter().map(|file| super::quoted(&file.display().to_string())).collect();
                format!("\nIts files are no longer needed:\n\n  rm {}\n", names.join(" "))
            }
        };
        Ok(Outcome::Done(format!(
            "4 of 4: {old} is gone, and {new} has its place\n{lines}{gate}{rest}"
        )))
    }

    fn make_for_cloudfront(self, old: &PublicKeyId) -> Result<Outcome, Failure> {
        let made = NewPair::unnamed(old, self.issuer.as_ref(), self.edge.as_ref(), self.args.kind)?;
        Ok(Outcome::NotDue(format!(
            "{}\n{}\n\nCloudFront answers with the ID that it gave. Go on with it:\n\n{}",
            indented(&made.told),
            cloudfront::create(&made.public),
            self.args.again("--id K…")
        )))
    }

    fn is_for_cloudfront(&self) -> bool {
        self.args.gate == Some(Gate::Cloudfront)
    }

    /// The key to replace.
    fn old(&self) -> Result<PublicKeyId, Failure> {
        let trusted = self.edge.as_ref().map(EdgeFile::keys);
        let in_force = self.issuer.as_ref().and_then(|issuer| issuer.keys().into_iter().next());
        let old = match (&self.args.old, in_force, trusted.as_deref()) {
            (Some(old), Some(in_force), _) if *old != in_force => {
                return Err(Failure::new(format!("{in_force} is in force, and not {old}"))
                    .hint("leave out --old"));
            }
            (Some(old), ..) => old.clone(),
            (None, Some(in_force), _) => in_force,
            (None, None, Some([only])) => only.clone(),
            (None, None, Some(several)) if !several.is_empty() => {
                return Err(Failure::new(format!("several keys are trusted: {}", listed(several)))
                    .hint("name the one to replace with --old"));
            }
            _ => {
                return Err(Failure::new("there is no key to replace")
                    .hint("make the first one with: gatepass keys new"));
            }
        };
        match trusted {
            Some(trusted) if !trusted.contains(&old) => {
                Err(Failure::new(format!("{old} is in no key group of the edge"))
                    .hint(format!("trusted are {}", listed(&trusted))))
            }
            _ => Ok(old),
        }
    }

    /// A next key that its operator has named already.
    fn next(&self, old: &PublicKeyId) -> Option<PublicKeyId> {
        self.issuer.as_ref()?.keys().into_iter().find(|key| key != old)
    }
}

fn timestamp(time: EpochTime) -> Timestamp {
    let seconds = i64::try_from(time.seconds()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn at(time: EpochTime) -> String {
    timestamp(time).to_string()
}

/// Lines below another.
fn indented(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |text, line| text + "  " + line + "\n")
}

fn listed(keys: &[PublicKeyId]) -> String {
    keys.iter().map(PublicKeyId::as_str).collect::<Vec<_>>().join(", ")
}

fn named(groups: &[String]) -> String {
    let names: Vec<_> = groups.iter().map(|group| format!("{group:?}")).collect();
    match &*names {
        [only] => format!("the key group {only}"),
        several => format!("the key groups {}", several.join(", ")),
    }
}

/// A path as it is written in a file that lies in `folder`.
pub(super) fn within(folder: &Path, path: &Path) -> std::path::PathBuf {
    path.strip_prefix(folder).map_or_else(
        |_| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        Path::to_owned,
    )
}
