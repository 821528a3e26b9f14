//! `verify`: a request goes in, a `Pass` comes out, or `Denied` is raised.

use std::net::IpAddr;

use gatepass::{EpochTime, ViewerRequest, ViewerUrl};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyMapping;

use crate::trust::Trust;
use crate::word::Text;
use crate::{moment, problem, word};

/// Proof that a request met every rule.
#[pyclass(frozen, get_all, module = "gatepass")]
#[derive(Debug)]
pub(crate) struct Pass {
    /// The key that signed it.
    key_pair_id: String,
    /// When it ends.
    expires: Py<PyAny>,
    /// SHA-256 of its signature: names it in a log without being of use to a thief.
    digest: String,
}

#[pymethods]
impl Pass {
    fn __repr__(&self) -> String {
        format!("<gatepass.Pass by {} until {}>", self.key_pair_id, self.expires)
    }
}

/// Judges a request as Gatepass's edge does.
#[pyfunction]
#[pyo3(signature = (url, trust, *, ip_address, cookies=None, now=None))]
pub(crate) fn verify(
    py: Python<'_>,
    url: PyBackedStr,
    trust: &Bound<'_, Trust>,
    ip_address: &Bound<'_, PyAny>,
    cookies: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
) -> PyResult<Pass> {
    let (asked, now) = (Asked::read(url, ip_address, cookies)?, moment::now(py, now)?);
    let trust = &trust.get().trust;
    let verdict = py.detach(|| Ok(gatepass::verify(&asked.request()?, trust, now)));
    let pass = verdict.map_err(unreadable)?.map_err(|denial| problem::denied(&denial))?;
    Pass::new(py, &pass)
}

impl Pass {
    fn new(py: Python<'_>, pass: &gatepass::Pass) -> PyResult<Self> {
        Ok(Self {
            key_pair_id: pass.key_id().to_string(),
            expires: moment::write(py, pass.expiry())?.unbind(),
            digest: hex(pass.digest()),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).map(char::from).collect()
}

/// What Python tells of a request, kept while the request is judged.
pub(crate) struct Asked {
    url: PyBackedStr,
    address: IpAddr,
    cookies: Option<Vec<u8>>,
}

impl Asked {
    pub(crate) fn read(
        url: PyBackedStr,
        address: &Bound<'_, PyAny>,
        cookies: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let cookies = cookies.map(header).transpose()?;
        Ok(Self { url, address: word::address(address)?, cookies })
    }

    pub(crate) fn request(&self) -> Result<ViewerRequest<'_>, gatepass::UrlError> {
        let url = ViewerUrl::parse(&self.url)?;
        Ok(ViewerRequest::new(url, self.address, self.cookies.as_deref()))
    }
}

pub(crate) fn unreadable(error: gatepass::UrlError) -> PyErr {
    problem::request(error, "give the URL as the viewer sees it, scheme and host and all")
}

/// The `Cookie` header: as sent, or put together from names and values.
fn header(given: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let Ok(pairs) = given.cast::<PyMapping>() else {
        return Ok(given.extract::<Text>()?.as_bytes().to_vec());
    };
    let pairs: Vec<(String, String)> = pairs.items()?.extract()?;
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(pairs.join("; ").into_bytes())
}

/// Judges as of this moment, with Python's lock free.
pub(crate) fn report(
    py: Python<'_>,
    asked: &Asked,
    trust: &Bound<'_, Trust>,
    now: EpochTime,
) -> PyResult<gatepass::Report> {
    let trust = &trust.get().trust;
    let report = py.detach(|| Ok(gatepass::explain(&asked.request()?, trust, now)));
    report.map_err(unreadable)
}
