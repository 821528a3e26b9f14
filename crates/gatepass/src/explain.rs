//! The same rules as [`verify`]'s, every one of them asked.
//!
//! 1. The verdict is `verify`'s own. Nothing that is found here changes it.
//! 2. Each pass that `verify` would try has a report of its own, in the same order.
//! 3. A rule that an earlier one leaves no ground for is not asked, and the report says why.
//!    Time, URL and address are asked even of a pass that nobody signed: whoever looks for a
//!    mistake wants to see all of them at once.
//! 4. What is not admitted is diagnosed; see [`Diagnosis`].

use crate::denial::{Denial, printable};
use crate::diagnosis::{Checks, Diagnosis, MAX_CHECKS, diagnose_pass, diagnose_request, mend};
use crate::encoding::decode;
use crate::presented::{Carrier, PresentedPass};
use crate::request::ViewerRequest;
use crate::time::EpochTime;
use crate::trusted_keys::{PublicKeyId, Trust};
use crate::verify::{
    Ask, Circumstances, Evidence, Pass, RULES, authenticate, first_admitted, progress, verify,
};

/// A request's verdict, and how it came about.
#[derive(Clone, Debug)]
pub struct Report {
    verdict: Result<Pass, Denial>,
    passes: Vec<PassReport>,
    diagnoses: Vec<Diagnosis>,
}

/// What became of one pass.
#[derive(Clone, Debug)]
pub struct PassReport {
    carrier: Option<Carrier>,
    key_id: Option<PublicKeyId>,
    policy: Option<String>,
    expiry: Option<EpochTime>,
    rules: Vec<RuleReport>,
    diagnoses: Vec<Diagnosis>,
}

/// What became of one rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleReport {
    name: &'static str,
    outcome: Outcome,
}

/// A rule's answer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a rule has no fourth answer")]
pub enum Outcome {
    /// The rule is met.
    Met,
    /// The rule can't be asked, for this reason.
    NotAsked(&'static str),
    /// The rule is not met.
    Unmet(Denial),
}

/// Judges a request as [`verify`] does, and tells everything about it.
pub fn explain(request: &ViewerRequest<'_>, trust: &Trust, now: EpochTime) -> Report {
    let verdict = verify(request, trust, now);
    let tries = request.passes().tries(trust);
    let share = MAX_CHECKS / tries.len().max(1);
    let mut passes: Vec<_> =
        tries.iter().map(|pass| PassReport::new(pass, request, trust, now, share)).collect();
    if passes.is_empty() {
        passes.push(PassReport::of_nothing());
    }
    let diagnoses =
        if verdict.is_ok() { Vec::new() } else { diagnose_request(request, trust, now) };
    Report { verdict, passes, diagnoses }
}

/// The same where passes can be revoked: one that is does not count, whatever else it meets.
/// That is the last thing to be asked.
pub fn explain_revocable(
    request: &ViewerRequest<'_>,
    trust: &Trust,
    now: EpochTime,
    is_revoked: &dyn Fn(&Pass) -> bool,
) -> Report {
    let judge = |presented: &PresentedPass<'_>| {
        let pass = authenticate(presented, request.url(), trust)?.admit(request, now)?;
        if is_revoked(&pass) { Err(Denial::Revoked { expiry: pass.expiry() }) } else { Ok(pass) }
    };
    let mut report = explain(request, trust, now);
    let tries = request.passes().tries(trust);
    report.verdict = first_admitted(&tries, judge);
    for (pass, presented) in report.passes.iter_mut().zip(&tries) {
        let outcome = match judge(presented) {
            Ok(_) => Outcome::Met,
            Err(denial @ Denial::Revoked { .. }) => Outcome::Unmet(denial),
            Err(denial) => Outcome::NotAsked(without(&denial)),
        };
        pass.rules.push(RuleReport { name: "the pass is not revoked", outcome });
    }
    report
}

impl Report {
    /// What [`verify`] says, unless the pass was revoked.
    pub const fn verdict(&self) -> &Result<Pass, Denial> {
        &self.verdict
    }

    /// Each pass that was tried, in order: one that is empty if nothing was presented.
    pub fn passes(&self) -> &[PassReport] {
        &self.passes
    }

    /// The mistakes in the request as a whole, such as a misspelled name. Those in one pass
    /// are in its [`PassReport::diagnoses`].
    pub fn diagnoses(&self) -> &[Diagnosis] {
        &self.diagnoses
    }
}

