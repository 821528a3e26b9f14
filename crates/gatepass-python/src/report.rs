//! `explain`: every rule asked, as objects and as text.

use std::fmt::Write as _;

use gatepass::{Carrier, Denial, Outcome};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::judge::{self, Asked};
use crate::trust::Trust;
use crate::{moment, problem};

/// A request's verdict, and how it came about. As text it is for a person.
#[pyclass(frozen, get_all, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct Report {
    /// What `verify` says.
    admitted: bool,
    /// Why not: a name for programs.
    reason: Option<&'static str>,
    /// CloudFront's code for that.
    code: Option<&'static str>,
    /// The same as a sentence.
    sentence: Option<String>,
    /// What to try next.
    hint: Option<&'static str>,
    /// Every pass that was presented, and what became of it.
    passes: Vec<Py<PassReport>>,
    /// Mistakes in the request as a whole.
    diagnoses: Vec<Py<Diagnosis>>,
    /// All of it, for a person to read.
    text: String,
}

/// What became of one pass.
#[pyclass(frozen, get_all, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct PassReport {
    /// `cookies` or `url`.
    carrier: Option<&'static str>,
    /// The key that it names.
    key_pair_id: Option<String>,
    /// Its policy's JSON.
    policy: Option<String>,
    /// When it says that it ends.
    expires: Option<Py<PyAny>>,
    /// Every rule, in order.
    rules: Vec<Py<RuleReport>>,
    /// The mistakes that were found in it.
    diagnoses: Vec<Py<Diagnosis>>,
}

/// What became of one rule.
#[pyclass(frozen, get_all, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct RuleReport {
    /// The rule, as a clause.
    name: &'static str,
    /// `met`, `unmet` or `not_asked`.
    outcome: &'static str,
    /// Why, unless it is met.
    detail: Option<String>,
}

/// A mistake behind a denial.
#[pyclass(frozen, get_all, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct Diagnosis {
    /// A name for programs.
    name: &'static str,
    /// What probably happened.
    sentence: String,
    /// What to do about it.
    fix: &'static str,
}

/// Judges a request as `verify` does, and tells everything about it.
#[pyfunction]
#[pyo3(signature = (url, trust, *, ip_address, cookies=None, now=None))]
pub(crate) fn explain(
    py: Python<'_>,
    url: PyBackedStr,
    trust: &Bound<'_, Trust>,
    ip_address: &Bound<'_, PyAny>,
    cookies: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
) -> PyResult<Report> {
    let (asked, now) = (Asked::read(url, ip_address, cookies)?, moment::now(py, now)?);
    Report::new(py, &judge::report(py, &asked, trust, now)?)
}

#[pymethods]
impl Report {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __bool__(&self) -> bool {
        self.admitted
    }

    fn __repr__(&self) -> String {
        format!("<gatepass.Report: {}>", self.reason.unwrap_or("admitted"))
    }
}

#[pymethods]
impl PassReport {
    fn __repr__(&self) -> String {
        format!("<gatepass.PassReport on {}>", self.key_pair_id.as_deref().unwrap_or("no key"))
    }
}

#[pymethods]
impl RuleReport {
    fn __repr__(&self) -> String {
        format!("<gatepass.RuleReport: {}: {}>", self.name, self.outcome)
    }
}

#[pymethods]
impl Diagnosis {
    fn __repr__(&self) -> String {
        format!("<gatepass.Diagnosis: {}>", self.name)
    }
}

impl Report {
    fn new(py: Python<'_>, report: &gatepass::Report) -> PyResult<Self> {
        let denial = report.verdict().as_ref().err();
        let passes = report.passes().iter();
        Ok(Self {
            admitted: denial.is_none(),
            reason: denial.map(Denial::reason),
            code: denial.map(Denial::code),
            sentence: denial.map(ToString::to_string),
            hint: denial.and_then(problem::hint_of_denial),
            passes: passes.map(|pass| PassReport::new(py, pass)).collect::<PyResult<_>>()?,
            diagnoses: diagnoses(py, report.diagnoses())?,
            text: text(report),
        })
    }
}

impl PassReport {
    fn new(py: Python<'_>, pass: &gatepass::PassReport) -> PyResult<Py<Self>> {
        let expires = pass.expiry().map(|expiry| moment::write(py, expiry)).transpose()?;
        let rules = pass.rules().iter().map(|rule| Py::new(py, RuleReport::new(rule)));
        let report = Self {
            carrier: pass.carrier().map(|carrier| match carrier {
                Carrier::Cookies => "cookies",
                Carrier::Url => "url",
            }),
            key_pair_id: pass.key_id().map(ToString::to_string),
            policy: pass.policy().map(str::to_owned),
            expires: expires.map(Bound::unbind),
            rules: rules.collect::<PyResult<_>>()?,
            diagnoses: diagnoses(py, pass.diagnoses())?,
        };
        Py::new(py, report)
    }
}

impl RuleReport {
    fn new(rule: &gatepass::RuleReport) -> Self {
        let (outcome, detail) = match rule.outcome() {
            Outcome::Met => ("met", None),
            Outcome::Unmet(denial) => ("unmet", Some(denial.to_string())),
            Outcome::NotAsked(reason) => ("not_asked", Some((*reason).to_owned())),
        };
        Self { name: rule.name(), outcome, detail }
    }
}

fn diagnoses(py: Python<'_>, found: &[gatepass::Diagnosis]) -> PyResult<Vec<Py<Diagnosis>>> {
    let one = |diagnosis: &gatepass::Diagnosis| {
        let (name, sentence, fix) = (diagnosis.name(), diagnosis.to_string(), diagnosis.fix());
        Py::new(py, Diagnosis { name, sentence, fix })
    };
    found.iter().map(one).collect()
}

/// Every rule of every pass, the verdict, and the mistakes behind it.
fn text(report: &gatepass::Report) -> String {
    let mut text = String::new();
    for pass in report.passes() {
        if let Some(policy) = pass.policy() {
            line(&mut text, format_args!("policy {policy}"));
        }
        for rule in pass.rules() {
            let name = rule.name();
            match rule.outcome() {
                Outcome::Met => line(&mut text, format_args!("  met    {name}")),
                Outcome::Unmet(denial) => {
                    line(&mut text, format_args!("  UNMET  {name}: {denial}"));
                }
                Outcome::NotAsked(reason) => {
                    line(&mut text, format_args!("  -      {name}: not asked, for {reason}"));
                }
            }
        }
    }
    let mistakes = report.passes().iter().flat_map(gatepass::PassReport::diagnoses);
    let mistakes: Vec<_> = report.diagnoses().iter().chain(mistakes).collect();
    match report.verdict() {
        Ok(pass) => {
            let (key, expiry) = (pass.key_id(), pass.expiry());
            line(&mut text, format_args!("admitted: by the key {key}, until {expiry}"));
        }
        Err(denial) => {
            line(&mut text, format_args!("denied: {}: {denial}", denial.code()));
            if let Some(hint) = problem::hint_of_denial(denial).filter(|_| mistakes.is_empty()) {
                line(&mut text, format_args!("hint: {hint}"));
            }
        }
    }
    for mistake in mistakes {
        line(&mut text, format_args!("probably: {mistake}\n     fix: {}", mistake.fix()));
    }
    text
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    writeln!(text, "{words}").expect("a string takes all text");
}
