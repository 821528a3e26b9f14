//! A report as JSON.

use gatepass::{
    Carrier, Denial, Diagnosis, EpochTime, Outcome, PassReport, PublicKeyId, Report, RuleReport,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::diagnoses;

/// The verdict, and the rules of the pass that it hangs on.
pub(in super::super) fn verdict_json(report: &Report) -> String {
    pretty(&Verdict::new(report))
}

/// The same, with every pass and every mistake.
pub(in super::super) fn explanation_json(report: &Report) -> String {
    pretty(&Explanation {
        verdict: Verdict::new(report),
        diagnoses: diagnoses(report).map(Mistake::new).collect(),
        passes: report.passes().iter().map(Presented::new).collect(),
    })
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("text and numbers can be written as JSON")
}

#[derive(Serialize)]
struct Verdict<'a> {
    admitted: bool,
    reason: Option<&'static str>,
    code: Option<&'static str>,
    message: Option<&'static str>,
    sentence: Option<String>,
    hint: Option<&'static str>,
    key_pair_id: Option<&'a str>,
    policy: Option<Policy<'a>>,
    expires: Option<u64>,
    rules: Vec<Rule>,
}

/// The policy as it was signed, or as text if it is not JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Policy<'a> {
    Json(Box<RawValue>),
    Text(&'a str),
}

#[derive(Serialize)]
struct Rule {
    name: &'static str,
    outcome: &'static str,
    detail: Option<String>,
}

#[derive(Serialize)]
struct Explanation<'a> {
    #[serde(flatten)]
    verdict: Verdict<'a>,
    diagnoses: Vec<Mistake>,
    passes: Vec<Presented<'a>>,
}

#[derive(Serialize)]
struct Presented<'a> {
    carrier: Option<&'static str>,
    key_pair_id: Option<&'a str>,
    policy: Option<Policy<'a>>,
    expires: Option<u64>,
    rules: Vec<Rule>,
    diagnoses: Vec<Mistake>,
}

#[derive(Serialize)]
struct Mistake {
    name: &'static str,
    sentence: String,
    fix: &'static str,
}

impl<'a> Verdict<'a> {
    fn new(report: &'a Report) -> Self {
        let denial = report.verdict().as_ref().err();
        let passes = report.passes();
        let decisive = passes.iter().find(|pass| pass.denial() == denial).unwrap_or(&passes[0]);
        let expiry = report
            .verdict()
            .as_ref()
            .map_or_else(|_| decisive.expiry(), |pass| Some(pass.expiry()));
        Self {
            admitted: denial.is_none(),
            reason: denial.map(Denial::reason),
            code: denial.map(Denial::code),
            message: denial.map(Denial::message),
            sentence: denial.map(ToString::to_string),
            hint: denial.and_then(Denial::hint),
            key_pair_id: decisive.key_id().map(PublicKeyId::as_str),
            policy: decisive.policy().map(Policy::new),
            expires: expiry.map(EpochTime::seconds),
            rules: decisive.rules().iter().map(Rule::new).collect(),
        }
    }
}

impl<'a> Policy<'a> {
    fn new(text: &'a str) -> Self {
        serde_json::from_str(text).map_or(Self::Text(text), Self::Json)
    }
}

impl Rule {
    fn new(rule: &RuleReport) -> Self {
        let (outcome, detail) = match rule.outcome() {
            Outcome::Met => ("met", None),
            Outcome::Unmet(denial) => ("unmet", Some(denial.to_string())),
            Outcome::NotAsked(reason) => ("not_asked", Some((*reason).to_owned())),
        };
        Self { name: rule.name(), outcome, detail }
    }
}

impl<'a> Presented<'a> {
    fn new(pass: &'a PassReport) -> Self {
        Self {
            carrier: pass.carrier().map(|carrier| match carrier {
                Carrier::Cookies => "cookies",
                Carrier::Url => "url",
            }),
            key_pair_id: pass.key_id().map(PublicKeyId::as_str),
            policy: pass.policy().map(Policy::new),
            expires: pass.expiry().map(EpochTime::seconds),
            rules: pass.rules().iter().map(Rule::new).collect(),
            diagnoses: pass.diagnoses().iter().map(Mistake::new).collect(),
        }
    }
}

impl Mistake {
    fn new(diagnosis: &Diagnosis) -> Self {
        Self { name: diagnosis.name(), sentence: diagnosis.to_string(), fix: diagnosis.fix() }
    }
}
