//! `Policy`: what a pass allows, checked when it is made.

use gatepass::{
    CookiePath, EpochTime, HashAlgorithm, JsonStyle, Policy as Terms, Resource, Scope, SignError,
    Statement, Unsigned, Window,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString, PyTuple};

use crate::{moment, problem, word};

/// What a pass allows: URLs or patterns of URLs, until when, perhaps from when and where.
#[pyclass(eq, frozen, module = "gatepass")]
#[derive(Debug, PartialEq)]
pub(crate) struct Policy {
    terms: Terms,
}

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (resources, expires, *, starts=None, ip_address=None))]
    fn new(
        resources: &Bound<'_, PyAny>,
        expires: &Bound<'_, PyAny>,
        starts: Option<&Bound<'_, PyAny>>,
        ip_address: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut window = Window::until(moment::read("expires", expires)?);
        if let Some(starts) = starts {
            window = window.after(moment::read("starts", starts)?);
        }
        let mut terms = Terms::new(read_resources(resources)?, window);
        if let Some(network) = ip_address {
            terms = terms.from_network(&word::network(network)?);
        }
        Self::checked(terms)
    }

    /// The URLs and patterns.
    #[getter]
    fn resources<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.statement().scope().texts())
    }

    /// The first second in which it no longer admits.
    #[getter]
    fn expires<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        moment::write(py, self.terms.expiry())
    }

    /// The last second in which it does not admit yet.
    #[getter]
    fn starts<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.statement().window().start().map(|start| moment::write(py, start)).transpose()
    }

    /// The addresses that it is good from.
    #[getter]
    fn ip_address(&self) -> Option<String> {
        self.statement().network().map(ToString::to_string)
    }

    /// The narrowest cookie path that reaches all that one resource covers; `/` for several.
    #[getter]
    fn cookie_path(&self) -> String {
        match self.statement().scope() {
            Scope::Patterns(patterns) if patterns.len() == 1 => {
                CookiePath::of(&patterns[0]).as_str().to_owned()
            }
            _ => "/".to_owned(),
        }
    }

    /// The same as policies that CloudFront reads: one for each resource.
    fn for_cloudfront(&self) -> PyResult<Vec<Self>> {
        let policies = self.terms.for_cloudfront().map_err(|error| problem::signing(&error))?;
        Ok(policies.into_iter().map(|terms| Self { terms }).collect())
    }

    /// The JSON that is signed.
    #[pyo3(signature = (style="botocore"))]
    fn to_json(&self, style: &str) -> PyResult<String> {
        Ok(self.terms.to_json(word::style(style)?))
    }

    fn __repr__(&self) -> String {
        let count = self.statement().scope().texts().len();
        format!("<gatepass.Policy over {count} resource(s) until {}>", self.terms.expiry())
    }
}

impl Policy {
    /// One URL, of which `*` and `?` are checked by whoever signs it.
    pub(crate) fn over(
        url: &str,
        expires: &Bound<'_, PyAny>,
        starts: Option<&Bound<'_, PyAny>>,
        ip_address: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        Self::new(PyString::new(expires.py(), url).as_any(), expires, starts, ip_address)
    }

    /// Finds now, and not when it is signed, what is wrong with it.
    fn checked(terms: Terms) -> PyResult<Self> {
        match Unsigned::custom(&terms, JsonStyle::Botocore, HashAlgorithm::Sha1) {
            Ok(_) => Ok(Self { terms }),
            Err(error) => Err(problem::signing(&error)),
        }
    }

    pub(crate) fn custom(
        &self,
        style: JsonStyle,
        hash: HashAlgorithm,
    ) -> Result<Unsigned, SignError> {
        Unsigned::custom(&self.terms, style, hash)
    }

    pub(crate) fn canned(&self, hash: HashAlgorithm) -> Result<Unsigned, SignError> {
        let (url, expiry) = self.terms.as_canned()?;
        Unsigned::canned(url, expiry, hash)
    }

    pub(crate) fn says_more_than_canned(&self) -> bool {
        self.terms.as_canned().is_err()
    }

    pub(crate) fn expiry(&self) -> EpochTime {
        self.terms.expiry()
    }

    fn statement(&self) -> &Statement {
        &self.terms.statements()[0]
    }
}

/// One URL, several, or the values of a mapping, whatever its names.
fn read_resources(given: &Bound<'_, PyAny>) -> PyResult<Vec<Resource>> {
    if let Ok(one) = given.cast::<PyString>() {
        return Ok(vec![Resource::new(&*one.to_cow()?)]);
    }
    let several = match given.cast::<PyMapping>() {
        Ok(named) => named.values()?.try_iter()?,
        Err(_) => given.try_iter()?,
    };
    let (mut resources, mut bytes) = (Vec::new(), 0);
    for one in several {
        let one = one?;
        let Ok(text) = one.cast::<PyString>() else {
            let (place, kind) = (resources.len() + 1, one.get_type().name()?);
            return Err(PyTypeError::new_err(format!(
                "resource {place} is of type {kind}: expected a URL as text"
            )));
        };
        let text = text.to_cow()?;
        // In JSON it has two quotes and a comma. What never ends is not waited for.
        bytes += text.len() + 3;
        if bytes > MAX_BYTES {
            return Err(problem::policy(
                format!("the resources alone have more than {MAX_BYTES} bytes"),
                Some("cover many URLs by one pattern, such as https://media.example.com/films/*"),
            ));
        }
        resources.push(Resource::new(&*text));
    }
    if resources.is_empty() {
        // Without a resource a policy would cover everything. Nobody means that by an empty list.
        return Err(problem::policy(
            "the policy has no resource",
            Some("name the URLs, or patterns such as https://media.example.com/films/*"),
        ));
    }
    Ok(resources)
}

/// No policy is longer.
const MAX_BYTES: usize = 8_192;