impl PassReport {
    fn new(
        presented: &PresentedPass<'_>,
        request: &ViewerRequest<'_>,
        trust: &Trust,
        now: EpochTime,
        checks: usize,
    ) -> Self {
        let evidence = Evidence::read(presented, request.url(), trust);
        let mut report = Self {
            carrier: Some(presented.carrier()),
            key_id: presented.key_id().and_then(|id| std::str::from_utf8(id).ok()?.parse().ok()),
            policy: policy_text(presented, &evidence),
            expiry: evidence.terms.as_ref().ok().map(|terms| terms.policy.expiry()),
            rules: ask_all(&evidence, request, now),
            diagnoses: Vec::new(),
        };
        if report.denial().is_some() {
            report.diagnoses = diagnose_pass(presented, request, trust, now, &mut Checks(checks));
        }
        report
    }

    fn of_nothing() -> Self {
        let mut outcome = Outcome::Unmet(Denial::NoPass);
        let rules = RULES.iter().map(|rule| RuleReport {
            name: rule.name,
            outcome: std::mem::replace(&mut outcome, Outcome::NotAsked("no pass was presented")),
        });
        Self {
            carrier: None,
            key_id: None,
            policy: None,
            expiry: None,
            rules: rules.collect(),
            diagnoses: Vec::new(),
        }
    }

    /// Where it was carried; none if nothing was presented.
    pub const fn carrier(&self) -> Option<Carrier> {
        self.carrier
    }

    /// The key that it names, as far as what it names could be one.
    pub const fn key_id(&self) -> Option<&PublicKeyId> {
        self.key_id.as_ref()
    }

    /// The policy's JSON for a person to read: of a canned pass the rebuilt one. Control
    /// characters are escaped.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// When it says that it ends.
    pub const fn expiry(&self) -> Option<EpochTime> {
        self.expiry
    }

    /// Every rule, in the order in which they are asked.
    pub fn rules(&self) -> &[RuleReport] {
        &self.rules
    }

    /// Why this pass was not admitted: the first rule that it does not meet.
    pub fn denial(&self) -> Option<&Denial> {
        self.rules.iter().find_map(|rule| match &rule.outcome {
            Outcome::Unmet(denial) => Some(denial),
            Outcome::Met | Outcome::NotAsked(_) => None,
        })
    }

    /// The mistakes that were found in it; none in a pass that meets every rule.
    pub fn diagnoses(&self) -> &[Diagnosis] {
        &self.diagnoses
    }
}

impl RuleReport {
    /// The rule, as a clause.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its answer.
    pub const fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

fn ask_all(
    evidence: &Evidence<'_>,
    request: &ViewerRequest<'_>,
    now: EpochTime,
) -> Vec<RuleReport> {
    let circumstances = evidence
        .terms
        .as_ref()
        .map(|terms| Circumstances::new(&terms.policy, request.url(), request.address(), now));
    let outcome = |place, ask: &Ask| {
        let answer = match ask {
            Ask::Pass(ask) => ask(evidence),
            Ask::Place(ask) => match &circumstances {
                Ok(circumstances) => ask(circumstances),
                Err(denial) => Err((*denial).clone()),
            },
        };
        match answer {
            Ok(()) => Outcome::Met,
            Err(denial) if progress(&denial) < place => Outcome::NotAsked(without(&denial)),
            Err(denial) => Outcome::Unmet(denial),
        }
    };
    let report = |(place, rule): (usize, &crate::verify::Rule)| RuleReport {
        name: rule.name,
        outcome: outcome(place, &rule.ask),
    };
    RULES.iter().enumerate().map(report).collect()
}

/// What a later rule lacks, if an earlier one ended like this.
fn without(denial: &Denial) -> &'static str {
    match progress(denial) {
        0 => "no key is named",
        1 => "the key is not known",
        2 => "the policy can't be read",
        3 => "the signature can't be decoded",
        4 => "the hash is not accepted",
        _ => "an earlier rule is not met",
    }
}

fn policy_text(presented: &PresentedPass<'_>, evidence: &Evidence<'_>) -> Option<String> {
    let json = match (&evidence.terms, presented.policy()) {
        (Ok(terms), _) => terms.signed.first()?.clone(),
        (Err(_), Some(_)) => decode(mend(presented).pass.policy()?).ok()?,
        (Err(_), None) => return None,
    };
    Some(printable(&String::from_utf8_lossy(&json)))
}
