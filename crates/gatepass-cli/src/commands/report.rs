//! A report on one request: as text to read, as JSON for programs.

mod json;

use gatepass::{
    Denial, Diagnosis, EpochTime, Outcome, Pass, PassReport, Report, RuleReport, Trust,
    ViewerRequest, explain,
};

pub(super) use self::json::{explanation_json, verdict_json};
use crate::words::{BAD, GOOD, HINT, hint_line, printable};

/// `admitted: …` or `denied: …`, in one line.
pub(super) fn verdict_line(verdict: &Result<Pass, Denial>) -> String {
    match verdict {
        Ok(pass) => {
            let (key, expiry) = (pass.key_id(), pass.expiry());
            format!("{GOOD}admitted:{GOOD:#} by the key {key}, until {expiry}")
        }
        Err(denial) => format!("{BAD}denied:{BAD:#} {}", denial.code()),
    }
}

/// Every rule of every pass, the verdict, and the mistakes behind it.
pub(super) fn text(report: &Report) -> String {
    let count = report.passes().len();
    let passes = report.passes().iter().enumerate().map(|(at, pass)| match count {
        1 => pass_text(pass),
        _ => format!("pass {} of {count}\n{}", at + 1, pass_text(pass)),
    });
    let mut text: String = passes.collect();
    text.push_str(&verdict_line(report.verdict()));
    let mut mistakes: Vec<_> = diagnoses(report).map(mistake).collect();
    mistakes.dedup();
    if !mistakes.is_empty() {
        text.push_str("\n\nwhat probably happened:\n");
        text.push_str(&mistakes.join("\n"));
    } else if let Some(hint) = report.verdict().as_ref().err().and_then(Denial::hint) {
        text.push_str(&hint_line(hint));
    }
    text
}

/// All that there is to tell about a request, as JSON.
pub(super) fn json(request: &ViewerRequest<'_>, trust: &Trust, now: EpochTime) -> String {
    explanation_json(&explain(request, trust, now))
}

fn pass_text(pass: &PassReport) -> String {
    let policy = pass.policy().map(|policy| format!("policy {}\n", printable(policy)));
    let rules: String = pass.rules().iter().map(rule_line).collect();
    format!("{}{rules}\n", policy.unwrap_or_default())
}

fn rule_line(rule: &RuleReport) -> String {
    let name = rule.name();
    match rule.outcome() {
        Outcome::Met => format!("  {GOOD}met{GOOD:#}    {name}\n"),
        Outcome::Unmet(denial) => {
            format!("  {BAD}UNMET{BAD:#}  {name}: {}\n", printable(&denial.to_string()))
        }
        Outcome::NotAsked(reason) => format!("  -      {name}: not asked, for {reason}\n"),
    }
}

fn mistake(diagnosis: &Diagnosis) -> String {
    let sentence = diagnosis.to_string();
    format!("  {}\n  {HINT}fix:{HINT:#} {}", printable(&sentence), diagnosis.fix())
}

fn diagnoses(report: &Report) -> impl Iterator<Item = &Diagnosis> {
    report.diagnoses().iter().chain(report.passes().iter().flat_map(PassReport::diagnoses))
}
